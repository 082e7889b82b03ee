"""The whole state of a training between two epochs: weights, optimizer, random generators, epoch count."""

import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from results import files

_BATCH_SIZE = 32  # Keras's


def save(model: keras.Model, epoch: int, path: Path) -> None:
    """Writes what training `model` has reached after `epoch` epochs, in one step.

    Unlike a Keras weights file it holds the state of the layers' random generators, so that dropout goes on as it
    would have.
    """
    arrays = {f"v{number}": value for number, value in enumerate(values(model))}
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, epoch=epoch, **arrays)


def is_whole(path: Path) -> bool:
    """Whether `path` is there, and nothing of it is cut off or overwritten."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except (OSError, EOFError, zipfile.BadZipFile):
        return False


def load(model: keras.Model, path: Path) -> int:
    """Brings a fresh `model` of the same point to the state in `path`; returns how many epochs it has been trained.

    Raises:
        OSError: There is no such file.
        ValueError: It is of another model.
    """
    with np.load(path, allow_pickle=False) as arrays:
        try:
            assign(model, [arrays[f"v{number}"] for number in range(len(arrays.files) - 1)])
        except ValueError as error:
            raise ValueError(f"checkpoint {str(path)!r} {error}: delete the run, or undo the change") from None
        return int(arrays["epoch"])


def build(model: keras.Model, x: Any, batch_size: int | None = None) -> None:
    """Builds a model without an input shape, as its first batch would.

    Args:
        x: What it is to be trained on: an array, or a `tf.data.Dataset`, of which nothing is drawn.
        batch_size: How many examples a batch of arrays has, if not as many as Keras takes: layers may hold a state for
            each.
    """
    if model.built:
        return
    if isinstance(x, tf.data.Dataset):
        spec, _, _ = keras.utils.unpack_x_y_sample_weight(x.element_spec)
        model(keras.tree.map_structure(lambda one: tf.zeros([size or 1 for size in one.shape], one.dtype), spec))
    else:
        model(keras.tree.map_structure(lambda array: array[: batch_size or _BATCH_SIZE], x))


def values(model: keras.Model) -> list[np.ndarray]:
    """The values of all variables of a model and its optimizer."""
    return [np.asarray(variable.value) for variable in _variables(model)]


def assign(model: keras.Model, values: list[np.ndarray]) -> None:
    """Gives the variables of a built `model` and its optimizer the `values` of another of the same point.

    Where `fit` is to compile the model, its optimizer begins anew.

    Raises:
        ValueError: They are of another model; nothing is assigned.
    """
    if model.compiled:
        model.optimizer.build(model.trainable_variables)
    else:
        values = values[: len(model.variables)]
    variables = _variables(model)
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise ValueError("is of another model")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *(model.optimizer.variables if model.compiled else ())]
