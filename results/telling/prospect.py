"""What more trials of a random search may gain, by the scores of those that have finished."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keras_search.results.hyperparameter import Hyperparameter
from keras_search.results.reading.run import Run

if TYPE_CHECKING:
    import pandas as pd

LEAST_TRIALS = 10
MORE_TRIALS = 10
SURE = 0.8
# As `run.json` tells them: by name, and as classes of Keras Tuner's that a script has made.
_RANDOM = ("Random(", "RandomSearchOracle(")


@dataclass(frozen=True)
class Prospect:
    """What `MORE_TRIALS` more trials may bring.

    Attributes:
        chance: How likely one of them is better than all so far, 0 to 1; it is less where scores are often equal.
        gain: By how much the best of them is better at most, with a probability of `SURE`, in units of the score; 0 if
            that is the probability that none is better.
        seconds: How long they will take at the pace so far; None if it is not known.
    """

    chance: float
    gain: float
    seconds: float | None


def of_run(run: Run) -> Prospect | None:
    """The prospect of `run`.

    None if it has too few trials or the space too few points, the best score is perfect, or points depend on scores,
    its own or those of earlier runs.
    """
    asked = run.info.get("asked") or run.info.get("tuner") or {}
    oracle = str(asked.get("oracle"))
    if run.objective is None or asked.get("warm_start") or not (oracle == "random" or oracle.startswith(_RANDOM)):
        return None
    scores = [float(score) for score in run.finished["score"].dropna() if math.isfinite(score)]
    is_perfect = bool(scores) and scores[0] == (0.0 if run.objective.direction == "min" else 1.0)
    points = math.prod(map(_values, run.space))
    if len(scores) < LEAST_TRIALS or is_perfect or points < len(run.trials) + MORE_TRIALS:
        return None
    chance, gain = prospect(scores, MORE_TRIALS, run.objective.direction == "min")
    return Prospect(chance, gain, _seconds(run.finished))


def prospect(scores: Sequence[float], more: int, is_minimised: bool) -> tuple[float, float]:
    """The `chance` and the `gain` (`Prospect`) of so many `more` trials after those with the given `scores`.

    Scores of random points are exchangeable: of n + m, the best is among the last m with the chance c = m / (n + m). If
    the best scores x1, x2, x3 are spread as near the end of a uniform distribution, the gain exceeds g (x1 - x3) with
    the probability c / (1 + g)^2: an integral over the order statistics (H. A. David, H. N. Nagaraja, Order Statistics,
    2003, section 2.1). `tests/results/telling/test_prospect.py` holds it against measured networks.

    Args:
        scores: At least three.
    """
    best = sorted(scores, reverse=not is_minimised)
    chance = more / (len(scores) + more)
    steps = math.sqrt(chance / (1 - SURE)) - 1
    return chance, max(steps, 0.0) * abs(best[0] - best[2])


def _values(hyperparameter: Hyperparameter) -> float:
    """How many values it may have."""
    if not hyperparameter.is_numeric:
        return max(len(hyperparameter.values), 1)
    (low, high), step = hyperparameter.bounds, hyperparameter.step
    if step is None:
        return high - low + 1 if hyperparameter.kind == "Int" else math.inf
    if hyperparameter.sampling != "linear" and (low <= 0 or step <= 1):
        return math.inf  # of a damaged file: Keras Tuner refuses it
    steps = (high - low) / step if hyperparameter.sampling == "linear" else math.log(high / low) / math.log(step)
    return int(steps + 1e-9) + 1


def _seconds(trials: "pd.DataFrame") -> float | None:
    """How long `MORE_TRIALS` take, by the time in which any of `trials` was trained."""
    import pandas as pd

    times = trials.loc[:, ["started_at", "ended_at"]].apply(pd.to_datetime, utc=True, errors="coerce", format="ISO8601")
    spans = times.dropna().sort_values("started_at")
    if spans.empty:
        return None
    # A trial adds what of it is after the ends of all before it.
    ends = spans["ended_at"].cummax().shift(fill_value=spans["started_at"].iloc[0])
    added = spans["ended_at"] - spans["started_at"].where(spans["started_at"] > ends, ends)
    return float(added.dt.total_seconds().clip(lower=0).sum()) * MORE_TRIALS / len(spans)
