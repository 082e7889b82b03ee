"""The registry of accelerations, and their application to a model. It loads TensorFlow."""

from collections.abc import Sequence

import keras

from keras_search.tuner.fast import acceleration, arguments, steps, wrapped_fit
from keras_search.tuner.fast.acceleration import Acceleration
from keras_search.tuner.fast.adam import Adam
from keras_search.tuner.fast.attention import Attention
from keras_search.tuner.fast.batch_norm import BatchNorm
from keras_search.tuner.fast.dense import Dense
from keras_search.tuner.fast.fit import Fit
from keras_search.tuner.fast.layer_norm import LayerNorm
from keras_search.tuner.fast.pooling import Pooling
from keras_search.tuner.fast.recurrent import Recurrent
from keras_search.tuner.fast.rmsprop import RmsProp
from keras_search.tuner.fast.sgd import Sgd
from keras_search.tuner.fast.sharing import Sharing
from keras_search.tuner.fast.steps import Batches
from keras_search.tuner.fast.tracing import Tracing
from keras_search.tuner.fast.validation import Validation
from keras_search.tuner.fast.wrapped_fit import FitCall

# In the order of their application: the last three change what `Fit` has made of a call.
ACCELERATIONS: Sequence[Acceleration] = (
    Adam(),
    Sgd(),
    RmsProp(),
    Dense(),
    BatchNorm(),
    Pooling(),
    Recurrent(),
    LayerNorm(),
    Attention(),
    Fit(),
    Validation(),
    Tracing(),
    Sharing(),
)


def apply(model: keras.Model) -> None:
    """Applies the accelerations to `model`, and to each call of its `fit`."""
    acceleration.mark_steps(model)
    _apply(model, None)
    wrapped_fit.add(model, _applied)


def undo(model: keras.Model) -> None:
    """Restores what the accelerations have replaced in `model`."""
    for each in reversed(ACCELERATIONS):
        each.undo(model)
    acceleration.unmark_steps(model)


def forget_graphs(model: keras.Model) -> None:
    """Makes `model`, whose `fit` is its own again, trace its steps anew: their graphs contain the replaced parts."""
    if steps.own_loop(model) is None:
        steps.forget_functions(model)


def _applied(call: FitCall) -> keras.callbacks.History:
    """A hook of `fit`: applies the accelerations to the call."""
    _apply(call.model, call)
    return call.proceed() if isinstance(call.x, Batches) else arguments.unwarned(call)


def _apply(model: keras.Model, call: FitCall | None) -> None:
    known = acceleration.state(model).status
    for each in ACCELERATIONS:
        why = each.why_not(model, call)
        if why is None:
            each.replace(model, call)
        if known.get(each.name) is not True:
            known[each.name] = True if why is None else why
