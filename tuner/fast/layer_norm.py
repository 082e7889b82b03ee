"""Layer normalization in one operation each way; Keras runs some ten small ones."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.acceleration import is_in_step
from keras_search.tuner.fast.compiled_layer import CompiledLayer
from keras_search.tuner.fast.tensors import value


class LayerNorm(CompiledLayer):
    """Makes a LayerNormalization layer compute with one operation, forward and backward.

    It needs compiled `operations`. The formula is that of Keras (Ba et al., 2016). There is no second derivative.
    """

    name = "layer_norm"
    what = "layer normalization by the last axis is one operation each way"
    lacks = "the model has no LayerNormalization by the last axis"

    def covers(self, layer: keras.layers.Layer) -> bool:
        return (
            type(layer) is keras.layers.LayerNormalization
            and layer.axis in (-1, [-1])
            and not layer.rms_scaling
            and layer.compute_dtype == "float32"
        )

    @staticmethod
    def call(layer: Any, inputs: Any) -> Any:
        compiled = operations.for_graph() if is_in_step() else None
        is_covered = isinstance(inputs, tf.Tensor) and inputs.dtype == tf.float32 and inputs.shape.rank
        width = inputs.shape[-1] if is_covered else None
        if compiled is None or not width:
            return type(layer).call(layer, inputs)
        gamma = tf.ones(width) if layer.gamma is None else value(layer.gamma)
        beta = tf.zeros(width) if layer.beta is None else value(layer.beta)
        return tf.ensure_shape(_normalized(compiled, layer.epsilon)(inputs, gamma, beta), inputs.shape)


def _normalized(compiled: Any, epsilon: float) -> Callable[..., Any]:
    @tf.custom_gradient
    def normalized(
        inputs: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        outputs, kept = compiled.layer_norm(inputs, gamma, beta, epsilon)

        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            found = compiled.layer_norm_grad(upstream, inputs, gamma, kept)
            return tuple(tf.ensure_shape(each, of.shape) for each, of in zip(found, (inputs, gamma, beta), strict=True))

        return outputs, gradients

    return normalized
