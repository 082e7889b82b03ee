"""What decides the graph of a model's steps: models that agree in it differ in the values of their variables alone.

Only Keras's own parts are known so well. A part of the user's own may read anything while it is traced.
"""

import inspect
import json
from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner import keras_private
from keras_search.tuner.fast import replacing
from keras_search.tuner.transport import settings

_NUMBERS = (bool, int, float, str, bytes, complex, type(None))
# Whether a layer was ever called, as it is by being traced.
_USED = "_called"
# Keras sets these on every layer, and this one on every model.
_KERAS_OWN = {"build", "quantize", "loss"}


def why_not_keras(model: keras.Model) -> str | None:
    """Why the train step of `model` may be another than Keras's; None if it is Keras's."""
    if not type(model).__module__.startswith("keras."):
        return f"the model is of a class of its own, {type(model).__name__}"
    if getattr(inspect.unwrap(model.train_step), "__func__", None) is not keras.Model.train_step:
        return "the model has a `train_step` of its own"
    return "the model runs eagerly" if model.run_eagerly else None


def why_not_decided(model: keras.Model) -> str | None:
    """Why `description` may not decide the graph of the steps of `model`; None if it does."""
    if (why := why_not_keras(model)) is not None:
        return why
    if name := _own_method(model):
        return f"the model has a `{name}` of its own"
    if not model.compiled or model.optimizer is None:
        return "the model has no optimizer"
    for layer in keras_private.operations(model):
        if not f"{type(layer).__module__}.".startswith(keras_private.CONFIGURED):
            return f"the configuration of a {type(layer).__name__} may not tell all that it computes"
        if not _is_keras(layer):
            return f"the {type(layer).__name__} `{layer.name}` has a part of its own"
    figures = keras.tree.flatten([model.loss, *keras_private.given_metrics(model)])
    for part in (model.optimizer, *figures):
        if not _is_known(part) or not (isinstance(part, _NUMBERS) or _is_keras(part)):
            return "the optimizer, a loss or a metric has a part of its own"
    return None


def description(model: keras.Model) -> str:
    """All that decides the graph of the steps of `model`, one line of text.

    Raises:
        TypeError: Keras's configuration holds what JSON cannot.
    """
    compiled: Any = model.get_compile_config()
    compiled = {name: value for name, value in compiled.items() if name != "optimizer"}
    optimizer: Any = keras.saving.serialize_keras_object(model.optimizer)
    if not isinstance(optimizer["config"]["learning_rate"], dict):
        del optimizer["config"]["learning_rate"]  # a variable; a schedule is none
    parts = [model.optimizer, *keras_private.operations(model)]
    return json.dumps(
        [
            model.get_config(),
            compiled,
            optimizer,
            model.jit_compile,
            [_numbers(part) for part in parts],
            [(variable.path, list(variable.shape), variable.dtype, variable.trainable) for variable in _kept(model)],
            {name: repr(value) for name, value in settings.current().globals.items()},
        ],
        sort_keys=True,
    )


def variables(model: keras.Model) -> list[tf.Variable]:
    """All that the graph of a step reads and writes, in an order that `description` decides."""
    return [variable.value for variable in _kept(model)]


def _kept(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.metrics_variables, *model.optimizer.variables]


def _numbers(part: Any) -> dict[str, Any]:
    """The attributes that a user may have set after the part was made."""
    return {name: value for name, value in vars(part).items() if isinstance(value, _NUMBERS) and name != _USED}


def _own_method(part: Any) -> str | None:
    """The method of its class that an object has replaced by one of its own; None if it has not."""
    own = (name for name in vars(part) if callable(getattr(type(part), name, None)) and name not in _KERAS_OWN)
    return next((name for name in own if replacing.has_its_own(part, name)), None)


def _is_keras(part: Any) -> bool:
    """Whether all attributes of an object of Keras are known."""
    attributes = getattr(part, "__dict__", {})
    own = {name: value for name, value in attributes.items() if not replacing.is_ours(part, name)}
    return _own_method(part) is None and all(map(_is_known, own.values()))


def _is_known(value: Any) -> bool:
    """Whether `value` is a number, a text, of Keras or of the toolkit, or holds only such."""
    if isinstance(value, _NUMBERS):
        return True
    if isinstance(value, dict):
        return _are_known(value.keys()) and _are_known(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return _are_known(value)
    if isinstance(value, (inspect.Signature, tf.distribute.Strategy, tf.DType)):
        return True
    module = value.__module__ if inspect.isroutine(value) or isinstance(value, type) else type(value).__module__
    return str(module).startswith(("keras.", "keras_search.", "tensorflow.python.trackable."))


def _are_known(values: Iterable[Any]) -> bool:
    return all(map(_is_known, values))
