"""Batch normalisation in one kernel for each direction; Keras passes over the images a dozen times."""

from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner import keras_private
from keras_search.tuner.fast.acceleration import LayerAcceleration, is_in_step


class BatchNorm(LayerAcceleration):
    """Makes a BatchNormalization layer of images compute with TensorFlow's `FusedBatchNormV3`.

    The formula is the same (Ioffe and Szegedy, 2015, algorithm 1), also of the moving averages. Weights, configuration
    and saved models stay Keras's own.
    """

    name = "batch_norm"
    what = "batch normalisation of images is one kernel each way"
    lacks = "the model has no BatchNormalization of images by their channels, with scale and center"

    def covers(self, layer: keras.layers.Layer) -> bool:
        return (
            type(layer) is keras.layers.BatchNormalization
            and layer.scale
            and layer.center
            and not keras_private.is_renormalized(layer)
            and not layer.synchronized
            and layer.axis in (-1, 3)
            and (layer.input_spec is None or layer.input_spec.ndim == 4)
        )

    @staticmethod
    def call(
        layer: keras.layers.BatchNormalization,
        inputs: tf.Tensor,
        training: bool | None = None,
        mask: tf.Tensor | None = None,
    ) -> Any:
        covered = isinstance(inputs, tf.Tensor) and inputs.shape.rank == 4 and inputs.dtype == tf.float32
        if not is_in_step() or not covered or mask is not None:
            return type(layer).call(layer, inputs, training=training, mask=mask)
        assert layer.moving_mean is not None  # the layer is built
        assert layer.moving_variance is not None
        if not (training and layer.trainable):
            return _normalized(layer, inputs, layer.moving_mean.value, layer.moving_variance.value, False)[0]
        nothing = tf.zeros(0)
        outputs, mean, unbiased = _normalized(layer, inputs, nothing, nothing, True)
        count = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
        # TensorFlow divides by the count less one, Keras by the count.
        variance = unbiased * (count - 1) / count
        for moving, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + batch * (1.0 - layer.momentum))
        return outputs


def _normalized(
    layer: keras.layers.BatchNormalization,
    inputs: tf.Tensor,
    mean: tf.Tensor,
    variance: tf.Tensor,
    is_training: bool,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    assert layer.gamma is not None
    assert layer.beta is not None
    return tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=layer.gamma.value,
        offset=layer.beta.value,
        mean=mean,
        variance=variance,
        epsilon=layer.epsilon,
        is_training=is_training,
    )[:3]
