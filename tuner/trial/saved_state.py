"""The state of a trial after its last finished epoch: all that its training depends on, in one file."""

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_search.results import files

# What NumPy and zipfile raise for a damaged file.
_DAMAGES = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    EOFError,
    MemoryError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class State:
    """The state of a trial after its last finished epoch.

    Attributes:
        execution: The number of the execution that was running.
        epoch: How many epochs of it were finished, including those of the trial's predecessor.
        begun: How many of them were the predecessor's.
        is_over: Whether a callback had stopped the training.
        started_at: When the trial began.
        seconds: How long all executions had been trained.
        outcomes: What `fit` gave in the earlier executions.
        history: The metrics of each epoch of this execution.
        curve: The text of the trial's learning curve.
        best: `BestWeights.state`.
        callbacks: The attributes of each of the other callbacks.
        generators: The state of the random generators of Python, NumPy, Keras and, where it is loaded, PyTorch.
        shapes: The `checkpoint.build_shapes` of the model.
        variables: The variables of the model and its optimizer.
    """

    execution: int
    epoch: int
    begun: int
    is_over: bool
    started_at: str
    seconds: float
    outcomes: list[Any]
    history: dict[str, list[float]]
    curve: str
    best: tuple[float | None, list[np.ndarray] | None]
    callbacks: list[dict[str, Any]]
    generators: tuple[Any, ...]
    shapes: dict[str, Any] | None
    variables: list[np.ndarray]


def load(path: Path) -> State | None:
    """The state in `path`; None if the file is missing or damaged."""
    try:
        with files.opened(path) as file, np.load(file, allow_pickle=False) as arrays:
            return State(**_unpacked(json.loads(str(arrays["state"])), arrays))
    except _DAMAGES:
        return None


def save(state: State, path: Path) -> None:
    """Replaces `path` by `state` in one step, without pickle.

    Raises:
        TypeError: The state holds anything but numbers, texts, arrays, and lists, tuples and dicts of them.
    """
    arrays: dict[str, Any] = {}
    text = json.dumps(_packed(vars(state), arrays))
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, state=np.array(text), **arrays)


def _packed(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """`value` for JSON: a type that JSON lacks becomes an object with one key, and arrays go to `arrays`."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.generic():
            return value.item()
        case np.ndarray() if value.dtype != object:
            name = f"a{len(arrays)}"
            arrays[name] = value
            return {"array": name}
        case list():
            return [_packed(item, arrays) for item in value]
        case tuple():
            return {"tuple": [_packed(item, arrays) for item in value]}
        case dict():
            return {"dict": [[_packed(key, arrays), _packed(item, arrays)] for key, item in value.items()]}
    raise TypeError(f"{type(value).__name__} cannot be written")


def _unpacked(value: Any, arrays: Any) -> Any:
    match value:
        case {"array": name}:
            return arrays[name]
        case {"tuple": values}:
            return tuple(_unpacked(item, arrays) for item in values)
        case {"dict": items}:
            return {_unpacked(key, arrays): _unpacked(item, arrays) for key, item in items}
        case list():
            return [_unpacked(item, arrays) for item in value]
    return value
