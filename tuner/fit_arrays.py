"""The arrays that `model.fit` is called with, as Keras packs them for its steps."""

from typing import Any

import keras
import numpy as np
from keras.src.backend import config
from keras.src.trainers.data_adapters import array_slicing
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

ARGUMENTS = {"x", "y", "sample_weight", "class_weight", "validation_data", "validation_split"}


def are_covered(given: dict[str, Any]) -> bool:
    """Whether all data among the arguments `given` to `fit` are NumPy arrays, of numbers or texts, in any nesting."""
    if config.max_steps_per_epoch() is not None or given.get("shuffle") == "batch":
        return False
    data = [given[name] for name in ("x", "y", "sample_weight", "validation_data") if name in given]
    return "x" in given and all(
        isinstance(array, np.ndarray) and array.dtype != object and array.ndim > 0 and len(array) > 0
        for array in keras.tree.flatten(data)
    )


def packed(given: dict[str, Any]) -> tuple[Any, Any]:
    """What a step gets a batch of, in training and in validation; None for no validation.

    Raises:
        ValueError: As Keras does, for lengths that differ and weights that do not fit.
    """
    arrays = tuple(given.get(name) for name in ("x", "y", "sample_weight"))
    held_back = given.get("validation_data")
    if held_back is None and (share := given.get("validation_split")):
        arrays, held_back = array_slicing.train_validation_split(arrays, validation_split=share)
    training = _packed(arrays, given.get("class_weight"))
    return training, None if held_back is None else _packed(keras.utils.unpack_x_y_sample_weight(held_back))


def _packed(arrays: tuple[Any, Any, Any], class_weight: dict[int, float] | None = None) -> Any:
    x, y, sample_weight = arrays
    adapter = ArrayDataAdapter(x, y, sample_weight, class_weight=class_weight)
    return keras.tree.lists_to_tuples(adapter._inputs)
