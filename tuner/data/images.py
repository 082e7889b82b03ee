"""Images as models are trained on them, converted from an array as it is stored only where they are read."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

# Bytes of float32 that are converted at once, unless a single image is larger.
_AT_ONCE = 2**25


class Images:
    """Images in float32 with channels, from 0 to 1 if they are stored as bytes. Not an array, but read like one.

    Args:
        stored: The array as it is stored: (images, height, width), or with channels.
        rows: Which images of it, in this order; None for all.
        copy: The file for them as one array; None if that is not to be written.
    """

    dtype = np.dtype("float32")

    def __init__(self, stored: np.ndarray, rows: np.ndarray | None = None, copy: Path | None = None) -> None:
        self.stored = stored
        self.rows = rows
        self.copy = copy

    @property
    def shape(self) -> tuple[int, ...]:
        inner = self.stored.shape[1:]
        return (len(self), *inner) if self.stored.ndim == 4 else (len(self), *inner, 1)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_scaled(self) -> bool:
        """Whether the images are stored as bytes."""
        return self.stored.dtype == np.uint8

    def __len__(self) -> int:
        return len(self.stored if self.rows is None else self.rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        first, *inner = index if isinstance(index, tuple) else (index,)
        if first is Ellipsis:
            return np.asarray(self)[index]
        stored = self.stored[first if self.rows is None else self.rows[first]]
        images = self._converted(stored, is_one=stored.ndim < self.stored.ndim)
        return images[(slice(None),) * (not isinstance(first, int | np.integer)) + tuple(inner)] if inner else images

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[number] for number in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def take(self, rows: np.ndarray) -> "Images":
        """Those of the images that `rows` names, in this order."""
        return Images(self.stored, rows if self.rows is None else self.rows[rows])

    def parts(self) -> Iterator[np.ndarray]:
        """All images, in their order, some at a time."""
        step = max(1, _AT_ONCE // max(1, 4 * math.prod(self.shape[1:])))
        return (self[begin : begin + step] for begin in range(0, len(self), step))

    def min(self) -> np.float32:
        return min(part.min() for part in self.parts())

    def max(self) -> np.float32:
        return max(part.max() for part in self.parts())

    def _converted(self, stored: np.ndarray, is_one: bool) -> np.ndarray:
        with np.errstate(over="ignore"):
            images = np.ascontiguousarray(stored, dtype="float32")
        if self.is_scaled:
            # Dividing in float32 gives the same numbers as dividing in float64 and rounding to float32.
            images /= 255
        return images if images.ndim == 4 - is_one else images[..., np.newaxis]


def taken(images: "Images | np.ndarray", rows: np.ndarray) -> "Images | np.ndarray":
    """The `rows` of `images`."""
    return images.take(rows) if isinstance(images, Images) else images[rows]
