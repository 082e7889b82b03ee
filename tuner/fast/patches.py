"""The registry of accelerations, which are applied to a model before it is trained, and undone afterwards."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_search.tuner import keras_private
from keras_search.tuner.fast import acceleration, arguments, steps, versions, wrapped_fit
from keras_search.tuner.fast.acceleration import Acceleration
from keras_search.tuner.fast.adam import Adam
from keras_search.tuner.fast.batch_norm import BatchNorm
from keras_search.tuner.fast.dense import Dense
from keras_search.tuner.fast.fit import Fit
from keras_search.tuner.fast.pooling import Pooling
from keras_search.tuner.fast.tracing import Tracing
from keras_search.tuner.fast.validation import Validation
from keras_search.tuner.fast.wrapped_fit import FitCall

# In the order of their application: the last two change what `Fit` has made of a call.
ACCELERATIONS: Sequence[Acceleration] = (Adam(), Dense(), BatchNorm(), Pooling(), Fit(), Validation(), Tracing())


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
    wrapped_fit.add(model, arguments.unwarned)
    if why := versions.why_none() or _why_not_at_all(model):
        state.status = dict.fromkeys([each.name for each in ACCELERATIONS], why)
    else:
        acceleration.mark_steps(model)
        _apply(model, None)
        wrapped_fit.add(model, _applied)
    wrapped_fit.add(model, arguments.prepared)


def restore(model: Any) -> None:
    """Restores all that was replaced in a model, its layers and its optimizer, before users get it.

    Does nothing if `model` is not accelerated, or is no model at all.
    """
    if not acceleration.is_on(model):
        return
    for each in reversed(ACCELERATIONS):
        each.undo(model)
    acceleration.unmark_steps(model)
    wrapped_fit.unwrap(model)
    acceleration.end(model)
    if versions.why_none() is None and steps.own_loop(model) is None:
        steps.forget_functions(model)  # their graphs contain the replaced parts


def status(model: Any) -> dict[str, bool | str]:
    """By the name of each acceleration, True if it has been on since `accelerate`, else why not."""
    return dict(acceleration.state(model).status) if acceleration.is_on(model) else {}


def _applied(call: FitCall) -> keras.callbacks.History:
    """A hook of `fit`: applies the accelerations to the call."""
    _apply(call.model, call)
    return call.proceed()


def _apply(model: keras.Model, call: FitCall | None) -> None:
    known = acceleration.state(model).status
    for each in ACCELERATIONS:
        why = each.why_not(model, call)
        if why is None:
            each.replace(model, call)
        if known.get(each.name) is not True:
            known[each.name] = True if why is None else why


def _why_not_at_all(model: keras.Model) -> str | None:
    return "the model was made under a tf.distribute strategy" if keras_private.is_distributed(model) else None
