"""Converts data that Keras refuses - lists, tables, tensors - to the arrays that they stand for."""

import inspect
import numbers
import sys
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_search.results.text import shortened
from keras_search.tuner.errors import InputError

_EXAMPLES = ("x", "y", "sample_weight")
_TEXTS_SHOWN = 3
_LONGEST_TEXT = 20


def in_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and named arguments of a call of `model.fit`, with arrays in place of other data.

    Raises:
        InputError: Data cannot become an array: lists of different lengths, or objects.
    """
    named = dict(zip(inspect.signature(keras.Model.fit).parameters, (None, *args))) | kwargs
    converted = in_arguments(named)
    positions = list(inspect.signature(keras.Model.fit).parameters)[1 : len(args) + 1]
    extra = args[len(positions) :]
    return (*(converted[name] for name in positions), *extra), {name: converted[name] for name in kwargs}


def in_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Does the same for arguments of `model.fit` by name."""
    converted = {name: _array(name, value) if name in _EXAMPLES else value for name, value in given.items()}
    if "x" in converted:
        converted["x"] = _examples("x", converted["x"], converted.get("y"))
    held_back = converted.get("validation_data")
    if isinstance(held_back, list | tuple):
        names = [f"the {name} of validation_data" for name in _EXAMPLES]
        x, *rest = (_array(name, value) for name, value in zip(names, held_back))
        converted["validation_data"] = (_examples(names[0], x, *rest[:1]), *rest)
    return converted


def labels(given: Mapping[str, Any]) -> dict[str, Any]:
    """The labels among the arguments of `model.fit` that are texts, by their names in messages."""
    held_back = given.get("validation_data")
    candidates = {"y": given.get("y")}
    if isinstance(held_back, tuple) and len(held_back) > 1:
        candidates["the y of validation_data"] = held_back[1]
    return {name: value for name, value in candidates.items() if _texts(value)}


def require_numbers(model: keras.Model, given: Mapping[str, Any]) -> None:
    """Raises InputError if labels are texts, and `model` has Keras's own training step and losses."""
    loss = getattr(model, "loss", None)
    is_keras = all(
        part is None or isinstance(part, str | keras.losses.Loss) or part.__module__.startswith("keras.")
        for part in keras.tree.flatten(loss)
    )
    if not is_keras or not _has_keras_step(model):
        return
    for name, value in labels(given).items():
        shown = ", ".join(repr(shortened(text, _LONGEST_TEXT)) for text in _texts(value)[:_TEXTS_SHOWN])
        raise InputError(
            f"{name} holds text ({shown}): pass numbers, made by classes, y = np.unique(y, return_inverse=True) or by "
            "keras.layers.StringLookup"
        )


def _has_keras_step(model: keras.Model) -> bool:
    """Whether `model` trains by Keras's own step, wrapped or not, and computes its loss as Keras does."""
    is_keras = getattr(inspect.unwrap(model.train_step), "__func__", None) is keras.Model.train_step
    return is_keras and type(model).compute_loss is keras.Model.compute_loss


def _array(name: str, data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _array(f"{name}[{key!r}]", value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        leaves = keras.tree.flatten(data)
        if any(map(_is_scalar, leaves)) and all(leaf is None or _is_scalar(leaf) for leaf in leaves):
            return _of_objects(name, _stacked(name, data))
        return type(data)(_array(name, part) for part in data) if type(data) in (list, tuple) else data
    if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "to_numpy"):
        table = _of_objects(name, data.to_numpy())
        return table[:, None] if table.ndim == 1 else table  # a column, as Keras has it
    if _is_tensor(data):
        array = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
        return array if array.dtype.kind in "biuf" else data
    return _of_objects(name, data) if isinstance(data, np.ndarray) else data


def _examples(name: str, x: Any, y: Any = None) -> Any:
    """`x`, or one array of its parts if it is a list with a part for each label: Keras would take each for an input."""
    if not isinstance(x, list | tuple) or not isinstance(y, np.ndarray) or len(x) != len(y):
        return x
    is_of_inputs = all(not isinstance(part, np.ndarray) or len(part) == len(y) for part in x)
    return x if is_of_inputs else _stacked(name, x)


def _stacked(name: str, data: Any) -> np.ndarray:
    try:
        return np.asarray(data)
    except ValueError:
        raise InputError(
            f"{name} is a list of {len(data)} parts whose lengths differ: pad them, as keras.utils.pad_sequences does, "
            "and pass np.array(...)"
        ) from None


def _of_objects(name: str, array: np.ndarray) -> np.ndarray:
    """`array` in a type that Keras knows, if its elements are Python objects: numbers, or texts."""
    if (array.dtype != object and array.dtype.kind in "biufcSUV") or not len(array):
        return array
    objects = array.ravel().tolist()
    if all(isinstance(element, str) for element in objects):
        return array.astype(str)
    if all(isinstance(element, numbers.Number | np.generic) for element in objects):
        return np.asarray(array.tolist())
    kinds = ", ".join(sorted({type(element).__name__ for element in objects})[:_TEXTS_SHOWN])
    raise InputError(f"{name} holds objects ({kinds}), not numbers: encode what is text, and pass np.array(...)")


def _is_tensor(data: Any) -> bool:
    """Whether `data` is a dense tensor of any backend, which Keras takes under every backend."""
    modules = {name: sys.modules[name] for name in ("tensorflow", "torch", "jax") if name in sys.modules}
    if "tensorflow" in modules and isinstance(data, modules["tensorflow"].Tensor):
        return hasattr(data, "numpy")
    if "torch" in modules and isinstance(data, modules["torch"].Tensor):
        return data.layout is modules["torch"].strided
    return "jax" in modules and isinstance(data, modules["jax"].Array)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, numbers.Number | np.generic | str | bytes)


def _texts(data: Any) -> list[str]:
    """The distinct texts in the arrays of texts in `data`."""
    arrays = [leaf for leaf in keras.tree.flatten(data) if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "SU"]
    return [str(text) for array in arrays for text in np.unique(array)]
