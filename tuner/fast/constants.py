"""Numbers that Keras makes constants of the graph of a step, and that are variables of a graph which models share.

They are those that searches ask most: the rate of a Dropout, the weight decay of an optimizer, the factor of an L2. The
arithmetic is Keras's own, to the last bit.
"""

import contextlib
import types
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner import keras_private
from keras_search.tuner.fast import replacing

_OWNER = "constants"
# What a description has in place of such a number.
_ANY = 0.5


class Constants:
    """The numbers of a `model` that its graph may have as variables; none if the model has other floats than float32.

    Attributes:
        variables: A variable of each number, with its value.
    """

    def __init__(self, model: keras.Model) -> None:
        parts = list(_parts(model))
        self._numbers = list({(id(part), name): (part, name) for part, name in parts}.values())
        keys = [(id(part), name) for part, name in parts]
        self._shared = [list(dict.fromkeys(keys)).index(key) for key in keys]
        self.variables = [_variable(name, vars(part)[name]) for part, name in self._numbers]

    @contextlib.contextmanager
    def left_out(self) -> Iterator[list[int]]:
        """In the block, the numbers do not tell models apart; gives which parts of the model share one."""
        with self._replaced([_ANY] * len(self._numbers)):
            yield self._shared

    @contextlib.contextmanager
    def as_variables(self) -> Iterator[None]:
        """What is traced in the block reads the `variables`."""
        dropouts = [part for part, _ in self._numbers if isinstance(part, keras.layers.Dropout)]
        with self._replaced(self.variables):
            for layer in dropouts:
                replacing.replace(layer, "call", types.MethodType(_dropped, layer), _OWNER)
            try:
                yield
            finally:
                for layer in dropouts:
                    replacing.put_back_in(layer, _OWNER)

    @contextlib.contextmanager
    def _replaced(self, values: list[Any]) -> Iterator[None]:
        # Keras's own `setattr` would track the variables.
        before = [vars(part)[name] for part, name in self._numbers]
        try:
            for (part, name), value in zip(self._numbers, values, strict=True):
                vars(part)[name] = value
            yield
        finally:
            for (part, name), value in zip(self._numbers, before, strict=True):
                vars(part)[name] = value


def _parts(model: keras.Model) -> Iterator[tuple[Any, str]]:
    """The objects with such numbers and the names of these, in the order of the model; one may be there repeatedly."""
    layers = keras_private.layers(model)
    if any(layer.compute_dtype != "float32" or layer.variable_dtype != "float32" for layer in layers):
        return
    for layer in layers:
        if type(layer) is keras.layers.Dropout and layer.noise_shape is None and 0 < layer.rate < 1:
            yield layer, "rate"
        yield from ((part, "l2") for part in vars(layer).values() if type(part) is keras.regularizers.L2)
    if getattr(model.optimizer, "weight_decay", None) is not None:
        yield model.optimizer, "weight_decay"


def _variable(name: str, number: float) -> tf.Variable:
    # Of a rate more is computed before it is rounded.
    return tf.Variable(tf.constant(number, tf.float64 if name == "rate" else tf.float32), trainable=False)


def _dropped(layer: Any, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
    """`Dropout.call`, by the formula of TensorFlow's `stateless_dropout` for a rate that is a Python number."""
    if not training:
        return inputs
    inputs = tf.convert_to_tensor(inputs)
    random = keras.random.uniform(tf.shape(inputs), dtype=inputs.dtype.name, seed=layer.seed_generator)
    kept = random >= tf.cast(layer.rate, inputs.dtype)
    scaled = inputs * tf.cast(1 / (1 - layer.rate), inputs.dtype)
    return tf.ensure_shape(tf.where(kept, scaled, tf.zeros((), inputs.dtype)), inputs.shape)
