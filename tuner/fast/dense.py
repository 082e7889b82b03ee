"""The gradient of a Dense layer by its inputs, without reading the kernel against the grain."""

import types
from collections.abc import Callable

import keras
import tensorflow as tf

from keras_search.tuner import keras_private
from keras_search.tuner.fast import patches


def straighten(layer: keras.layers.Layer) -> None:
    """Makes a Dense layer compute the gradient by its inputs as (kernel · gradientᵀ)ᵀ; others are left alone.

    That is so within a step (`patches.step`). TensorFlow computes gradient · kernelᵀ, the same sums, but its kernels
    for one thread take up to twice as long for a transposed right side. Weights, configuration and saved models stay
    Keras's own.
    """
    if type(layer) is keras.layers.Dense and not keras_private.is_quantized(layer) and not layer.lora_enabled:
        patches.replace(layer, "call", types.MethodType(_call, layer))


def _call(self: keras.layers.Dense, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
    if self.lora_enabled or not patches.is_in_step():  # adapters may be added to the layer at any time
        return type(self).call(self, inputs, training=training)
    kernel = tf.convert_to_tensor(self.kernel.value)
    if not isinstance(inputs, tf.Tensor) or inputs.shape.rank != 2 or inputs.dtype != kernel.dtype:
        return type(self).call(self, inputs, training=training)
    outputs = _product(inputs, kernel)
    if self.bias is not None:
        outputs = keras.ops.add(outputs, self.bias)
    return outputs if self.activation is None else self.activation(outputs)


@tf.custom_gradient
def _product(inputs: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
    def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        by_inputs = tf.transpose(tf.matmul(kernel, upstream, transpose_b=True))
        return by_inputs, tf.matmul(inputs, upstream, transpose_a=True)

    return tf.matmul(inputs, kernel), gradients
