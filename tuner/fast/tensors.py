"""Arrays and variables as tensors."""

import contextlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# TensorFlow uses an array in place only if its address is a multiple of this many bytes.
_ALIGNMENT = 64

# Bytes; larger arrays stay in main memory, and a GPU is sent their batches.
_MOST_ON_GPU = 2_000_000_000


def tensor(array: np.ndarray) -> tf.Tensor:
    """`array` as a tensor, floats converted to Keras's `floatx`, in the memory from which batches are fastest taken.

    Floats go to the memory of the GPU, if there is one and they leave it room for models. All else goes to main memory,
    without a copy where TensorFlow can use the array in place.
    """
    floating = np.issubdtype(array.dtype, np.floating)
    dtype = np.dtype(keras.config.floatx() if floating else array.dtype)
    # On GPUs, TensorFlow's gather supports few integer types; batches of integers (labels) are small anyway.
    if floating and array.size * dtype.itemsize <= _MOST_ON_GPU and tf.config.list_logical_devices("GPU"):
        with contextlib.suppress(tf.errors.ResourceExhaustedError), tf.device("GPU:0"):
            return tf.constant(array, dtype=dtype)
    in_place = (
        isinstance(array, np.memmap)
        and array.dtype == dtype
        and dtype.kind in "iuf"
        and dtype.isnative
        and array.flags.c_contiguous
        and array.flags.writeable
        and array.ctypes.data % _ALIGNMENT == 0
    )
    with tf.device("CPU:0"):
        if in_place:
            return tf.experimental.dlpack.from_dlpack(np.asarray(array).__dlpack__())
        return tf.constant(array, dtype=dtype)


def value(variable: Any) -> tf.Tensor:
    """The value of a Keras variable: of any backend to a type checker, of TensorFlow here."""
    return tf.convert_to_tensor(variable.value)
