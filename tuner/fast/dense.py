"""The gradient of a Dense layer with respect to its inputs, without reading the kernel against the grain."""

from collections.abc import Callable

import keras
import tensorflow as tf

from keras_search.tuner.fast.acceleration import LayerAcceleration, is_in_step


class Dense(LayerAcceleration):
    """Makes a Dense layer compute the gradient with respect to its inputs as (kernel · gradientᵀ)ᵀ.

    TensorFlow computes gradient · kernelᵀ, the same sums, but its kernels for one thread take up to twice as long for
    a transposed right side. Weights, configuration and saved models stay Keras's own.
    """

    name = "dense"
    what = "the gradient of a dense layer is computed along the rows of its kernel"
    lacks = "the model has no Dense layer without quantization and adapters"

    def covers(self, layer: keras.layers.Layer) -> bool:
        return type(layer) is keras.layers.Dense and layer.quantization_mode is None and not layer.lora_enabled

    @staticmethod
    def call(layer: keras.layers.Dense, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if layer.lora_enabled or not is_in_step():  # adapters may be added to the layer at any time
            return type(layer).call(layer, inputs, training=training)
        kernel = tf.convert_to_tensor(layer.kernel.value)
        if not isinstance(inputs, tf.Tensor) or inputs.shape.rank != 2 or inputs.dtype != kernel.dtype:
            return type(layer).call(layer, inputs, training=training)
        outputs = _product(inputs, kernel)
        if layer.bias is not None:
            outputs = keras.ops.add(outputs, layer.bias)
        return outputs if layer.activation is None else layer.activation(outputs)


@tf.custom_gradient
def _product(inputs: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
    def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        by_inputs = tf.transpose(tf.matmul(kernel, upstream, transpose_b=True))
        return by_inputs, tf.matmul(inputs, upstream, transpose_a=True)

    return tf.matmul(inputs, kernel), gradients
