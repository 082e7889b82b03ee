"""What a search optimised, inferred from its trials: Keras Tuner does not record it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from keras_search.results import directions
from keras_search.results.reading.keras_tuner_files import Trial
from keras_search.results.text import one_line

# Keras Tuner's own names: for the sum of several objectives, and for the number that a `fit` returned.
_RESERVED = ("multi_objective", "default_objective")
# The tolerances, tried in turn, within which a metric equals the score: Keras Tuner averages over executions with
# NumPy, which may add in another order, and some versions kept only one of the two as float32.
_CLOSE = (1e-9, 1e-6)

NO_SCORE = "no trial has finished with a score"


@dataclass(frozen=True)
class Objective:
    """What a search optimised.

    Attributes:
        name: The metric; if several fit, preferably one on the validation data.
        direction: `min` if smaller scores are better, else `max`.
        others: Other metrics with exactly the same values, any of which may have been the objective.
    """

    name: str
    direction: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " or ".join(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Every metric that may have been the objective."""
        return (self.name, *self.others)


def described(objective: Objective | None, unknown: str) -> str:
    """What was optimised and in which direction; if not known (for the reason `unknown`), that it is not."""
    if objective is None:
        return "not known yet" if unknown == NO_SCORE else "not known"
    return f"{one_line(str(objective))} ({objective.direction})"


class UnknownObjective(ValueError):
    """The objective cannot be inferred from the trials; the message says why."""


def infer(trials: Iterable[Trial]) -> Objective:
    """The objective of `trials`: the metric whose best value equals the score of every trial that has a score.

    If several fit and disagree on the direction, that whose direction is certain.

    Raises:
        UnknownObjective: No trial has a score, no metric fits, or those that fit disagree on the direction.
    """
    scored = [trial for trial in trials if trial.score is not None]
    if not scored:
        raise UnknownObjective(NO_SCORE)
    measured = [trial for trial in scored if trial.metrics]
    fitting = next(filter(None, (_fitting(measured, tolerance) for tolerance in _CLOSE)), None)
    if fitting is None:
        raise UnknownObjective("no one metric equals the score in every trial")
    fitting = {name: fitting[name] for name in _RESERVED if name in fitting} or fitting
    ranked = sorted(fitting, key=lambda name: _preference(name, fitting[name]))
    first = ranked[0]
    rival = next((name for name in ranked if fitting[name] != fitting[first]), first)
    if rival != first and _preference(rival, fitting[rival]) == _preference(first, fitting[first]):
        raise UnknownObjective(
            f"both {first} ({fitting[first]}) and {rival} ({fitting[rival]}) equal the score in every trial"
        )
    return Objective(first, fitting[first], tuple(name for name in ranked[1:] if fitting[name] == fitting[first]))


def _fitting(trials: Sequence[Trial], tolerance: float) -> dict[str, str]:
    """The metrics that equal the score in all `trials`, with the directions that Keras Tuner recorded."""
    if not trials:
        return {}
    return {
        name: metric.direction
        for name, metric in trials[0].metrics.items()
        if all(_is_score(trial, name, tolerance) for trial in trials)
    }


def _is_score(trial: Trial, name: str, tolerance: float) -> bool:
    metric = trial.metrics.get(name)
    if metric is None or metric.best is None or trial.score is None:
        return False
    return math.isclose(metric.best, trial.score, rel_tol=tolerance)


def _preference(name: str, noted: str) -> tuple[int, bool]:
    """A sorting key: the more likely a metric was the objective, the smaller.

    Args:
        name: The metric.
        noted: The direction that Keras Tuner recorded: that which the user gave for the objective, `min` for any other
            metric whose direction it does not know.
    """
    told = directions.of(name)
    doubt = 1 if noted == told else 2 if told is None else 3
    if noted == "max" and told != "max":
        doubt = 0  # only the user can have said so, so it was the objective
    return doubt, not name.startswith("val_")
