"""Reads what Keras Tuner, from version 1.0 on, writes of a search: `trial.json` and `oracle.json`."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_search.results import files, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.hyperparameter import Value

NAN = "nan"  # a hyperparameter's value NaN in a table, where NaN itself means that there is no value

_LARGEST = 10**300  # larger integers overflow a float
_MOST_STEPS = 2**31  # larger numbers cannot be epochs


@dataclass(frozen=True)
class Observation:
    """A metric at one step.

    Attributes:
        step: Usually the epoch, counted from 0; None if the number cannot be an epoch.
        values: One per execution; NaN if it was not a number.
    """

    step: int | None
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values) if self.values else math.nan


@dataclass(frozen=True)
class Metric:
    """A metric of one trial.

    Attributes:
        direction: `min` if smaller values are better, else `max`.
        observations: Usually that of the best step alone; older versions and AutoKeras keep one per epoch.
    """

    direction: str
    observations: tuple[Observation, ...]

    @property
    def best(self) -> float | None:
        """The best mean over the executions, as in Keras Tuner's `MetricHistory`; None if there is no number."""
        means = [mean for observation in self.observations if not math.isnan(mean := observation.mean)]
        if not means:
            return None
        return max(means) if self.direction == "max" else min(means)


@dataclass(frozen=True)
class Trial:
    """A trial as recorded in its `trial.json`.

    Attributes:
        trial_id: 32 hexadecimal digits up to Keras Tuner 1.1.0, a number since.
        status: `COMPLETED`, `FAILED`, `INVALID`, `RUNNING` and so on.
        score: The objective's value; None if there is none yet, or if it is NaN.
        best_step: The step of the score; None if not known.
        message: Why the trial failed, usually a traceback; empty if nothing was recorded.
        values: The hyperparameters, and the oracle's notes among them (`layout.NOTE_PREFIX`).
        space: The entries of the search space as they stand in the file.
        metrics: By name, in the order of the file.
    """

    trial_id: str
    status: str | None
    score: float | None
    best_step: int | None
    message: str
    values: Mapping[str, Value | None]
    space: list[Any]
    metrics: Mapping[str, Metric]

    @property
    def tells_epochs(self) -> bool:
        """Whether its steps are epochs. If all are 0 they may just be unknown, which Keras Tuner records as 0 too."""
        return any(observation.step for metric in self.metrics.values() for observation in metric.observations)


def read_trial(directory: Path) -> Trial:
    """The trial whose directory is `directory`.

    Raises:
        DamagedFile: Its `trial.json` is missing, cut off, or does not describe a trial.
    """
    trial = files.read_object(directory / layout.TRIAL)
    try:
        hyperparameters = trial.get("hyperparameters") or {}
        score, best_step = _number(trial.get("score")), trial.get("best_step")
        metrics = {name: _metric(metric) for name, metric in (trial.get("metrics") or {}).get("metrics", {}).items()}
        return Trial(
            trial_id=_trial_id(trial, directory),
            status=None if trial.get("status") is None else str(trial["status"]),
            score=None if math.isnan(score) else score,
            best_step=_step(best_step),
            message=str(trial.get("message") or ""),
            values={name: _value(value) for name, value in (hyperparameters.get("values") or {}).items()},
            space=list(hyperparameters.get("space") or []),
            metrics=metrics,
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise DamagedFile(f"{layout.TRIAL} is not one that Keras Tuner writes ({error})") from None


def read_oracle(project: Path) -> dict[str, Any]:
    """The oracle's state in the folder `project`; empty if there is none.

    Raises:
        DamagedFile: It is cut off, or not a JSON object.
    """
    if not (project / layout.ORACLE).exists():
        return {}
    return files.read_object(project / layout.ORACLE)


def _trial_id(trial: dict[str, Any], directory: Path) -> str:
    # An id with a slash, say, would lead out of the project when it is used in a path.
    trial_id = str(trial.get("trial_id", ""))
    return trial_id if files.is_plain(trial_id) else directory.name.removeprefix(layout.TRIAL_PREFIX)


def _metric(metric: dict[str, Any]) -> Metric:
    return Metric(
        direction="max" if metric.get("direction") == "max" else "min",
        observations=tuple(
            Observation(_step(observation.get("step")), _numbers(observation["value"]))
            for observation in metric["observations"]
        ),
    )


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(map(_number, value)) if isinstance(value, list) else (_number(value),)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _step(step: Any) -> int | None:
    return step if type(step) is int and 0 <= step < _MOST_STEPS else None


def _value(value: Any) -> Value | None:
    if isinstance(value, float) and math.isnan(value):
        return NAN
    if type(value) is int and abs(value) > _LARGEST:
        return str(value)
    return value if value is None or isinstance(value, Value) else json.dumps(value)
