"""The private names of TensorFlow that the toolkit uses, where it is loaded."""
# ruff: noqa: F401 - other modules import these names from here

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_search.tuner.keras_private import names

try:
    # Settings that public functions can set, but not read or restore.
    from tensorflow.python.eager import context as _eager
    from tensorflow.python.framework import ops as _ops
    from tensorflow.python.framework.config import disable_op_determinism, is_op_determinism_enabled
    from tensorflow.python.ops.numpy_ops.np_dtypes import is_prefer_float32, set_prefer_float32
except ImportError as error:
    raise names.refusal(str(error)) from error

names.require(names.OF_TENSORFLOW)


def moments(optimizer: keras.optimizers.Adam, variable: tf.Variable) -> tuple[tf.Variable, tf.Variable]:
    """The first and the second moment of `variable`."""
    index = optimizer._get_variable_index(variable)
    return optimizer._momentums[index].value, optimizer._velocities[index].value


# The method of an optimizer that lets weights decay before they are updated.
DECAY = "_apply_weight_decay"


def decays_as_keras(kind: type[keras.optimizers.Optimizer]) -> bool:
    """Whether optimizers of a class let weights decay as Keras's do."""
    return kind._apply_weight_decay is keras.optimizers.Optimizer._apply_weight_decay


def decays(optimizer: Any, variable: tf.Variable) -> bool:
    """Whether `optimizer` lets a weight decay."""
    return optimizer.weight_decay is not None and optimizer._use_weight_decay(variable)


def let_decay(optimizer: Any, variable: tf.Variable) -> None:
    """Lets a weight decay as Keras's own method does."""
    type(optimizer)._apply_weight_decay(optimizer, [variable])


def velocities(optimizer: keras.optimizers.SGD, variable: tf.Variable) -> list[tf.Variable]:
    """The velocity of `variable`; none without momentum."""
    if not optimizer.momentums:
        return []
    return [optimizer.momentums[optimizer._get_variable_index(variable)].value]


def averages(optimizer: keras.optimizers.RMSprop, variable: tf.Variable) -> list[tf.Variable]:
    """The average square of the gradients of `variable`, and its momentum if there is one."""
    index = optimizer._get_variable_index(variable)
    return [each[index].value for each in (optimizer._velocities, optimizer._momentums) if each]


# The method of a MultiHeadAttention that computes what is between its projections: the outputs, and the scores or None.
ATTENTION = "_compute_attention"


def attention(layer: Any, *args: Any, **kwargs: Any) -> Any:
    """Calls Keras's own method."""
    return type(layer)._compute_attention(layer, *args, **kwargs)


def is_plain_attention(
    layer: Any,
    query: tf.Tensor,
    attention_mask: Any = None,
    training: bool | None = None,
    return_attention_scores: bool = False,
    use_causal_mask: bool = False,
) -> bool:
    """Whether the method, so called, returns outputs alone, of one axis of tokens without a mask."""
    # Before Keras 3.9, whether the scores are returned is an attribute.
    gives_scores = return_attention_scores or getattr(layer, "_return_attention_scores", False)
    is_masked = attention_mask is not None or use_causal_mask
    return query.shape.rank == 4 and not (is_masked or gives_scores or layer._flash_attention)


def is_compiled_by_xla(graph: tf.Graph) -> bool:
    """Whether XLA compiles `graph`, which is being traced."""
    from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

    return GraphOrParentsInXlaContext(graph)


def set_element_spec(optional: Any, like: tf.experimental.Optional) -> None:
    """Declares the type of the element of `optional`, which a traced loop does not know, to be that of `like`."""
    optional._element_spec = like.element_spec


@contextlib.contextmanager
def caches_kept() -> Iterator[None]:
    """Lets nothing in the block clear what TensorFlow has made of functions that have run."""
    context = _context()
    context.clear_kernel_cache = lambda: None
    try:
        yield
    finally:
        del context.clear_kernel_cache


def call(function: Any, tensors: list[tf.Tensor], captures: list[tf.Tensor]) -> Any:
    """Calls a concrete function with `captures` in place of what it has captured."""
    return function._call_flat(tensors, captures)


def inputs(dataset: tf.data.Dataset) -> list[tf.data.Dataset]:
    """The input datasets of `dataset`."""
    return dataset._inputs()


def _context() -> Any:
    return _eager.context()


def soft_device_placement() -> bool:
    return _context()._soft_device_placement is not False


def jit() -> bool:
    return bool(_context()._optimizer_jit)


def graph_options() -> dict[str, Any]:
    """The options that `tf.config.optimizer.set_experimental_options` has set."""
    return dict(_context()._optimizer_experimental_options)


def set_graph_options(options: dict[str, Any]) -> None:
    """Sets `options` and resets all others."""
    _context()._optimizer_experimental_options = dict(options)
    tf.config.optimizer.set_experimental_options({})


def numpy_promotion() -> Any:
    """TensorFlow's mode of promoting the types of operands."""
    return _ops._dtype_conversion_mode


def set_numpy_promotion(mode: Any) -> None:
    _ops._dtype_conversion_mode = mode


def numpy_slicing() -> bool:
    return _ops._numpy_style_slicing


def set_numpy_slicing(is_on: bool) -> None:
    if is_on:
        from tensorflow.python.ops.numpy_ops.np_math_ops import enable_numpy_methods_on_tensor

        enable_numpy_methods_on_tensor()
    _ops._numpy_style_slicing = is_on
