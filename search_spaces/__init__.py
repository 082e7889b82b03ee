"""The search spaces, each around a documented baseline point."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from keras_search.search_spaces import baseline_cnn, deep_cnn
from keras_search.search_spaces.space import Hyperparameter, SearchSpace, SpaceError

if TYPE_CHECKING:
    from keras_search.search_spaces.custom import CustomSpace

SPACES = {space.name: space for space in [baseline_cnn.SPACE, deep_cnn.SPACE]}


def is_custom(name: str) -> bool:
    """Whether `name` refers to the user's own space: `FILE.py:NAME` or `MODULE:NAME`."""
    return ":" in name


def resolved(name: str) -> str:
    """`name`, with an absolute path if it refers to a file."""
    file = _file(name)
    return name if file is None else f"{file.resolve()}:{name.rpartition(':')[2]}"


def fingerprint(name: str) -> str | None:
    """A hash of the file that `name` refers to, to detect changes; None for every other space."""
    file = _file(name)
    return None if file is None else hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def code(name: str) -> str:
    """What code the user's own space runs: `'FILE.py'`, or `the module 'MODULE'`."""
    place = name.rpartition(":")[0]
    return f"the module {place!r}" if _file(name) is None else repr(place)


def _file(name: str) -> Path | None:
    file = Path(name.rpartition(":")[0])
    return file if file.suffix == ".py" else None


def get(name: str) -> SearchSpace:
    """The built-in space called `name`.

    Raises:
        SpaceError: There is no such space.
    """
    if name not in SPACES:
        raise SpaceError(f"unknown space {name!r}: choose one of {', '.join(SPACES)}, or your own: FILE.py:NAME")
    return SPACES[name]


def check(name: str) -> None:
    """Checks that the space called `name`, or the file that it refers to, exists; loads nothing.

    Raises:
        SpaceError: It does not exist.
    """
    file = _file(name)
    if not is_custom(name):
        get(name)
    elif file is not None and not file.is_file():
        is_there = file.is_dir()
        raise SpaceError(f"{str(file)!r} is a folder: name a file" if is_there else f"there is no file {str(file)!r}")


def load(name: str, input_shape: tuple[int, ...], num_classes: int) -> "SearchSpace | CustomSpace":
    """The space called `name`, or the user's own, for images of `input_shape` in `num_classes` classes.

    Importing the user's own space runs its code.

    Raises:
        SpaceError: There is no such space, or it does not work.
    """
    check(name)
    if not is_custom(name):
        return get(name)
    from keras_search.search_spaces import custom

    return custom.load(name, input_shape, num_classes)


__all__ = [
    "SPACES",
    "Hyperparameter",
    "SearchSpace",
    "SpaceError",
    "check",
    "code",
    "fingerprint",
    "get",
    "is_custom",
    "load",
    "resolved",
]
