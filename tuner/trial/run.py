"""Runs one trial wherever the executor puts it: builds the model, trains it, and records what happened."""

import contextlib
import faulthandler
import math
import os
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from keras_search.results import files, layout, trial_record
from keras_search.results.text import error_line, shortened
from keras_search.results.trial_record import TrialRecord
from keras_search.search_spaces.custom import fits_itself
from keras_search.search_spaces.origin import Interrupted, is_interrupted, origin
from keras_search.search_spaces.space_hypermodel import SpaceHyperModel
from keras_search.tuner.data import shared
from keras_search.tuner.fast import versions
from keras_search.tuner.trial import asked, bars, kept, own_trial, saved_state, scores
from keras_search.tuner.trial.callbacks import Diverged
from keras_search.tuner.trial.resumption import OtherTrainingError
from keras_search.tuner.trial.saved_state import State
from keras_search.tuner.trial.task import TrialResult, TrialTask
from keras_search.tuner.trial.training import Training

_LONGEST_LINE = 500
_MOST_LINES = 400
_RECORDED = (layout.TRIAL_EPOCHS, layout.TRIAL_WEIGHTS, layout.TRIAL_BUILD_CONFIG)


def run_trial(task: TrialTask) -> TrialResult:
    """Trains the task's model and writes its record; resumes a trial that was interrupted (`resumption.py`).

    An error in the user's code is a result, not an exception. So is a SystemExit, and a KeyboardInterrupt that no
    signal has caused.

    Raises:
        OSError: The run directory can no longer be written, which is no fault of the trial.
        Interrupted: A signal has arrived.
    """
    began = time.monotonic()
    state = saved_state.load(task.directory / layout.TRIAL_STATE)
    started_at, seconds_before = (state.started_at, state.seconds) if state else (_now(), 0.0)
    record = TrialRecord(task.seed, task.is_baseline, started_at, worker=os.getpid())
    before = trial_record.read(task.directory) if state else {}
    if before.get("paused"):
        # It counts with what it has reached until it ends again; its files change from now on.
        trial_record.of(before | {"files": {}}).save(task.directory)
    else:
        record.save(task.directory)
        for left_over in (layout.TRIAL_EPOCHS, layout.TRIAL_WEIGHTS, layout.OLDER_TRIAL_WEIGHTS):
            (task.directory / left_over).unlink(missing_ok=True)
    if state:
        files.write_text(task.directory / layout.TRIAL_EPOCHS, state.curve)
    try:
        with (
            _ended_after(task.timeout, task.directory / layout.TRIAL_HUNG),
            bars.absent(),
            asked.noted(task.hyperparameters, task.directory / layout.TRIAL_ASKED),
        ):
            result = _train(task, record, state)
    except OtherTrainingError:
        (task.directory / layout.TRIAL_STATE).unlink()
        return run_trial(task)
    except BaseException as error:
        if is_interrupted(error):
            raise Interrupted from error
        files.require_disk(task.directory, error)
        record.error = error_line(error) + origin(error)
        result = TrialResult(
            {},
            0,
            error=_traceback(),
            fatal=_fatal(error),
            may_be_retried=_is_chance(error),
            hyperparameters=task.hyperparameters,
        )
    record.ended_at = _now()
    record.duration_s = round(seconds_before + time.monotonic() - began, 3)
    # What has gone on regardless, as another `fit` of the user's, has kept no state.
    record.paused &= result.error is None and (task.directory / layout.TRIAL_STATE).exists()
    record.files = files.digests(task.directory, _RECORDED)
    record.save(task.directory)
    return replace(result, paused=record.paused, seconds=record.duration_s)


def _fatal(error: BaseException) -> str | None:
    """The name of Keras Tuner's class of `error`, or of what that inherits from; None if it is not fatal."""
    fatal = (kind for kind in type(error).__mro__ if issubclass(kind, keras_tuner.errors.FatalError))
    return next((kind.__name__ for kind in fatal if hasattr(keras_tuner.errors, kind.__name__)), None)


def _is_chance(error: BaseException) -> bool:
    """Whether a trial with this error may be tried again, as in Keras Tuner: its point was not rejected on purpose."""
    meant = keras_tuner.errors.FatalError, keras_tuner.errors.FailedTrialError
    return isinstance(error, Diverged) or not isinstance(error, meant)


@contextlib.contextmanager
def _ended_after(seconds: float | None, log: Path) -> Iterator[None]:
    """Ends this process if the block takes longer, even in native code; `log` then says where it was."""
    if seconds is None:
        yield
        return
    log.unlink(missing_ok=True)
    with log.open("x") as file:
        faulthandler.dump_traceback_later(seconds, file=file, exit=True)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            log.unlink()


def _train(task: TrialTask, record: TrialRecord, state: State | None) -> TrialResult:
    data = (tuple(task.fit_args), task.fit_kwargs)
    fit_args, fit_kwargs = shared.load(data, task.seed, _takes_images(task))
    training = Training(task, record, state)
    outcomes = own_trial.train(task, training, fit_args, fit_kwargs)
    return _result(task, record, outcomes, training)


def _takes_images(task: TrialTask) -> bool:
    """Whether nothing of the user's own gets the data before `model.fit`, and that is made faster."""
    passes_data_on = isinstance(task.hypermodel, SpaceHyperModel) or not fits_itself(task.hypermodel)
    return task.tuner is None and passes_data_on and versions.why_none() is None


def _result(task: TrialTask, record: TrialRecord, outcomes: list[Any], training: Training) -> TrialResult:
    """The result of all executions; also writes the best weights, through the model that was trained last."""
    metrics, best_step = scores.best(outcomes, task.objective)
    score = task.objective.get_value(metrics)
    if not math.isfinite(score):
        raise Diverged(f"{task.objective.name} is {score}")
    # A score that a custom `fit` returns is of no known epoch.
    if record.epochs_run and isinstance(outcomes[-1], keras.callbacks.History):
        record.best_epoch = training.begun + best_step + 1
    metrics = {name: float(value) for name, value in metrics.items()}
    if training.execution is None and training.model is None:
        record.weights_lost = "its run_trial has kept none: self.save_model(trial.trial_id, model) in it keeps them"
        return TrialResult(metrics, best_step, hyperparameters=task.hyperparameters)
    beats = task.weights_from is None or task.objective.better_than(score, task.weights_from)
    if task.keeps_weights and beats:
        record.weights_lost = kept.weights(training.model, training.best, task.directory)
    else:
        (task.directory / layout.TRIAL_WEIGHTS).unlink(missing_ok=True)  # of where it paused
    return TrialResult(metrics, best_step, hyperparameters=task.hyperparameters, weights_lost=record.weights_lost)


def _traceback() -> str:
    """The traceback of the current error, shortened: its message may quote whole arrays."""
    lines = [shortened(line, _LONGEST_LINE) for line in traceback.format_exc().splitlines()]
    left_out = len(lines) - _MOST_LINES
    if left_out > 0:
        lines[_MOST_LINES // 2 : -_MOST_LINES // 2] = [f"  [{left_out} lines are left out]"]
    return "\n".join(lines) + "\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
