"""One trial: build the model of a point, train it, and record what happened. Runs wherever the executor puts it."""

import gc
import math
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.src.engine import tuner_utils

from results import files, layout
from search_spaces.space import Value
from tuner.fast_fit import accelerate
from tuner.seeds import derive


@dataclass(frozen=True)
class TrialTask:
    """All that a worker needs to run one trial.

    Attributes:
        trial_id: Keras Tuner's id.
        hyperparameters: The point, with its space.
        directory: The trial's directory, where its record and learning curve are written.
        hypermodel: Builds and fits the model.
        objective: What decides the best epoch.
        seed: Seeds the weights, the dropout and the order of the images.
        is_baseline: Whether this is the documented point.
        executions: How often the model is trained from scratch, each time with a seed of its own.
        fit_args, fit_kwargs: What `search` was called with: the data, callbacks and so on.
    """

    trial_id: str
    hyperparameters: keras_tuner.HyperParameters
    directory: Path
    hypermodel: keras_tuner.HyperModel
    objective: keras_tuner.Objective
    seed: int
    is_baseline: bool
    executions: int = 1
    fit_args: Sequence[Any] = ()
    fit_kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Value]:
        return self.hyperparameters.values


@dataclass
class TrialRecord:
    """What Keras Tuner's `trial.json` has no place for; kept beside it as `record.json`."""

    seed: int
    is_baseline: bool
    started_at: str
    ended_at: str | None = None
    duration_s: float | None = None
    best_epoch: int | None = None
    epochs_run: int | None = None
    parameters: int | None = None
    pruned: bool = False

    def save(self, directory: Path) -> None:
        files.write_json(directory / layout.TRIAL_RECORD, asdict(self))


@dataclass(frozen=True)
class TrialResult:
    """How a trial ended.

    Attributes:
        metrics: Every metric at the best epoch, averaged over the executions; empty where the trial failed.
        best_step: The best epoch, counted from 0 as Keras Tuner does.
        error: The traceback of a failed trial, else None.
    """

    metrics: dict[str, float]
    best_step: int
    error: str | None = None


def run_trial(task: TrialTask) -> TrialResult:
    """Trains the task's model and writes its record; an error in the user's code is a result, not an exception.

    Raises:
        keras_tuner.errors.FatalError: The hypermodel can never work, whatever the point.
    """
    began = time.monotonic()
    record = TrialRecord(task.seed, task.is_baseline, started_at=_now())
    record.save(task.directory)
    (task.directory / layout.TRIAL_EPOCHS).unlink(missing_ok=True)
    try:
        result = _train(task, record)
    except keras_tuner.errors.FatalError:
        raise
    except Exception:
        result = TrialResult({}, 0, traceback.format_exc())
    record.ended_at = _now()
    record.duration_s = round(time.monotonic() - began, 3)
    record.save(task.directory)
    return result


def _train(task: TrialTask, record: TrialRecord) -> TrialResult:
    record.epochs_run = 0
    outcomes = []
    for execution in range(task.executions):
        seed = task.seed if execution == 0 else derive(task.seed, "execution", execution)
        model = fresh_model(task.hypermodel, task.hyperparameters, seed)
        record.parameters = model.count_params()
        log = EpochLog(task.directory / layout.TRIAL_EPOCHS, execution)
        kwargs = task.fit_kwargs | {"callbacks": [*task.fit_kwargs.get("callbacks", ()), log]}
        try:
            outcome = task.hypermodel.fit(task.hyperparameters, model, *task.fit_args, **kwargs)
        finally:
            record.epochs_run += log.epochs
        tuner_utils.validate_trial_results(outcome, task.objective, "HyperModel.fit()")
        outcomes.append(outcome)
    metrics = tuner_utils.convert_to_metrics_dict(outcomes, task.objective)
    best_step = tuner_utils.get_best_step(outcomes, task.objective)
    score = task.objective.get_value(metrics)
    if not math.isfinite(score):
        raise keras_tuner.errors.FailedTrialError(f"{task.objective.name} is {score}")
    if record.epochs_run:
        record.best_epoch = best_step + 1
    return TrialResult({name: float(value) for name, value in metrics.items()}, best_step)


def fresh_model(hypermodel: keras_tuner.HyperModel, hp: keras_tuner.HyperParameters, seed: int) -> keras.Model:
    """The hypermodel's model of the point `hp`, as though it were the first of its process, with a fast `fit`.

    Raises:
        keras_tuner.errors.FatalTypeError: The hypermodel did not return a Keras model.
    """
    keras.utils.clear_session(free_memory=False)
    gc.collect()
    keras.utils.set_random_seed(seed)
    model = hypermodel.build(hp)
    if not isinstance(model, keras.Model):
        raise keras_tuner.errors.FatalTypeError(
            f"the hypermodel must return a Keras model, it returned {model!r} of {type(model).__name__}"
        )
    accelerate(model, seed)
    return model


class EpochLog(keras.callbacks.CSVLogger):
    """Appends one line an epoch to the trial's learning curve; epochs are counted from 1.

    Attributes:
        epochs: The epochs logged so far.
    """

    def __init__(self, path: Path, execution: int) -> None:
        super().__init__(path, append=True)
        self.epochs = 0
        self._execution = execution

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Raises `keras_tuner.errors.FailedTrialError` when the loss is no longer a number."""
        logs = logs or {}
        self.epochs += 1
        seconds = round(time.monotonic() - self._began, 3)
        super().on_epoch_end(epoch + 1, {"execution": self._execution, "seconds": seconds} | logs)
        loss = logs.get("loss", 0.0)
        if not math.isfinite(loss):
            raise keras_tuner.errors.FailedTrialError(f"the loss became {loss} in epoch {epoch + 1}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
