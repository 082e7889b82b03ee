"""Resumes a trial whose process was killed: it goes on after its last finished epoch, to the same result.

After every epoch, all that the training depends on is written to one file: weights and optimizer, the random generators
of the layers (which Keras's `BackupAndRestore` leaves out) and of Python, NumPy and Keras, the best weights so far, the
counters of callbacks such as `EarlyStopping`, and the learning curve. The order of the images depends only on the
number of the epoch (`fast/fit.py`). That of a `tf.data.Dataset` depends on how often it was iterated before, so a
resumed trial iterates it as often first; what is random in it begins anew with each epoch (`data/tf_random.py`).
"""

import csv
import functools
import inspect
import io
import math
import random
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np

from keras_search.results import files
from keras_search.tuner import keras_private
from keras_search.tuner.data import tf_datasets
from keras_search.tuner.fast import wrapped_fit
from keras_search.tuner.fast.wrapped_fit import FitCall
from keras_search.tuner.trial import checkpoint
from keras_search.tuner.trial.callbacks import BestWeights, EpochLog
from keras_search.tuner.trial.saved_state import State, save

# Attributes of callbacks that training does not change, like functions: they are not written.
_STATELESS = (Path, ModuleType, type, np.ufunc, functools.partial, keras.optimizers.schedules.LearningRateSchedule)
# Of a `CSVLogger`, which opens its file as a training begins, and sees whether that has a header.
_OF_FILES = (io.IOBase, csv.DictWriter)
_SEEN_IN_FILES = ("append_header", "append")


class OtherTrainingError(BaseException):
    """The saved state is of another training: the hypermodel or the callbacks have changed.

    It is a BaseException, so that a custom `fit` that catches every Exception does not catch it.
    """


class Resumption(keras.callbacks.Callback):
    """Writes the state of a training after each epoch, and resumes the training from such a state.

    A trial starts from scratch if it was killed where no state is kept: in a custom training loop, in any `model.fit`
    after the first, or with a user's callback that holds anything but numbers, texts and arrays.

    Args:
        path: The file of the state.
        execution: The number of the execution that is trained.
        executions: How many executions the trial has.
        outcomes: What `fit` gave in the earlier ones.
        started_at: When the trial began.
        log, best: The callbacks whose state is written with the training's.
        others: Callbacks that need not be written.
        deadline, pause_after: When the training pauses, as for a `TrialTask`.
        state: The state to resume from; None to start. If it is of another training, `fit` raises OtherTrainingError.

    Attributes:
        is_paused: Whether the training has paused. One whose state is not kept never does.
    """

    def __init__(
        self,
        path: Path,
        execution: int,
        executions: int,
        outcomes: list[Any],
        started_at: str,
        log: EpochLog,
        best: BestWeights,
        others: Iterable[keras.callbacks.Callback],
        deadline: float | None,
        pause_after: int | None,
        state: State | None,
    ) -> None:
        super().__init__()
        self._path = path
        self._execution = execution
        self._is_last_execution = execution == executions - 1
        self._outcomes = outcomes
        self._begun = 0
        self._started_at = started_at
        self._log = log
        self._best = best
        self._not_written = [log, best, *others]
        self._deadline = math.inf if deadline is None else deadline
        self._pause_after = math.inf if pause_after is None or execution > 0 else pause_after
        self._epoch_began = time.time()
        self.is_paused = False
        self._state = state
        self._seconds_before = state.seconds if state else 0.0
        self._began = time.monotonic()
        self._is_on = True
        self._is_in_fit = False
        self._trainings = 0
        self._x: Any = None
        self._written: list[keras.callbacks.Callback] = []
        # The epoch that must come next once the state is restored; None before that, and after this epoch.
        self._next: int | None = None

    def attach(self, model: Any, begun: int) -> None:
        """Makes this callback the last one of `model.fit`, and notes the others.

        Args:
            begun: For how many epochs the trial's predecessor has trained the model.
        """
        self._begun = begun
        if isinstance(model, keras.Model):
            wrapped_fit.add(model, self._followed)

    def _followed(self, call: FitCall) -> Any:
        callbacks = keras.tree.flatten(call.get("callbacks") or [])
        if self not in callbacks:
            return call.proceed()
        callbacks.remove(self)
        self._x = call.x
        self._written = [callback for callback in callbacks if callback not in self._not_written]
        if self._state is not None:
            self._prepare(self._state, call.model, call.x, call.get("batch_size"))
        call.set("callbacks", [*callbacks, self])
        self._is_in_fit = True
        try:
            return call.proceed()
        finally:
            self._is_in_fit = False
            keras_private.begin_at(call.model, None)

    def require_taken(self) -> None:
        """Raises OtherTrainingError if the training has ended without resuming from the state."""
        if self._state is not None:
            raise OtherTrainingError

    def _prepare(self, state: State, model: keras.Model, x: Any, batch_size: int | None) -> None:
        checkpoint.build(model, state.shapes, x, batch_size)
        if tf_datasets.is_dataset(x):
            # It shuffles anew for each iterator. If Keras knows its length, it makes one more iterator after each epoch
            # (`EpochIterator._enumerate_iterator`).
            for _ in range(state.epoch - self._begun):
                next(iter(x), None)
                if x.cardinality() > 0:
                    iter(x)

    def _is_understood(self) -> bool:
        """Whether Keras's own `fit` calls this callback, for the first time."""
        return (
            self._is_in_fit
            and self._trainings == 1
            and isinstance(self.model, keras.Model)
            and isinstance(getattr(self.model, "history", None), keras.callbacks.History)
            and isinstance(self._epochs(), int)
        )

    def _epochs(self) -> Any:
        """How many epochs `fit` is to train for, as it tells its callbacks."""
        return (self.params or {}).get("epochs")

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._trainings += 1
        if not self._is_understood():
            self._give_up()
            return
        state, self._state = self._state, None
        if state is None:
            return
        model: Any = self.model
        try:
            checkpoint.assign(model, state.variables)
        except ValueError as error:
            raise OtherTrainingError from error
        if len(self._written) != len(state.callbacks):
            raise OtherTrainingError
        for callback, attributes in zip(self._written, state.callbacks, strict=True):
            _restore(callback, attributes)
        _set_generators(state.generators)
        model.history.history.update(state.history)
        # It was killed where it paused.
        self.is_paused = state.epoch >= self._pause_after and not state.is_over
        # Starts later the way `BackupAndRestore` does; no epoch is left if a callback had stopped the training.
        self._next = self._epochs() if state.is_over or self.is_paused else state.epoch
        keras_private.begin_at(model, self._next)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch_began = time.time()
        self._require_next(epoch)
        if self._is_in_fit and tf_datasets.is_dataset(self._x):
            tf_datasets.begin_epoch(self._x, epoch)

    def _require_next(self, epoch: int) -> None:
        if self._next not in (None, epoch):
            raise OtherTrainingError  # a loop that looks like Keras's, but starts at its first epoch
        self._next = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._require_next(epoch)  # a custom training loop may not have called it
        if not self._is_understood():
            self._give_up()
        if not self._is_on:
            return
        model: Any = self.model
        is_over = getattr(model, "stop_training", False)
        # After the last epoch there is nothing to resume.
        is_last = is_over or epoch + 1 >= self._epochs()
        is_pruned = any(getattr(callback, "pruned", False) for callback in self._not_written)
        if is_pruned or (is_last and self._is_last_execution):
            return
        try:
            state = State(
                execution=self._execution,
                epoch=epoch + 1,
                begun=self._begun,
                is_over=is_over,
                started_at=self._started_at,
                seconds=self._seconds_before + time.monotonic() - self._began,
                outcomes=self._outcomes,
                history=_appended(model.history.history, logs or {}),
                curve=self._log.text(),
                best=self._best.state,
                callbacks=[_attributes(callback) for callback in self._written],
                generators=_generators(),
                shapes=checkpoint.build_shapes(model),
                variables=checkpoint.values(model),
            )
            save(state, self._path)
        except Exception as error:  # the user's model or callbacks may hold what cannot be written
            files.require_disk(self._path.parent, error)
            self._give_up()
            return
        # Until it has a value of the objective, it cannot be compared.
        is_asked_to = epoch + 1 >= self._pause_after and not is_last and self._best.state[0] is not None
        now = time.time()
        if is_asked_to or now + (now - self._epoch_began) > self._deadline:
            self.is_paused = model.stop_training = True

    def _give_up(self) -> None:
        if self._state is not None:
            raise OtherTrainingError
        self._is_on = False
        self._path.unlink(missing_ok=True)


