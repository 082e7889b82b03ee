"""Reads the files that Keras Tuner, of any version from 1.0 on, keeps of a search: `trial.json` and `oracle.json`."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_search.results import files, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.hyperparameter import Value

NAN = "nan"  # how a table has the value NaN of a hyperparameter

_LARGEST = 10**300  # what is more is no number that one can compute with
_MOST_STEPS = 2**31  # what is more is no epoch


@dataclass(frozen=True)
class Observation:
    """What a metric was at one step.

    Attributes:
        step: As a rule the epoch, counted from 0; None where it cannot be one.
        values: One an execution; NaN where it was no number.
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
        direction: `min` or `max`: which values are the better ones.
        observations: As a rule one, of the best step; older versions and AutoKeras keep one an epoch.
    """

    direction: str
    observations: tuple[Observation, ...]

    @property
    def best(self) -> float | None:
        """The best mean over the executions, as in Keras Tuner's `MetricHistory`; None where there is no number."""
        means = [mean for one in self.observations if not math.isnan(mean := one.mean)]
        if not means:
            return None
        return max(means) if self.direction == "max" else min(means)


@dataclass(frozen=True)
class Trial:
    """A trial as its `trial.json` tells it.

    Attributes:
        trial_id: Keras Tuner's: 32 hexadecimal digits up to 1.1.0, a number since.
        status: `COMPLETED`, `FAILED`, `INVALID`, `RUNNING` and so on.
        score: The objective's value; None where there is none yet, or it is NaN.
        best_step: The step that the score is of; None where that is not known.
        message: Why the trial failed, a traceback as a rule; empty where nothing was noted.
        values: The hyperparameters, and what an oracle notes beside them (`layout.NOTE_PREFIX`).
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
        """Whether its steps can be told to be epochs: one is not 0, which also stands for one that is not known."""
        return any(one.step for metric in self.metrics.values() for one in metric.observations)


def read_trial(directory: Path) -> Trial:
    """The trial whose directory is `directory`.

    Raises:
        DamagedFile: Its `trial.json` is missing, cut off or not a trial's.
    """
    trial = files.read_object(directory / layout.TRIAL)
    try:
        hyperparameters = trial.get("hyperparameters") or {}
        score, best_step = _number(trial.get("score")), trial.get("best_step")
        metrics = {name: _metric(found) for name, found in (trial.get("metrics") or {}).get("metrics", {}).items()}
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
    """The oracle's state in the folder `project`; nothing where it has none.

    Raises:
        DamagedFile: It is cut off, or not an oracle's.
    """
    if not (project / layout.ORACLE).exists():
        return {}
    return files.read_object(project / layout.ORACLE)


def _trial_id(trial: dict[str, Any], directory: Path) -> str:
    # One that is no name could be taken for a path elsewhere.
    found = str(trial.get("trial_id", ""))
    return found if files.is_plain(found) else directory.name.removeprefix(layout.TRIAL_PREFIX)


def _metric(metric: dict[str, Any]) -> Metric:
    return Metric(
        direction="max" if metric.get("direction") == "max" else "min",
        observations=tuple(
            Observation(_step(found.get("step")), _numbers(found["value"])) for found in metric["observations"]
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
        return NAN  # in a table, NaN is a value that is not there
    if type(value) is int and abs(value) > _LARGEST:
        return str(value)
    return value if value is None or isinstance(value, Value) else json.dumps(value)
