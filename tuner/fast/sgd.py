"""The update of SGD in one kernel, with and without momentum."""

from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.fast.optimizers import OptimizerAcceleration, update
from keras_search.tuner.keras_private import of_tensorflow


class Sgd(OptimizerAcceleration):
    """Makes Keras's SGD update each weight with one operation: `ResourceApplyKerasMomentum`, or one for no momentum.

    With compiled `operations`, the weights of a dense layer are updated from the factors of their gradient.
    """

    name = "sgd"
    what = "the update of SGD, with momentum or without, is one kernel for each weight"
    kind = keras.optimizers.SGD
    known_as = "SGD"

    @staticmethod
    def update_step(
        optimizer: keras.optimizers.SGD, gradient: Any, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        if isinstance(gradient, tf.IndexedSlices):
            of_tensorflow.let_decay(optimizer, variable)
            type(optimizer).update_step(optimizer, gradient, variable, learning_rate)
            return
        dtype = variable.dtype
        rate, momentum = tf.cast(learning_rate, dtype), tf.cast(optimizer.momentum, dtype)
        velocities = [velocity.handle for velocity in of_tensorflow.velocities(optimizer, variable)]
        rule = ("nesterov" if optimizer.nesterov else "momentum") if velocities else "descent"
        numbers = [rate, momentum] if velocities else [rate]
        if update(optimizer, rule, velocities, numbers, gradient, variable):
            return
        gradient = tf.cast(gradient, dtype)
        if velocities:
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable.handle,
                accum=velocities[0],
                lr=rate,
                grad=gradient,
                momentum=momentum,
                use_nesterov=optimizer.nesterov,
            )
        else:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)
