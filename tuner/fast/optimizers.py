"""What the accelerations of optimizers have in common: a weight is updated in one kernel, not in a dozen."""

import types
from abc import abstractmethod
from typing import Any, ClassVar

import keras
import tensorflow as tf

from keras_search.tuner.fast import operations, replacing
from keras_search.tuner.fast.acceleration import Acceleration
from keras_search.tuner.fast.wrapped_fit import FitCall
from keras_search.tuner.keras_private import of_tensorflow
from keras_search.tuner.keras_private.of_tensorflow import DECAY

# The rules that there is an operation of for gradients of rows, as those of embeddings are.
_BY_ROWS = {"adam"}

# With more rows in the factors, TensorFlow's product and an update by the gradient are faster, of kernels of all sizes:
# with 64 rows by a tenth, with 2,048 in half the time.
_MOST_ROWS = 32


class OptimizerAcceleration(Acceleration):
    """Replaces the `update_step` of an optimizer of Keras's by one with the same formula.

    The variables are Keras's, and so are state, configuration and saved models. What Keras does around the update stays
    as it is: clipping, averages of the weights, constraints. Subclasses with their own formula are not changed.

    Attributes:
        kind: The class whose formula it is.
        known_as: What users know the optimizers by.
    """

    kind: ClassVar[type[keras.optimizers.Optimizer]]
    known_as: ClassVar[str]

    def why_not(self, model: keras.Model, call: FitCall | None) -> str | None:
        if not model.compiled or model.optimizer is None:
            return "the model has no optimizer"
        return self.why_not_in(model.optimizer)

    def why_not_in(self, optimizer: keras.optimizers.Optimizer) -> str | None:
        """Why it does not apply to `optimizer`; None if it does."""
        kind = type(optimizer)
        if kind.update_step is not self.kind.update_step or not of_tensorflow.decays_as_keras(kind):
            return f"the optimizer is {kind.__name__}, not {self.known_as}"
        for name in ("update_step", DECAY):
            if replacing.has_its_own(optimizer, name):
                return f"the optimizer has its own `{name}`"
        return self.why_not_so(optimizer)

    def why_not_so(self, optimizer: Any) -> str | None:
        """Why it does not apply to an optimizer of its kind with such options; None if it does."""
        return None

    @staticmethod
    @abstractmethod
    def update_step(optimizer: Any, gradient: Any, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Replaces the method of `optimizer`; the weight's decay is part of it."""

    def replace(self, model: keras.Model, call: FitCall | None) -> None:
        self.replace_in(model.optimizer)

    def replace_in(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Replaces the `update_step` of `optimizer`, and what lets the weights decay before it."""
        replacing.replace(optimizer, "update_step", types.MethodType(self.update_step, optimizer), self.name)
        replacing.replace(optimizer, DECAY, types.MethodType(_no_decay, optimizer), self.name)


def update(
    optimizer: Any, rule: str, variables: list[tf.Tensor], numbers: list[Any], gradient: Any, variable: tf.Variable
) -> bool:
    """Updates a weight by a compiled operation; if there is none for it, only lets it decay, and returns False.

    Where the gradient is a product of two matrices, the operation is given the factors: TensorFlow then computes the
    product itself only if something else reads it. Where it is a list of rows, it is given these.

    Args:
        optimizer: The optimizer.
        rule: The name of the operation's rule.
        variables: The handles of the optimizer's variables of the weight.
        numbers: The numbers of the rule.
        gradient: The gradient.
        variable: The weight.
    """
    compiled = operations.for_graph()
    is_dense = isinstance(gradient, tf.Tensor)
    if compiled is None or variable.dtype != tf.float32 or not (is_dense or rule in _BY_ROWS):
        of_tensorflow.let_decay(optimizer, variable)
        return False
    decays = of_tensorflow.decays(optimizer, variable)
    decay = tf.cast(optimizer.weight_decay * optimizer.learning_rate, tf.float32) if decays else tf.zeros(())
    given = {"variables": [variable.handle, *variables], "numbers": [*numbers, decay]}
    if not is_dense:
        rows, units = variable.shape[0], variable.shape[1:].num_elements()
        indices, values = tf.cast(gradient.indices, tf.int64), tf.cast(gradient.values, tf.float32)
        getattr(compiled, f"{rule}_by_rows")(**given, indices=indices, values=values, rows=rows, units=units)
    elif factors := _factors(gradient):
        getattr(compiled, f"{rule}_by_factors")(**given, left=factors[0], right=factors[1])
    else:
        getattr(compiled, f"{rule}_by_gradient")(**given, gradient=tf.cast(gradient, tf.float32))
    return True


def _no_decay(optimizer: Any, variables: Any) -> None:
    """Replaces the decay of all weights before their update, which is part of the update of each."""


def _factors(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor] | None:
    """`left` and `right` of a float32 gradient that is transpose(left) · right; None for any other gradient.

    None as well if they are known to have many rows.
    """
    if gradient.dtype != tf.float32:
        return None
    while gradient.op.type in ("Identity", "IdentityN"):
        gradient = gradient.op.inputs[gradient.value_index]
    product = gradient.op
    if product.type != "MatMul" or not product.get_attr("transpose_a") or product.get_attr("transpose_b"):
        return None
    left, right = product.inputs
    return None if _has_many_rows(right) else (left, right)


def _has_many_rows(factor: tf.Tensor) -> bool:
    """Whether it has, or is that of a layer that is applied to each token of a batch, whose size is not known."""
    if (rows := factor.shape[0]) is not None:
        return rows > _MOST_ROWS
    shape = factor.op.inputs[0].shape if factor.op.type == "Reshape" else factor.shape
    return shape.rank is not None and shape.rank > 2 and shape[-1] == factor.shape[-1]
