"""The data that `model.fit` is called with, as Keras packs them for its steps."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.tuner import keras_private

ARGUMENTS = {"x", "y", "sample_weight", "class_weight", "validation_data", "validation_split"}
_NOT_WITH_A_DATASET = {"y", "sample_weight", "class_weight", "validation_split", "batch_size"}


def why_not_covered(given: dict[str, Any]) -> str | None:
    """Why the data among the arguments `given` to `fit` are not gone through by indices; None where they are.

    They are where they are arrays, or datasets whose batches can be counted.
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
    return None if "x" in given and _are_arrays(arrays) else "the data are not arrays, nor a tf.data.Dataset"


def packed(given: dict[str, Any]) -> tuple[Any, Any]:
    """What a step gets a batch of, in training and in validation: arrays in any nesting, or a dataset of batches.

    That of validation is None where there is none.

    Raises:
        ValueError: As Keras does, for lengths that differ and weights that do not fit.
    """
    arrays = tuple(given.get(name) for name in ("x", "y", "sample_weight"))
    held_back = given.get("validation_data")
    if held_back is None and (share := given.get("validation_split")):
        arrays, held_back = keras_private.validation_split(arrays, share)
    training = _packed(arrays, given.get("class_weight"))
    return training, None if held_back is None else _packed(keras.utils.unpack_x_y_sample_weight(held_back))


def _packed(data: tuple[Any, Any, Any], class_weight: dict[int, float] | None = None) -> Any:
    x, y, sample_weight = data
    if isinstance(x, tf.data.Dataset):
        return x
    return keras_private.packed(x, y, sample_weight, class_weight)


def _are_arrays(data: Any) -> bool:
    """Whether they are NumPy arrays, of numbers or texts, in any nesting."""
    arrays = keras.tree.flatten(data)
    return len(arrays) > 0 and all(
        isinstance(array, np.ndarray) and array.dtype != object and array.ndim > 0 and len(array) > 0
        for array in arrays
    )


def _is_countable(data: Any) -> bool:
    return isinstance(data, tf.data.Dataset) and int(data.cardinality()) > 0
