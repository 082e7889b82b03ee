"""The gradient of a Dense layer with respect to its inputs, computed along the rows of its kernel."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.fast.acceleration import LayerAcceleration, is_in_step
from keras_search.tuner.fast.tensors import value


class Dense(LayerAcceleration):
    """Makes a Dense layer compute the gradient with respect to its inputs as (kernel · gradientᵀ)ᵀ.

    TensorFlow computes gradient · kernelᵀ. The sums are the same, but on one thread that takes up to twice as long, as
    the right factor is transposed. Weights, configuration and saved models stay Keras's own.
    """

    name = "dense"
    what = "the gradient of a dense layer is computed along the rows of its kernel"
    lacks = "the model has no Dense layer without quantization and adapters"

    def covers(self, layer: keras.layers.Layer) -> bool:
        return type(layer) is keras.layers.Dense and layer.quantization_mode is None and not layer.lora_enabled

    @staticmethod
    def call(layer: keras.layers.Dense, inputs: tf.Tensor, training: bool | None = None) -> Any:
        if layer.lora_enabled or not is_in_step():  # adapters may be added to the layer at any time
            return type(layer).call(layer, inputs, training=training)
        kernel = value(layer.kernel)
        if not isinstance(inputs, tf.Tensor) or inputs.shape.rank != 2 or inputs.dtype != kernel.dtype:
            return type(layer).call(layer, inputs, training=training)
        outputs = _product(inputs, kernel)
        if layer.bias is not None:
            outputs = keras.ops.add(outputs, layer.bias)
        return outputs if layer.activation is None else layer.activation(outputs)


@tf.custom_gradient
def _product(inputs: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
    def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        inputs_gradient = tf.transpose(tf.matmul(kernel, upstream, transpose_b=True))
        return inputs_gradient, tf.matmul(inputs, upstream, transpose_a=True)

    return tf.matmul(inputs, kernel), gradients
