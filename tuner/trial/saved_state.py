"""Where a trial was after its last finished epoch: all that its training depends on, in one file."""

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_search.results import files

# What NumPy and zipfile raise of a file that is cut off or overwritten.
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
    """Where a trial was after its last finished epoch.

    Attributes:
        execution: The execution that was under way.
        epoch: How many epochs of it were finished, those of a trial that it continues included.
        begun: How many of them were that trial's.
        is_over: Whether a callback ended the training after them.
        started_at: When the trial began.
        seconds: How long it had been trained, all executions taken together.
        outcomes: What `fit` gave in the executions before.
        history: The metrics of each epoch of this execution.
        curve: The text of the trial's learning curve.
        best: `BestWeights.state`.
        callbacks: What the other callbacks hold.
        generators: The state of the random generators that belong to no layer.
        shapes: `checkpoint.build_shapes` of the model.
        variables: Those of the model and its optimizer.
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
    """The state in `path`; None where there is none, or it is damaged."""
    try:
        with files.opened(path) as file, np.load(file, allow_pickle=False) as arrays:
            return State(**_unpacked(json.loads(str(arrays["state"])), arrays))
    except _DAMAGES:
        return None


def save(state: State, path: Path) -> None:
    """Replaces `path` by `state` in one step, without pickle.

    Raises:
        TypeError: It holds something else than numbers, texts, arrays, and lists, tuples and dicts of them.
    """
    arrays: dict[str, Any] = {}
    text = json.dumps(_packed(vars(state), arrays))
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, state=np.array(text), **arrays)


def _packed(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """`value` for JSON: what JSON does not know is an object of one key, and arrays are put into `arrays`."""
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
            return [_packed(one, arrays) for one in value]
        case tuple():
            return {"tuple": [_packed(one, arrays) for one in value]}
        case dict():
            return {"dict": [[_packed(key, arrays), _packed(one, arrays)] for key, one in value.items()]}
    raise TypeError(f"{type(value).__name__} cannot be written")


def _unpacked(value: Any, arrays: Any) -> Any:
    match value:
        case {"array": name}:
            return arrays[name]
        case {"tuple": values}:
            return tuple(_unpacked(one, arrays) for one in values)
        case {"dict": items}:
            return {_unpacked(key, arrays): _unpacked(one, arrays) for key, one in items}
        case list():
            return [_unpacked(one, arrays) for one in value]
    return value
