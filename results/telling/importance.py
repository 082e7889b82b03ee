"""Which hyperparameters matter: permutation importance in a random forest, measured on trials it has not seen."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keras_search.results.errors import RunError
from keras_search.results.numbers import number
from keras_search.results.reading import scores
from keras_search.results.reading.scales import varied

if TYPE_CHECKING:
    import numpy as np

    from keras_search.results.reading.run import Run

_FEWEST_TRIALS = 3
_TRIALS_PER_HYPERPARAMETER = 5
_FOLDS = 5
_ROUNDS = 3
_PERMUTATIONS = 4
_TREES = 50
# From here on the trials are so many that the luck of one round of forests does not show.
_MANY_TRIALS = 2000


@dataclass(frozen=True)
class Importance:
    """The permutation importance of the hyperparameters of a run.

    Attributes:
        names: The hyperparameters that varied, the most important first.
        means: By how much the forest's R² falls when the hyperparameter's values are shuffled among the trials.
        margins: Half the width of each mean's 95% interval over the trials.
        r2: The forest's R² on trials it was not grown on: near 1 it forecasts the ranking, at 0 or below it does not.
        trials: The number of trials.
        warning: Why not to trust the figures; empty if there is no reason.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    margins: tuple[float, ...]
    r2: float
    trials: int
    warning: str


def measure(run: "Run") -> Importance:
    """The importance of each hyperparameter that varied in `run`; the same for the same run.

    A random forest (L. Breiman, Machine Learning 45, 2001), grown on the other trials, forecasts each trial's rank from
    its hyperparameters. The importance of a hyperparameter is what the forest's R² loses when that is shuffled. Ranks
    are forecast rather than scores, so that a single very bad trial does not decide alone.

    Raises:
        RunError: Fewer than three trials have finished, or no hyperparameter or no score differs.
    """
    import numpy as np
    from scipy import stats

    trials = scores.scored(run).sort_index()
    if len(trials) < _FEWEST_TRIALS:
        raise RunError(
            f"importance needs at least {_FEWEST_TRIALS} finished trials, run {str(run.path)!r} has {len(trials)}: "
            "search on with more trials"
        )
    scales = varied(run)
    if len(set(trials["score"])) == 1:
        raise RunError(
            f"importance needs scores that differ, run {str(run.path)!r} has {number(trials['score'].iloc[0])} in all "
            f"{len(trials)} finished trials: search on with more trials"
        )
    ranks = stats.rankdata(trials["score"]) / len(trials)
    inputs = np.column_stack([_filled(scale.positions(trials)) for scale in scales])
    own, shuffled = _squared_errors(inputs, ranks)
    spread = ranks.var()
    # What shuffling costs: a row per hyperparameter, a column per trial.
    costs = (shuffled - own) / spread
    means = costs.mean(axis=1)
    margins = stats.t.ppf(0.975, len(trials) - 1) * costs.std(axis=1, ddof=1) / math.sqrt(len(trials))
    r2 = float(1 - own.mean() / spread)
    order = np.argsort(-means, kind="stable")
    return Importance(
        names=tuple(scales[place].name for place in order),
        means=tuple(float(means[place]) for place in order),
        margins=tuple(float(margins[place]) for place in order),
        r2=r2,
        trials=len(trials),
        warning=_warning(len(trials), len(scales), r2),
    )


def _filled(positions: "np.ndarray") -> "np.ndarray":
    # Inactive values go to the median, where they tell the forest nothing: the credit belongs to the hyperparameter
    # that decides whether this one is active.
    import numpy as np

    return np.where(np.isnan(positions), np.nanmedian(positions), positions)


def _squared_errors(inputs: "np.ndarray", target: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """Each trial's squared error in forests grown without it: as it is, and with each hyperparameter shuffled."""
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import KFold

    rng = np.random.default_rng(0)
    count, width = inputs.shape
    rounds, permutations = (1, 1) if count >= _MANY_TRIALS else (_ROUNDS, _PERMUTATIONS)
    own, shuffled = np.zeros(count), np.zeros((width, count))
    for round_number in range(rounds):
        folds = KFold(min(_FOLDS, count), shuffle=True, random_state=round_number)
        for grown_on, left_out in folds.split(inputs):
            forest = RandomForestRegressor(_TREES, random_state=round_number, max_features=max(1, width // 2 + 1))
            forest.fit(inputs[grown_on], target[grown_on])
            own[left_out] += (forest.predict(inputs[left_out]) - target[left_out]) ** 2
            changed = np.tile(inputs[left_out], (width, permutations, 1, 1))
            for place in range(width):
                changed[place, ..., place] = rng.choice(inputs[:, place], (permutations, len(left_out)))
            forecast = forest.predict(changed.reshape(-1, width)).reshape(width, permutations, -1)
            shuffled[:, left_out] += ((forecast - target[left_out]) ** 2).mean(axis=1)
    return own / rounds, shuffled / rounds


def _warning(trials: int, width: int, r2: float) -> str:
    if trials < _TRIALS_PER_HYPERPARAMETER * width:
        asked = f"which of {width} hyperparameters matter" if width > 1 else "whether the hyperparameter matters"
        return (
            f"{trials} trials are too few to say {asked}: "
            f"take it as a hint below {_TRIALS_PER_HYPERPARAMETER * width} trials"
        )
    if r2 <= 0:
        return "the forest cannot forecast the score of a trial it has not seen (R² of 0 or less): the bars say nothing"
    return ""
