"""A trial whose process was killed goes on after its last finished epoch, to the result that it would have had.

After every epoch all that a training depends on is written in one file: weights and optimizer, the layers' random
generators (which Keras's `BackupAndRestore` leaves out), Python's, NumPy's and Keras's own, the best weights so far,
what callbacks such as `EarlyStopping` count, and the learning curve. The order of the images depends on the epoch's
number alone (`fast/fit.py`), that of a `tf.data.Dataset` on how often it has been gone through: this is made up for.
"""

import functools
import inspect
import random
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.results import files
from keras_search.tuner import keras_private
from keras_search.tuner.fast import wrapped_fit
from keras_search.tuner.fast.wrapped_fit import FitCall
from keras_search.tuner.trial import checkpoint
from keras_search.tuner.trial.callbacks import BestWeights, EpochLog
from keras_search.tuner.trial.saved_state import State, save

# What a callback may hold, beside functions, that training does not change.
_STATELESS = (Path, ModuleType, type, np.ufunc, functools.partial, keras.optimizers.schedules.LearningRateSchedule)


class OtherTrainingError(BaseException):
    """The state in the file is not of the training that is to go on: the hypermodel or the callbacks have changed.

    A `fit` of the user's own that bears with all errors does not stop it.
    """


class Resumption(keras.callbacks.Callback):
    """Writes the state of a training after each epoch, and begins from that of one that was killed.

    A hypermodel that calls `model.fit` more than once is followed in its first call only, one with a training loop of
    its own not at all, whatever it makes of the callbacks. What a callback of the user's holds beside numbers, texts
    and arrays cannot be written. Their trials begin anew.

    Args:
        path: The file.
        execution: The trial's execution that is trained.
        executions: How many there are.
        outcomes: What `fit` gave in those before.
        begun: How many epochs the trial that this one continues has been trained for.
        started_at: When the trial began.
        log, best: Its callbacks.
        others: Further ones that need not be written.
        state: Where it goes on from; None to begin at the beginning.

    `fit` raises OtherTrainingError where that is of another training.
    """

    def __init__(
        self,
        path: Path,
        execution: int,
        executions: int,
        outcomes: list[Any],
        begun: int,
        started_at: str,
        log: EpochLog,
        best: BestWeights,
        others: Iterable[keras.callbacks.Callback],
        state: State | None,
    ) -> None:
        super().__init__()
        self._path = path
        self._execution = execution
        self._is_last_execution = execution == executions - 1
        self._outcomes = outcomes
        self._begun = begun
        self._started_at = started_at
        self._log = log
        self._best = best
        self._not_written = [log, best, *others]
        self._state = state
        self._seconds_before = state.seconds if state else 0.0
        self._began = time.monotonic()
        self._is_on = True
        self._is_in_fit = False
        self._trainings = 0
        self._written: list[keras.callbacks.Callback] = []
        # The epoch that must come first, once the state is taken over; None before that, and after.
        self._next: int | None = None

    def attach(self, model: Any) -> None:
        """Sees to it that in `model.fit` this callback comes last, and knows the others."""
        if isinstance(model, keras.Model):
            wrapped_fit.add(model, self._followed)

    def _followed(self, call: FitCall) -> Any:
        callbacks = keras.tree.flatten(call.get("callbacks") or [])
        if self not in callbacks:
            return call.proceed()
        callbacks.remove(self)
        self._written = [one for one in callbacks if one not in self._not_written]
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
        """Raises OtherTrainingError where the training has ended without going on from the state."""
        if self._state is not None:
            raise OtherTrainingError

    def _prepare(self, state: State, model: keras.Model, x: Any, batch_size: int | None) -> None:
        checkpoint.build(model, state.shapes, x, batch_size)
        if isinstance(x, tf.data.Dataset):
            # Its shuffling draws a new order each time that it is gone through; where Keras knows how long it is, it
            # begins once more after each epoch (`EpochIterator._enumerate_iterator`).
            for _ in range(state.epoch - self._begun):
                next(iter(x), None)
                if x.cardinality() > 0:
                    iter(x)

    def _is_understood(self) -> bool:
        """Whether it is called as Keras's own `fit` calls it."""
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
            vars(callback).update(attributes)
        _set_generators(state.generators)
        model.history.history.update(state.history)
        # Keras's own way to begin later, `BackupAndRestore`'s; no epoch is left where a callback had ended them.
        self._next = self._epochs() if state.is_over else state.epoch
        keras_private.begin_at(model, self._next)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._next not in (None, epoch):
            raise OtherTrainingError  # a loop that looks like Keras's, and begins at its beginning
        self._next = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.on_epoch_begin(epoch)  # which a training loop of the user's own may not have called
        if not self._is_understood():
            self._give_up()
        if not self._is_on:
            return
        model: Any = self.model
        is_over = getattr(model, "stop_training", False)
        # Nothing is trained after the last epoch, so the trial is as good as ended.
        is_last = is_over or epoch + 1 >= self._epochs()
        is_pruned = any(getattr(one, "pruned", False) for one in self._not_written)
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
        except Exception as error:  # what a model or a callback of the user's own holds may not be written
            files.require_disk(self._path.parent, error)
            self._give_up()

    def _give_up(self) -> None:
        if self._state is not None:
            raise OtherTrainingError
        self._is_on = False
        self._path.unlink(missing_ok=True)


def _appended(history: dict[str, list[float]], logs: dict[str, float]) -> dict[str, list[float]]:
    """Keras's history with the epoch that has just ended, which it takes in after the callbacks."""
    return history | {name: [*history.get(name, []), value] for name, value in logs.items()}


def _attributes(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """What `callback` holds, but for functions, and what Keras gives it."""
    return {
        name: value
        for name, value in vars(callback).items()
        if name not in keras_private.OF_CALLBACKS and not inspect.isroutine(value) and not isinstance(value, _STATELESS)
    }


def _generators() -> tuple[Any, ...]:
    return random.getstate(), np.random.get_state(), np.asarray(keras_private.global_seed_generator().state.value)


def _set_generators(states: tuple[Any, ...]) -> None:
    of_python, of_numpy, of_keras = states
    random.setstate(of_python)
    np.random.set_state(of_numpy)
    keras_private.global_seed_generator().state.assign(of_keras)
