"""Batch normalisation in one kernel each way, where Keras runs a dozen passes over the images."""

import types

import keras
import tensorflow as tf

from keras_search.tuner import keras_private
from keras_search.tuner.fast import patches


def fuse(layer: keras.layers.Layer) -> None:
    """Makes a BatchNormalization layer of images compute by TensorFlow's `FusedBatchNormV3`; others are left alone.

    That is so within a step (`patches.step`). The formula is the same (Ioffe and Szegedy, 2015, algorithm 1), the
    moving averages included. Weights, configuration and saved models stay Keras's own.
    """
    if (
        type(layer) is keras.layers.BatchNormalization
        and layer.scale
        and layer.center
        and not keras_private.has_renorm(layer)
    ):
        patches.replace(layer, "call", types.MethodType(_call, layer))


def _call(
    self: keras.layers.BatchNormalization,
    inputs: tf.Tensor,
    training: bool | None = None,
    mask: tf.Tensor | None = None,
) -> tf.Tensor:
    covered = isinstance(inputs, tf.Tensor) and inputs.shape.rank == 4 and inputs.dtype == tf.float32
    if not patches.is_in_step() or not covered or mask is not None or self.axis not in (-1, 3) or self.synchronized:
        return type(self).call(self, inputs, training=training, mask=mask)
    if not (training and self.trainable):
        return _normalized(self, inputs, self.moving_mean.value, self.moving_variance.value, False)[0]
    nothing = tf.zeros(0)
    outputs, mean, unbiased = _normalized(self, inputs, nothing, nothing, True)
    count = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
    # TensorFlow divides by one less than the count; Keras's moving average is of the plain variance.
    variance = unbiased * (count - 1) / count
    for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
        moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
    return outputs


def _normalized(
    self: keras.layers.BatchNormalization,
    inputs: tf.Tensor,
    mean: tf.Tensor,
    variance: tf.Tensor,
    is_training: bool,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    return tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=self.gamma.value,
        offset=self.beta.value,
        mean=mean,
        variance=variance,
        epsilon=self.epsilon,
        is_training=is_training,
    )[:3]
