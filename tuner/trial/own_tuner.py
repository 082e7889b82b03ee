"""What a subclass of the tuner overrides, in the training of a trial: its ways of building, and its hooks."""

from collections.abc import Callable
from typing import Any

import keras

from keras_search.tuner.keras_private import Trial
from keras_search.tuner.trial import models, own_code
from keras_search.tuner.trial.task import TrialTask

# The packages whose methods are not a user's own.
_NOT_OWN = ("keras_search.", "keras_tuner.")

_EPOCHS = ("on_epoch_begin", "on_epoch_end")
_BATCHES = ("on_batch_begin", "on_batch_end")
_BUILDING = ("_try_build", "_build_hypermodel")
FITTING = ("run_trial", "_build_and_fit_model")
_CALLBACKS = ("_deepcopy_callbacks", "_configure_tensorboard_dir", "_get_tensorboard_dir")
# What needs the tuner where a trial is trained.
IN_TRAINING = (*FITTING, *_BUILDING, *_CALLBACKS, *_EPOCHS, *_BATCHES)


def is_own(tuner: Any, name: str) -> bool:
    """Whether the method `name` of `tuner` is of a user's class, or was set by a user."""
    definer = next((kind for kind in type(tuner).__mro__ if name in vars(kind)), object)
    return name in vars(tuner) or definer in own_classes(type(tuner))


def own_classes(kind: type) -> list[type]:
    """The classes of a user's that `kind` consists of."""
    return [part for part in kind.__mro__[:-1] if not f"{part.__module__}.".startswith(_NOT_OWN)]


def method(tuner: Any, *names: str) -> Callable[..., Any] | None:
    """The first method among `names` that is a user's own; None if there is none, or no tuner."""
    return next((getattr(tuner, name) for name in names if tuner is not None and is_own(tuner, name)), None)


def asks(tuner: Any) -> bool:
    """Whether a user's own method that trains may ask for hyperparameters."""
    if tuner is None:
        return False
    methods = [vars(kind)[name] for kind in own_classes(type(tuner)) for name in FITTING if name in vars(kind)]
    return any(map(own_code.asks, methods)) or any(name in vars(tuner) for name in FITTING)


def fresh_model(task: TrialTask, seed: int) -> keras.Model:
    """The model of the task as `models.fresh_model` gives it, built by the tuner's own method if there is one."""
    return models.fresh_model(task.hypermodel, task.hyperparameters, seed, method(task.tuner, *_BUILDING))


def trial(task: TrialTask) -> Trial:
    """The trial of the task as the tuner's oracle knows it."""
    return task.tuner.oracle.get_trial(task.trial_id)


def hooks(task: TrialTask) -> list[keras.callbacks.Callback]:
    """The callbacks that call the tuner's own hooks of epochs and batches."""
    kinds = ((_EPOCHS, _EpochHooks), (_BATCHES, _BatchHooks))
    return [kind(task) for names, kind in kinds if method(task.tuner, *names)]


class _Hooks(keras.callbacks.Callback):
    def __init__(self, task: TrialTask) -> None:
        super().__init__()
        self._tuner = task.tuner
        self._trial = trial(task)


class _EpochHooks(_Hooks):
    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._tuner.on_epoch_begin(self._trial, self.model, epoch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._tuner.on_epoch_end(self._trial, self.model, epoch, logs=logs)


class _BatchHooks(_Hooks):
    """Apart from those of epochs, as Keras trains faster where no callback watches batches."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._tuner.on_batch_begin(self._trial, self.model, batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._tuner.on_batch_end(self._trial, self.model, batch, logs)
