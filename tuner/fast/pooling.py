"""A convolution, its ReLU and max pooling in one operation; TensorFlow stores the images between the three."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.acceleration import is_in_step
from keras_search.tuner.fast.compiled_layer import CompiledLayer

# With more channels, TensorFlow's own convolution is as fast.
_MOST_CHANNELS = 4


class Pooling(CompiledLayer):
    """Makes a 2x2 MaxPooling2D layer after a convolution and ReLU compute all three with one operation.

    It needs compiled `operations`, and images with few channels, as the first layer of a model has. The convolution is
    recognised in TensorFlow's graph while a step is traced, whichever layers have made it; anything else that reads it
    still can. There is no second derivative with respect to the weights. Configuration, weights, and what is saved or
    exported stay Keras's own.
    """

    name = "pooling"
    what = "a first convolution, its ReLU and 2x2 max pooling are one operation"
    lacks = "the model has no MaxPooling2D of 2x2 pixels without padding"

    def covers(self, layer: keras.layers.Layer) -> bool:
        return (
            type(layer) is keras.layers.MaxPooling2D
            and (layer.pool_size, layer.strides) == ((2, 2), (2, 2))
            and (layer.padding, layer.data_format) == ("valid", "channels_last")
        )

    @staticmethod
    def call(layer: keras.layers.MaxPooling2D, inputs: tf.Tensor) -> Any:
        compiled = operations.for_graph() if is_in_step() else None
        convolution = None if compiled is None else _convolution(inputs)
        if compiled is None or convolution is None:
            return type(layer).call(layer, inputs)
        pooled = _pooled(compiled, *convolution)
        pooled.set_shape(layer.compute_output_shape(tuple(inputs.shape)))
        return pooled


def _convolution(outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, bool] | None:
    """Images, filters, bias and whether the padding is `same`, if `outputs` is the ReLU of a covered convolution."""
    if not isinstance(outputs, tf.Tensor) or outputs.dtype != tf.float32 or outputs.op.type != "Relu":
        return None
    convolution, bias = outputs.op.inputs[0].op, None
    if convolution.type == "BiasAdd" and convolution.get_attr("data_format") == b"NHWC":
        bias, convolution = convolution.inputs[1], convolution.inputs[0].op
    if convolution.type != "Conv2D":
        return None
    images, filters = convolution.inputs
    padding = convolution.get_attr("padding")
    channels, units = images.shape[3], filters.shape[3]
    is_covered = (
        convolution.get_attr("data_format") == b"NHWC"
        and padding in (b"VALID", b"SAME")
        and set(convolution.get_attr("strides")) == set(convolution.get_attr("dilations")) == {1}
        and None not in (*images.shape[1:], *filters.shape)
        and channels == filters.shape[2]
    )
    if not is_covered or channels is None or units is None or channels > _MOST_CHANNELS:
        return None
    return images, filters, tf.zeros(units) if bias is None else bias, padding == b"SAME"


def _pooled(compiled: ModuleType, images: tf.Tensor, filters: tf.Tensor, bias: tf.Tensor, same: bool) -> Any:
    @tf.custom_gradient
    def pooled(
        images: tf.Tensor, filters: tf.Tensor, bias: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        values, chosen = compiled.pooled_convolution(images, filters, bias, same=same)

        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            filters_gradient, bias_gradient = compiled.pooled_convolution_grad(
                images, filters, chosen, upstream, same=same
            )
            filters_gradient.set_shape(filters.shape)
            bias_gradient.set_shape(bias.shape)
            return _images_gradient(images, filters, chosen, upstream, same), filters_gradient, bias_gradient

        return values, gradients

    return pooled(images, filters, bias)


def _images_gradient(
    images: tf.Tensor, filters: tf.Tensor, chosen: tf.Tensor, upstream: tf.Tensor, same: bool
) -> tf.Tensor:
    """The gradient with respect to the images, by TensorFlow's operations; not computed if nothing reads it."""
    shape = tf.shape(upstream)
    places = tf.one_hot(chosen, 4) * tf.expand_dims(upstream, -1)
    windows = tf.transpose(tf.reshape(places, tf.concat((shape, (2, 2)), 0)), (0, 1, 4, 2, 5, 3))
    spread = tf.reshape(windows, (shape[0], 2 * shape[1], 2 * shape[2], shape[3]))
    height, width = (
        side - (0 if same else window - 1)
        for side, window in zip(images.shape[1:3], filters.shape[:2])
        if side is not None and window is not None  # as of all that are covered
    )
    odd = [[0, 0], [0, height % 2], [0, width % 2], [0, 0]]
    padding = "SAME" if same else "VALID"
    return tf.nn.conv2d_transpose(tf.pad(spread, odd), filters, tf.shape(images), 1, padding)
