"""The update of RMSprop in one kernel."""

from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.optimizers import OptimizerAcceleration, update
from keras_search.tuner.keras_private import of_tensorflow


class RmsProp(OptimizerAcceleration):
    """Makes Keras's RMSprop update each weight with one operation.

    It is compiled, as TensorFlow's `ResourceApplyRMSProp` needs a momentum, of which Keras has no variable by default.
    With a momentum it is TensorFlow's.
    """

    name = "rmsprop"
    what = "RMSprop's update of a weight is one kernel"
    kind = keras.optimizers.RMSprop
    known_as = "RMSprop"

    def why_not_so(self, optimizer: keras.optimizers.RMSprop) -> str | None:
        if optimizer.centered:
            return "the optimizer is a centered RMSprop"
        if optimizer.momentum > 0 or operations.load():
            return None
        return "there are no compiled operations: on a GPU, or without a C++ compiler"

    @staticmethod
    def update_step(
        optimizer: keras.optimizers.RMSprop, gradient: Any, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        if isinstance(gradient, tf.IndexedSlices):
            of_tensorflow.let_decay(optimizer, variable)
            type(optimizer).update_step(optimizer, gradient, variable, learning_rate)
            return
        dtype = variable.dtype
        rate, rho, epsilon = (tf.cast(number, dtype) for number in (learning_rate, optimizer.rho, optimizer.epsilon))
        velocity, *momenta = (one.handle for one in of_tensorflow.averages(optimizer, variable))
        if momenta:
            of_tensorflow.let_decay(optimizer, variable)
            tf.raw_ops.ResourceApplyRMSProp(
                var=variable.handle,
                ms=velocity,
                mom=momenta[0],
                lr=rate,
                rho=rho,
                momentum=tf.cast(optimizer.momentum, dtype),
                epsilon=epsilon,
                grad=tf.cast(gradient, dtype),
            )
        elif not update(optimizer, "rmsprop", [velocity], [rate, rho, epsilon], gradient, variable):
            type(optimizer).update_step(optimizer, gradient, variable, learning_rate)
