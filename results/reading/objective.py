"""What a search optimised, found in its trials: Keras Tuner writes it nowhere."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from keras_search.results import directions
from keras_search.results.reading.keras_tuner_files import Trial
from keras_search.results.text import one_line

# Keras Tuner's own names: for the number that a `fit` returned, and for the sum of several objectives.
_RESERVED = ("multi_objective", "default_objective")
# How far the score may be from the metric. Keras Tuner's mean over executions is NumPy's, which may add in another
# order; and some kept the one as float32, the other not.
_CLOSE = (1e-9, 1e-6)

NO_SCORE = "no trial has finished with a score"


@dataclass(frozen=True)
class Objective:
    """What a search optimised.

    Attributes:
        name: The metric; of several that fit, one on the validation data.
        direction: `min` or `max`: which scores are the better ones.
        others: Metrics that had the very same values, so that it may be any of them as well.
    """

    name: str
    direction: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " or ".join(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Every metric that it may be."""
        return (self.name, *self.others)


def described(objective: Objective | None, unknown: str) -> str:
    """What was optimised and in which direction, or that this is not known, for the reason `unknown`."""
    if objective is None:
        return "not known yet" if unknown == NO_SCORE else "not known"
    return f"{one_line(str(objective))} ({objective.direction})"


class UnknownObjective(ValueError):
    """The trials do not tell what was optimised; the message says why."""


def infer(trials: Iterable[Trial]) -> Objective:
    """The objective of `trials`: the metric whose best value is the score, in every trial that has one.

    Of several that disagree on the direction, the one whose direction is known for sure.

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
    """The metrics that are the score in all `trials`, with their directions as Keras Tuner noted them."""
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
    """Sorts metrics by how likely they were optimised, given the direction that Keras Tuner noted.

    It notes `min` where it does not know better, and the direction of the objective as it was asked for.
    """
    told = directions.of(name)
    doubt = 1 if noted == told else 2 if told is None else 3
    if noted == "max" and told != "max":
        doubt = 0  # Keras Tuner can have it from the objective alone
    return doubt, not name.startswith("val_")
