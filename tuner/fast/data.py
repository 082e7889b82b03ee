"""The data of a call of `model.fit`, as Keras packs them for its steps."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.tuner import keras_private
from keras_search.tuner.data.images import Images

ARGUMENTS = {"x", "y", "sample_weight", "class_weight", "validation_data", "validation_split"}
_NOT_WITH_A_DATASET = {"y", "sample_weight", "class_weight", "validation_split", "batch_size"}


def why_not_covered(given: dict[str, Any]) -> str | None:
    """Why `Fit` does not cover the data among the arguments `given` to `fit`; None if it does.

    It covers arrays, and datasets with a known number of batches.
    """
    if keras_private.max_steps_per_epoch() is not None:
        return "Keras is told of a largest number of steps an epoch"
    if given.get("shuffle") == "batch":
        return '`shuffle` is "batch"'
    held_back = given.get("validation_data")
    if held_back is not None and not _is_countable(held_back) and not _are_arrays(held_back):
        return "`validation_data` are neither arrays nor a tf.data.Dataset of known length"
    if isinstance(given.get("x"), tf.data.Dataset):
        is_covered = _is_countable(given["x"]) and _NOT_WITH_A_DATASET.isdisjoint(given)
        return None if is_covered else "the length of the tf.data.Dataset is not known, or more is given beside it"
    arrays = [given[name] for name in ("x", "y", "sample_weight") if name in given]
    if isinstance(given.get("x"), Images) and (given.get("validation_split") or keras.config.floatx() != "float32"):
        return "the images are to be split, or to have another type"
    return None if "x" in given and _are_arrays(arrays) else "the data are not arrays, nor a tf.data.Dataset"


def packed(given: dict[str, Any]) -> tuple[Any, Any]:
    """The training and the validation data: nested arrays, or a dataset of batches; None for no validation data.

    Raises:
        ValueError: As in Keras, lengths differ or weights do not fit.
    """
    arrays: tuple[Any, Any, Any] = (given.get("x"), given.get("y"), given.get("sample_weight"))
    held_back = given.get("validation_data")
    if held_back is None and (share := given.get("validation_split")):
        arrays, held_back = keras_private.validation_split(arrays, share)
    training = _packed(arrays, given.get("class_weight"))
    return training, None if held_back is None else _packed(keras.utils.unpack_x_y_sample_weight(held_back))


def _packed(data: tuple[Any, Any, Any], class_weight: dict[int, float] | None = None) -> Any:
    x, y, sample_weight = data
    if isinstance(x, tf.data.Dataset):
        return x
    if not isinstance(x, Images):
        return keras_private.packed(x, y, sample_weight, class_weight)
    # Keras looks at no more of it than how many there are, and would copy it.
    packed = keras_private.packed(np.empty((len(x), 0), x.dtype), y, sample_weight, class_weight)
    return (x, *packed[1:]) if isinstance(packed, tuple) else x


def _are_arrays(data: Any) -> bool:
    """Whether `data` are NumPy arrays of numbers or texts, in any nesting."""
    arrays = keras.tree.flatten(data)
    return len(arrays) > 0 and all(
        isinstance(array, np.ndarray | Images) and array.dtype != object and array.ndim > 0 and len(array) > 0
        for array in arrays
    )


def _is_countable(data: Any) -> bool:
    return isinstance(data, tf.data.Dataset) and int(data.cardinality()) > 0
