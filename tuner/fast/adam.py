"""Adam's update in one kernel; Keras runs a dozen small operations for every weight."""

from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.fast.optimizers import OptimizerAcceleration, update
from keras_search.tuner.keras_private import of_tensorflow


class Adam(OptimizerAcceleration):
    """Makes Keras's Adam update each weight with one operation.

    The operation is TensorFlow's `ResourceApplyAdam`. With compiled `operations`, the weights of a dense layer are
    updated from the factors of their gradient, and those of an embedding from the rows that were used. The gradient is
    then never stored: for large layers, the time goes into memory access.

    The formula is that of `keras.optimizers.Adam.update_step` (Kingma and Ba, 2014, section 2, last lines).
    """

    name = "adam"
    what = "Adam's update of a weight is one kernel; that of a large dense layer never has the gradient in memory"
    kind = keras.optimizers.Adam
    known_as = "Adam or AdamW"

    def why_not_so(self, optimizer: keras.optimizers.Adam) -> str | None:
        return "the optimizer is Adam with `amsgrad`" if optimizer.amsgrad else None

    @staticmethod
    def update_step(
        optimizer: keras.optimizers.Adam, gradient: Any, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        moments = [moment.handle for moment in of_tensorflow.moments(optimizer, variable)]
        dtype = variable.dtype
        rate, beta1, beta2, epsilon = (
            tf.cast(number, dtype) for number in (learning_rate, optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
        )
        # With `gradient_accumulation_steps` they are no variable.
        iterations: Any = keras.ops.convert_to_tensor(optimizer.iterations)
        step = tf.cast(iterations + 1, dtype)
        beta1_power, beta2_power = tf.pow(beta1, step), tf.pow(beta2, step)
        step_size = rate * tf.sqrt(1 - beta2_power) / (1 - beta1_power)
        if update(optimizer, "adam", moments, [step_size, beta1, beta2, epsilon], gradient, variable):
            return
        if isinstance(gradient, tf.IndexedSlices):
            type(optimizer).update_step(optimizer, gradient, variable, learning_rate)
            return
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=moments[0],
            v=moments[1],
            beta1_power=beta1_power,
            beta2_power=beta2_power,
            lr=rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            grad=tf.cast(gradient, dtype),
        )
