"""Arrays in files that all processes map: files of their own, or the part of the user's file where they lie."""

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_search.results import files
from keras_search.tuner.data.images import Images
from keras_search.tuner.errors import InputError


@dataclass(frozen=True)
class Part:
    """The part of a file in which an array lies.

    Attributes:
        offset: Where it begins, in bytes.
        kind: The array's type, as NumPy writes it.
        shape: Its shape.
        stamp: The size and the time of change of the file.
    """

    offset: int
    kind: str
    shape: tuple[int, ...]
    stamp: tuple[int, int]


@dataclass(frozen=True)
class StoredArray:
    """An array in a `.npy` file, or in a part of another file.

    Attributes:
        path: The file.
        part: The part; None for a `.npy` file.
    """

    path: Path
    part: Part | None = None

    def load(self) -> np.ndarray:
        """The array, mapped.

        Raises:
            InputError: The user's file has changed.
        """
        written = _stamp(self.path)
        if self.part is not None and written != self.part.stamp:
            raise InputError(
                f"{str(self.path)!r} has changed since the search began: put the old file back, or search anew"
            )
        return _mapped(self, written)


@dataclass(frozen=True)
class StoredImages:
    """Images (`Images`) whose array is stored.

    Attributes:
        stored: The array.
        rows: Which images of it; None for all.
        copy: The file for the images as one array, written by the first process that needs it.
    """

    stored: StoredArray
    rows: StoredArray | None
    copy: Path

    def load(self) -> Images:
        return Images(self.stored.load(), None if self.rows is None else self.rows.load(), self.copy)


def in_place(array: np.ndarray, is_ours: bool = False) -> StoredArray | None:
    """Where `array` lies in a file that is mapped already; None if it does not, or may differ from the file.

    Args:
        is_ours: Whether this toolkit has mapped it, so that nobody has written into its pages.
    """
    root: Any = array
    while isinstance(root, np.ndarray) and not (isinstance(root, np.memmap) and not isinstance(root.base, np.ndarray)):
        root = root.base
    if not isinstance(root, np.memmap) or not isinstance(root.filename, str | os.PathLike):
        return None
    if not array.flags.c_contiguous or array.dtype.hasobject or not (is_ours or root.mode == "r"):
        return None
    path = Path(root.filename).absolute()
    offset = root.offset + array.ctypes.data - root.ctypes.data
    return StoredArray(path, Part(offset, array.dtype.str, array.shape, _stamp(path)))


def write(path: Path, array: "np.ndarray | Images") -> None:
    """Writes `array` to the `.npy` file `path`, whole; images are converted on the way, some at a time."""
    files.check_writable(path.parent, array.size * array.dtype.itemsize)  # NumPy does not say that a disk is full
    if not isinstance(array, Images):
        np.save(path, array)
        return
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
        np.lib.format.write_array_header_2_0(file, header)
        for part in array.parts():
            file.write(np.ascontiguousarray(part).data)


def whole(images: Any) -> Any:
    """`images` as one array, mapped where they are stored in a file; anything else as it is."""
    if not isinstance(images, Images):
        return images
    if images.copy is None:
        return np.asarray(images)
    if not images.copy.exists():
        images.copy.parent.mkdir(parents=True, exist_ok=True)
        write(images.copy, images)
    return StoredArray(images.copy).load()


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@functools.lru_cache(maxsize=32)
def _mapped(stored: StoredArray, written: tuple[int, int]) -> np.ndarray:
    # `written` keeps the data of different searches apart, whose files may have the same path.
    # Copy-on-write: nothing writes to it, but TensorFlow refuses read-only memory.
    if stored.part is None:
        return np.load(stored.path, mmap_mode="c", allow_pickle=False)
    part = stored.part
    return np.memmap(stored.path, np.dtype(part.kind), "c", part.offset, part.shape)
