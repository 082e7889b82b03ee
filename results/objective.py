"""What a search optimised, found in its trials: Keras Tuner writes it nowhere."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from results.keras_tuner_files import Trial

# Keras Tuner's own names: for the number that a `fit` returned, and for the sum of several objectives.
_RESERVED = ("multi_objective", "default_objective")


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
        return " or ".join([self.name, *self.others])


def infer(trials: Iterable[Trial]) -> Objective | None:
    """The objective of `trials`: the metric whose best value is the score, in every trial that has one.

    None where no trial has a score, where no metric fits, or where those that fit disagree on the direction.
    """
    scored = [trial for trial in trials if trial.score is not None and trial.metrics]
    if not scored:
        return None
    fitting = [name for name in scored[0].metrics if all(_is_score(trial, name) for trial in scored)]
    fitting = [name for name in _RESERVED if name in fitting][:1] or fitting
    directions = {scored[0].metrics[name].direction for name in fitting}
    if len(directions) != 1:
        return None
    fitting.sort(key=lambda name: not name.startswith("val_"))
    return Objective(fitting[0], directions.pop(), tuple(fitting[1:]))


def _is_score(trial: Trial, name: str) -> bool:
    metric = trial.metrics.get(name)
    # Keras Tuner's mean over executions is NumPy's, which may add in another order.
    return metric is not None and metric.best is not None and math.isclose(metric.best, trial.score, rel_tol=1e-9)
