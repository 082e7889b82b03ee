"""Adam's update in one kernel; Keras runs a dozen small operations for every weight."""

import types

import keras
import tensorflow as tf

from keras_search.tuner.fast import operations, replacing
from keras_search.tuner.fast.acceleration import Acceleration
from keras_search.tuner.fast.tensors import value
from keras_search.tuner.fast.wrapped_fit import FitCall
from keras_search.tuner.keras_private import of_tensorflow


class Adam(Acceleration):
    """Makes Keras's Adam update each weight with one operation.

    The operation is TensorFlow's `ResourceApplyAdam`. With compiled `operations`, the weights of a dense layer are
    updated from the factors of their gradient, which is then never stored: for large layers, the time goes into memory
    access.

    The formula is that of `keras.optimizers.Adam.update_step` (Kingma and Ba, 2014, section 2, last lines). The
    variables are Keras's, and so are state, configuration and saved models. AdamW's decay is not part of the update and
    stays as it is. Subclasses with their own formula are not changed.
    """

    name = "adam"
    what = "Adam's update of a weight is one kernel; that of a large dense layer never has the gradient in memory"

    def why_not(self, model: keras.Model, call: FitCall | None) -> str | None:
        if not model.compiled or model.optimizer is None:
            return "the model has no optimizer"
        return self.why_not_in(model.optimizer)

    def why_not_in(self, optimizer: keras.optimizers.Optimizer) -> str | None:
        """Why it does not apply to `optimizer`; None if it does."""
        if replacing.is_replaced(optimizer, "update_step"):
            return None
        if replacing.has_its_own(optimizer, "update_step"):
            return "the optimizer has its own `update_step`"
        if getattr(optimizer.update_step, "__func__", None) is not keras.optimizers.Adam.update_step:
            return f"the optimizer is {type(optimizer).__name__}, not Adam or AdamW"
        return "the optimizer is Adam with `amsgrad`" if optimizer.amsgrad else None

    def replace(self, model: keras.Model, call: FitCall | None) -> None:
        self.replace_in(model.optimizer)

    def replace_in(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Replaces the `update_step` of `optimizer`."""
        replacing.replace(optimizer, "update_step", types.MethodType(_update_step, optimizer), self.name)


def _update_step(
    self: keras.optimizers.Adam,
    gradient: tf.Tensor,
    variable: tf.Variable,
    learning_rate: tf.Tensor,
) -> None:
    if isinstance(gradient, tf.IndexedSlices):
        type(self).update_step(self, gradient, variable, learning_rate)
        return
    moments = [moment.handle for moment in of_tensorflow.moments(self, variable)]
    dtype = variable.dtype
    rate, beta1, beta2, epsilon = (
        tf.cast(number, dtype) for number in (learning_rate, self.beta_1, self.beta_2, self.epsilon)
    )
    step = tf.cast(value(self.iterations) + 1, dtype)
    beta1_power, beta2_power = tf.pow(beta1, step), tf.pow(beta2, step)
    compiled = operations.for_graph() if dtype == tf.float32 else None
    if compiled is not None and (factors := _factors(gradient)):
        step_size = rate * tf.sqrt(1 - beta2_power) / (1 - beta1_power)
        compiled.adam_by_factors(variable.handle, *moments, step_size, beta1, beta2, epsilon, *factors)
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


def _factors(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor] | None:
    """`left` and `right` of a float32 gradient that is transpose(left) · right; None for any other gradient.

    With the factors, TensorFlow computes the product itself only if something else reads it.
    """
    if gradient.dtype != tf.float32:
        return None
    while gradient.op.type in ("Identity", "IdentityN"):
        gradient = gradient.op.inputs[gradient.value_index]
    product = gradient.op
    if product.type != "MatMul" or not product.get_attr("transpose_a") or product.get_attr("transpose_b"):
        return None
    left, right = product.inputs
    return left, right
