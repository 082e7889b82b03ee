"""Checkpoints: the whole state of a model between two epochs, with optimizer, random generators and epoch count."""

import contextlib
import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_search.results import files
from keras_search.tuner import keras_private
from keras_search.tuner.data import tf_datasets

_BATCH_SIZE = 32  # Keras's default


def save(model: keras.Model, epoch: int, path: Path) -> None:
    """Writes the checkpoint of `model` after `epoch` epochs, in one step.

    Unlike a Keras weights file, it holds the state of the layers' random generators, so that dropout goes on as if
    never interrupted, and the shapes that the model was built with.
    """
    arrays: dict[str, Any] = {f"v{number}": value for number, value in enumerate(values(model))}
    shapes = np.array(json.dumps(build_shapes(model)))
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, epoch=epoch, shapes=shapes, **arrays)


def is_whole(path: Path) -> bool:
    """Whether the checkpoint `path` exists and is undamaged."""
    try:
        with files.opened(path) as file, zipfile.ZipFile(file) as archive:
            return archive.testzip() is None
    except Exception:  # a damaged byte may name another compression method
        return False


def load(model: keras.Model, path: Path) -> int:
    """Loads the checkpoint `path` into a fresh `model` of the same point; returns for how many epochs it was trained.

    Raises:
        OSError: There is no such file.
        ValueError: The checkpoint is of another model.
    """
    with files.opened(path) as file, np.load(file, allow_pickle=False) as arrays:
        try:
            assign(model, [arrays[name] for name in arrays.files if name.startswith("v")])
        except ValueError as error:
            raise ValueError(f"checkpoint {str(path)!r} {error}: delete the run, or undo the change") from None
        return int(arrays["epoch"])


def read(path: Path) -> tuple[int, dict[str, Any] | None]:
    """For how many epochs the model in the checkpoint `path` was trained, and its `build_shapes`."""
    with np.load(path, allow_pickle=False) as arrays:
        return int(arrays["epoch"]), json.loads(str(arrays["shapes"]))


def build(model: keras.Model, shapes: dict[str, Any] | None, x: Any = None, batch_size: int | None = None) -> None:
    """Builds a model without an input shape as its first batch would, if no batch need be drawn for that.

    Args:
        shapes: The `build_shapes` of another model of the same point.
        x: The training data, if known.
        batch_size: The batch size for arrays, if not Keras's default: stateful layers hold a state for each example.
    """
    if model.built:
        return
    # A model of texts, for example, cannot be built from shapes alone.
    with contextlib.suppress(Exception):
        example = _example(x, batch_size or _BATCH_SIZE)
        if example is None and shapes:
            build_from(model, shapes)
        elif example is not None and not _is_built_by_a_shape(model, example):
            model(example)


def build_shapes(model: keras.Model) -> dict[str, Any] | None:
    """The shapes that `model` was built with; None if they are not known or cannot be written as JSON."""
    shapes = model.get_build_config() if model.built else None
    try:
        json.dumps(shapes)
    except TypeError:
        return None
    return shapes


def _is_built_by_a_shape(model: keras.Model, example: Any) -> bool:
    """Builds a `Sequential` for batches of any size if it can: a call on `example` would fix the size."""
    if not isinstance(model, keras.Sequential) or not hasattr(example, "shape") or _is_stateful(model):
        return False
    with contextlib.suppress(Exception):
        model.build((None, *example.shape[1:]))
    return model.built


def _is_stateful(model: keras.Model) -> bool:
    return any(getattr(layer, "stateful", False) for layer in keras_private.layers(model))


def build_from(model: keras.Model, shapes: dict[str, Any]) -> None:
    """Builds `model` with the `build_shapes` of another model, whether or not they come from a file."""
    model.build_from_config(_unlisted(shapes))


def _unlisted(shapes: Any) -> Any:
    """`shapes` with the tuples that Keras expects, which JSON turns into lists."""
    if isinstance(shapes, dict):
        return {name: _unlisted(value) for name, value in shapes.items()}
    if isinstance(shapes, list):
        is_shape = all(size is None or isinstance(size, int) for size in shapes)
        return tuple(shapes) if is_shape else [_unlisted(shape) for shape in shapes]
    return shapes


def _example(x: Any, batch_size: int) -> Any:
    """Something like a batch of the data `x`; None if a batch would have to be drawn."""
    if tf_datasets.is_dataset(x):
        specs, _, _ = keras.utils.unpack_x_y_sample_weight(x.element_spec)
        return keras.tree.map_structure(tf_datasets.zeros, specs)
    if isinstance(x, keras.utils.PyDataset):
        return keras.utils.unpack_x_y_sample_weight(x[0])[0]
    if all(hasattr(array, "shape") for array in keras.tree.flatten(x)):
        return keras.tree.map_structure(lambda array: array[:batch_size], x)
    return None


def values(model: keras.Model) -> list[np.ndarray]:
    """The values of all variables of a model and its optimizer."""
    return [np.asarray(keras.ops.convert_to_numpy(variable.value)) for variable in _variables(model)]


def assign(model: keras.Model, values: list[np.ndarray]) -> None:
    """Assigns the `values` of another model of the same point to the variables of a built `model` and its optimizer.

    A model that is not compiled yet, because its `fit` compiles it, gets a fresh optimizer.

    Raises:
        ValueError: The values are of another model; nothing is assigned.
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