def _appended(history: dict[str, list[float]], logs: dict[str, float]) -> dict[str, list[float]]:
    """`history` with the epoch that has just ended, which Keras adds after the callbacks."""
    return history | {name: [*history.get(name, []), value] for name, value in logs.items()}


def _attributes(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """The attributes of `callback` that are written: not those that Keras sets, nor functions."""
    not_written = keras_private.OF_CALLBACKS
    if isinstance(callback, keras.callbacks.CSVLogger):
        not_written += _SEEN_IN_FILES
    return {
        name: value
        for name, value in vars(callback).items()
        if name not in not_written and not inspect.isroutine(value) and not isinstance(value, (*_STATELESS, *_OF_FILES))
    }


def _restore(callback: keras.callbacks.Callback, attributes: dict[str, Any]) -> None:
    """Gives `callback` the `attributes` that were written."""
    if getattr(callback, "monitor_op", "none of its own") is None:
        # Keras sets it after the first epoch, and changes the sign of `min_delta` then.
        attributes = {name: value for name, value in attributes.items() if name != "min_delta"}
    vars(callback).update(attributes)


def _generators() -> tuple[Any, ...]:
    torch = sys.modules.get("torch")
    of_keras = np.asarray(keras.ops.convert_to_numpy(keras_private.global_seed_generator().state.value))
    return random.getstate(), np.random.get_state(), of_keras, torch and torch.get_rng_state().numpy()


def _set_generators(states: tuple[Any, ...]) -> None:
    of_python, of_numpy, of_keras, *of_torch = states  # older states lack that of PyTorch
    random.setstate(of_python)
    np.random.set_state(of_numpy)
    keras_private.global_seed_generator().state.assign(of_keras)
    if "torch" in sys.modules and of_torch and of_torch[0] is not None:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.from_numpy(of_torch[0]))
