"""A convolution with ReLU and its max pooling at once, where TensorFlow writes and reads every step's images."""

from collections.abc import Callable
from types import ModuleType

import keras
import tensorflow as tf

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.acceleration import LayerAcceleration, is_in_step
from keras_search.tuner.fast.wrapped_fit import FitCall

# With more, TensorFlow's own convolution is as fast.
_MOST_CHANNELS = 4


class Pooling(LayerAcceleration):
    """Makes a 2x2 MaxPooling2D layer of what a convolution and ReLU give compute all three by one operation.

    That is so where `operations` are there, and the images have few channels, as a model's first layer has. The
    convolution is recognised in TensorFlow's graph as a step is traced, whichever layers have made it; what else reads
    it gets it as before. There is no second derivative with respect to the weights. Configuration, weights and what is
    saved or exported stay Keras's own.
    """

    name = "pooling"
    what = "a first convolution, its ReLU and 2x2 max pooling are one operation"
    lacks = "the model has no MaxPooling2D of 2x2 pixels without padding"

    def why_not(self, model: keras.Model, call: FitCall | None) -> str | None:
        if (why := super().why_not(model, call)) is not None:
            return why
        if model.run_eagerly:
            return "the model runs eagerly"
        return None if operations.load() else "there are no compiled operations: on a GPU, or without a C++ compiler"

    def covers(self, layer: keras.layers.Layer) -> bool:
        return (
            type(layer) is keras.layers.MaxPooling2D
            and (layer.pool_size, layer.strides) == ((2, 2), (2, 2))
            and (layer.padding, layer.data_format) == ("valid", "channels_last")
        )

    @staticmethod
    def call(layer: keras.layers.MaxPooling2D, inputs: tf.Tensor) -> tf.Tensor:
        compiled = operations.for_graph() if is_in_step() else None
        convolution = None if compiled is None else _convolution(inputs)
        if convolution is None:
            return type(layer).call(layer, inputs)
        pooled = _pooled(compiled, *convolution)
        batch, height, width, channels = inputs.shape
        pooled.set_shape((batch, height // 2, width // 2, channels))
        return pooled


def _convolution(outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, bool] | None:
    """Images, filters, bias and whether the size is kept, if `outputs` is the ReLU of such a convolution."""
    if not isinstance(outputs, tf.Tensor) or outputs.dtype != tf.float32 or outputs.op.type != "Relu":
        return None
    convolution, bias = outputs.op.inputs[0].op, None
    if convolution.type == "BiasAdd" and convolution.get_attr("data_format") == b"NHWC":
        bias, convolution = convolution.inputs[1], convolution.inputs[0].op
    if convolution.type != "Conv2D":
        return None
    images, filters = convolution.inputs
    padding = convolution.get_attr("padding")
    is_covered = (
        convolution.get_attr("data_format") == b"NHWC"
        and padding in (b"VALID", b"SAME")
        and set(convolution.get_attr("strides")) == set(convolution.get_attr("dilations")) == {1}
        and None not in (*images.shape[1:], *filters.shape)
        and images.shape[3] == filters.shape[2] <= _MOST_CHANNELS
    )
    if not is_covered:
        return None
    return images, filters, tf.zeros(filters.shape[3]) if bias is None else bias, padding == b"SAME"


def _pooled(compiled: ModuleType, images: tf.Tensor, filters: tf.Tensor, bias: tf.Tensor, same: bool) -> tf.Tensor:
    @tf.custom_gradient
    def pooled(
        images: tf.Tensor, filters: tf.Tensor, bias: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        values, chosen = compiled.pooled_convolution(images, filters, bias, same=same)

        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            by_filters, by_bias = compiled.pooled_convolution_grad(images, filters, chosen, upstream, same=same)
            by_filters.set_shape(filters.shape)
            by_bias.set_shape(bias.shape)
            return _by_images(images, filters, chosen, upstream, same), by_filters, by_bias

        return values, gradients

    return pooled(images, filters, bias)


def _by_images(images: tf.Tensor, filters: tf.Tensor, chosen: tf.Tensor, upstream: tf.Tensor, same: bool) -> tf.Tensor:
    """The gradient with respect to the images, of TensorFlow's operations; dropped where nothing reads it."""
    shape = tf.shape(upstream)
    places = tf.one_hot(chosen, 4) * upstream[..., None]
    windows = tf.transpose(tf.reshape(places, tf.concat((shape, (2, 2)), 0)), (0, 1, 4, 2, 5, 3))
    spread = tf.reshape(windows, (shape[0], 2 * shape[1], 2 * shape[2], shape[3]))
    height, width = (images.shape[axis] - (0 if same else filters.shape[axis - 1] - 1) for axis in (1, 2))
    odd = [[0, 0], [0, height % 2], [0, width % 2], [0, 0]]
    padding = "SAME" if same else "VALID"
    return tf.nn.conv2d_transpose(tf.pad(spread, odd), filters, tf.shape(images), 1, padding)
