"""The accelerations of a model, applied before it is trained, and undone afterwards.

Where none can be used, as on another backend than TensorFlow, their modules are not loaded.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import keras

from keras_search.tuner import backend, keras_private
from keras_search.tuner.fast import acceleration, arguments, order, versions, wrapped_fit

_ALL = "all"


def prepare(say: Callable[[str], None]) -> None:
    """Compiles what accelerations need on this machine, if any can be used; says so, or why it cannot."""
    if versions.why_none() is None:
        from keras_search.tuner.fast import operations

        operations.prepare(say)


def accelerate(model: keras.Model, seed: int) -> None:
    """Makes the training of `model` faster by all accelerations that apply, until `restore`.

    Its `fit` keeps its signature and meaning, and is silent by default. If the model is compiled or changed later, the
    next call of `fit` accelerates the new parts.

    Args:
        model: A model.
        seed: Decides the order of the examples in every epoch.
    """
    restore(model)
    state = acceleration.begin(model, seed)
    wrapped_fit.add(model, arguments.whole)
    if why := versions.why_none() or _why_not_at_all(model):
        state.status = {_ALL: why}
        wrapped_fit.add(model, arguments.unwarned)
        if backend.name() != backend.DEFAULT:
            wrapped_fit.add(model, order.drawn)
    else:
        from keras_search.tuner.fast import accelerations

        accelerations.apply(model)
    wrapped_fit.add(model, arguments.prepared)


def restore(model: Any) -> None:
    """Restores all that was replaced in a model, its layers and its optimizer, before users get it.

    Does nothing if `model` is not accelerated, or is no model at all.
    """
    if not acceleration.is_on(model):
        return
    if versions.why_none() is not None:
        wrapped_fit.unwrap(model)
        acceleration.end(model)
        return
    from keras_search.tuner.fast import accelerations

    accelerations.undo(model)
    wrapped_fit.unwrap(model)
    acceleration.end(model)
    accelerations.forget_graphs(model)


def traces_kept() -> contextlib.AbstractContextManager[None]:
    """For clearing Keras's session between two models: what the second may use of the first is kept."""
    if versions.why_none() is not None:
        return contextlib.nullcontext()
    from keras_search.tuner.fast import traces

    return traces.kept()


def status(model: Any) -> dict[str, bool | str]:
    """By the name of each acceleration, True if it has been on since `accelerate`, else why not.

    If none can be used, it is one reason for `all`.
    """
    return dict(acceleration.state(model).status) if acceleration.is_on(model) else {}


def _why_not_at_all(model: keras.Model) -> str | None:
    return "the model was made under a tf.distribute strategy" if keras_private.is_distributed(model) else None
