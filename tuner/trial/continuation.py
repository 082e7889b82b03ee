"""Trains up to a budget of epochs, from the checkpoint of another trial, the predecessor."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from keras_search.results import layout
from keras_search.search_spaces.custom import kind
from keras_search.search_spaces.epochs import like
from keras_search.tuner.fast import patches, wrapped_fit
from keras_search.tuner.fast.wrapped_fit import FitCall
from keras_search.tuner.trial import checkpoint, kept, own_tuner
from keras_search.tuner.trial.callbacks import EpochCount
from keras_search.tuner.trial.task import TrialTask


def go_on(task: TrialTask, execution: int, model: keras.Model) -> int:
    """Loads the predecessor's checkpoint into `model`; returns for how many epochs it was trained.

    A model that cannot be built yet is loaded when `fit` is given the data. If the predecessor's model could not be
    written, there is no checkpoint: returns 0, and the trial trains all epochs.
    """
    path = predecessor(task, execution)
    if path is None or lacks_checkpoint(task, execution):
        return 0
    begun, shapes = checkpoint.read(path)
    checkpoint.build(model, shapes)
    if model.built:
        checkpoint.load(model, path)
        return begun

    def loaded(call: FitCall) -> Any:
        if not model.built:
            checkpoint.build(model, None, call.x)
            if not model.built:
                raise keras_tuner.errors.FailedTrialError(
                    "the model that this trial goes on with cannot be built before its first batch: give it an input "
                    "shape (keras.Input)"
                )
            checkpoint.load(model, path)
        return call.proceed()

    wrapped_fit.add(model, loaded)
    return begun


def predecessor(task: TrialTask, execution: int) -> Path | None:
    """The checkpoint that the trial goes on from; None if it starts from scratch."""
    return None if task.continues is None else checkpoint_path(task.continues, execution)


def lacks_checkpoint(task: TrialTask, execution: int) -> bool:
    """Whether the checkpoint that the trial goes on from is missing or damaged."""
    path = predecessor(task, execution)
    return path is not None and not checkpoint.is_whole(path)


def train_predecessor(
    task: TrialTask, execution: int, seed: int, fit_args: Sequence[Any], fit_kwargs: dict[str, Any]
) -> None:
    """Repeats the training of the predecessor, to the same numbers, and writes its checkpoint.

    Args:
        task: The trial that goes on.
        execution: The number of its execution.
        seed: The seed of that execution.
        fit_args, fit_kwargs: The arguments of the predecessor's `fit`, except its epochs.
    """
    count = EpochCount()
    callbacks = [*fit_kwargs["callbacks"], count]
    model = own_tuner.fresh_model(task, seed)
    hp, epochs = within_budget(task, model, 0, task.initial_epoch)
    task.hypermodel.fit(hp, model, *fit_args, **fit_kwargs | epochs | {"callbacks": callbacks})
    patches.restore(model)
    if (path := predecessor(task, execution)) is not None:
        kept.checkpoint(model, count.epochs, path)


def within_budget(
    task: TrialTask, model: keras.Model, begun: int, budget: int | None
) -> tuple[keras_tuner.HyperParameters, dict[str, int]]:
    """The hyperparameters and arguments with which `fit` trains `model` from epoch `begun` up to `budget`, if not None.

    A custom `fit` may take its epochs from the hyperparameter, from an argument of that name or from `**kwargs`. It may
    also pass none on: `model.fit` then uses these as its defaults.
    """
    if budget is None:
        return task.hyperparameters, {}
    span = {"epochs": budget} | ({"initial_epoch": begun} if begun else {})
    if isinstance(model, keras.Model):
        _set_defaults(model, span)
    fit = kind(task.hypermodel).fit
    told = {name: number for name, number in span.items() if _takes(fit, name)}
    is_own = fit is not keras_tuner.HyperModel.fit
    if not is_own or "epochs" not in task.values or getattr(task.hypermodel, "takes_epochs", False):
        return task.hyperparameters, told
    hp = task.hyperparameters.copy()
    hp.values = task.values | {"epochs": like(task.values["epochs"], budget)}
    if "epochs" not in {*inspect.signature(fit).parameters, *task.fit_kwargs}:
        # It passes on the epochs of the hyperparameter, and would pass these as well: an argument given twice.
        told.pop("epochs", None)
    return hp, told


def checkpoint_path(directory: Path, execution: int) -> Path:
    return directory / layout.TRIAL_CHECKPOINT.format(execution=execution)


def _set_defaults(model: keras.Model, span: dict[str, int]) -> None:
    """Makes the values of `span` the defaults of `model.fit`."""

    def completed(call: FitCall) -> Any:
        for name, number in span.items():
            if not call.has(name):
                call.set(name, number)
        return call.proceed()

    wrapped_fit.add(model, completed)


def _takes(function: Callable[..., Any], name: str) -> bool:
    parameters = inspect.signature(function).parameters
    return name in parameters or any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
