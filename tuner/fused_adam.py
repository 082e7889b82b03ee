"""Adam's update in one kernel, where Keras runs a dozen small operations on every weight."""

import types

import keras
import tensorflow as tf


def fuse(optimizer: keras.optimizers.Optimizer) -> None:
    """Makes a Keras Adam update each weight by TensorFlow's `ResourceApplyAdam`; other optimizers are left alone.

    The formula is that of `keras.optimizers.Adam.update_step` (Kingma and Ba, 2014, section 2, last lines), and so are
    the variables: state, configuration and saved models stay Keras's own. So does AdamW's decay, which is no part of
    the update; subclasses with a formula of their own are left alone.
    """
    is_adam = getattr(optimizer.update_step, "__func__", None) is keras.optimizers.Adam.update_step
    if is_adam and not optimizer.amsgrad:
        optimizer.update_step = types.MethodType(_update_step, optimizer)


def _update_step(
    self: keras.optimizers.Adam, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
) -> None:
    if isinstance(gradient, tf.IndexedSlices):
        type(self).update_step(self, gradient, variable, learning_rate)
        return
    index = self._get_variable_index(variable)
    dtype = variable.dtype
    step = tf.cast(self.iterations + 1, dtype)
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=self._momentums[index].value.handle,
        v=self._velocities[index].value.handle,
        beta1_power=tf.pow(tf.cast(self.beta_1, dtype), step),
        beta2_power=tf.pow(tf.cast(self.beta_2, dtype), step),
        lr=tf.cast(learning_rate, dtype),
        beta1=tf.cast(self.beta_1, dtype),
        beta2=tf.cast(self.beta_2, dtype),
        epsilon=tf.cast(self.epsilon, dtype),
        grad=tf.cast(gradient, dtype),
    )
