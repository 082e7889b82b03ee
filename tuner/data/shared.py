"""Data for all processes of a search: written to disk once, then mapped into memory, so that all share one copy."""

import contextlib
import functools
import itertools
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import psutil

from keras_search.results import layout
from keras_search.tuner.data import array_files, tf_datasets
from keras_search.tuner.data.array_files import StoredArray, StoredImages
from keras_search.tuner.data.images import Images

if TYPE_CHECKING:
    from keras_search.tuner.data.tf_graphs import Graph, Pipeline


@dataclass(frozen=True)
class StoredDataset:
    """A `tf.data.Dataset` as its graph, and its large constants; every trial makes it anew.

    Attributes:
        graph: The graph, without its definition.
        definition: The file of that.
        constants: The files of the large constants.
    """

    graph: "Graph" = field(compare=False)  # it may hold dicts, which have no hash
    definition: Path
    constants: tuple[StoredArray, ...]


@dataclass(frozen=True)
class HeldDataset:
    """A `tf.data.Dataset` in this process, of which every trial makes its own."""

    pipeline: "Pipeline"


@contextlib.contextmanager
def folder(run: Path) -> Iterator[Path]:
    """Gives a folder in `run` for this process alone, to `store` data in; it is removed after the block.

    Folders that killed processes have left behind are removed first.
    """
    prefix = f"{layout.DATA}-{platform.node()}-"
    for existing in run.glob(f"{prefix}*"):
        owner = existing.name.removeprefix(prefix)
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(existing, ignore_errors=True)
    own = run.resolve() / f"{prefix}{os.getpid()}"
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


class Store:
    """Writes arrays and datasets into a folder, each once.

    Args:
        folder: The folder.
        in_place: Whether arrays that are mapped from the user's own files stay there, as on this machine.
    """

    def __init__(self, folder: Path, in_place: bool = False) -> None:
        self._folder = folder
        self._in_place = in_place
        self._numbers = itertools.count(1)
        # With what is stored, as another object may later have the same id.
        self._stored: dict[int, tuple[Any, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def all(self, data: Any) -> Any:
        """`data`, in any nesting of tuples, lists and dicts, with references in the places of its arrays and datasets.

        Raises:
            ValueError: A `tf.data.Dataset` runs Python code, so no other process can use it.
        """
        return keras.tree.map_structure(self.place, data)

    def place(self, leaf: Any) -> Any:
        """The reference to `leaf` if that is an array or a dataset; else `leaf` itself."""
        write: Any = self._images if isinstance(leaf, Images) else self._array
        if tf_datasets.is_dataset(leaf):
            write = self._dataset
        elif not isinstance(leaf, Images) and not _is_array(leaf):
            return leaf
        if id(leaf) not in self._stored:
            self._stored[id(leaf)] = leaf, write(leaf)
        return self._stored[id(leaf)][1]

    def _array(self, array: np.ndarray, is_ours: bool = False) -> StoredArray:
        if self._in_place and (there := array_files.in_place(array, is_ours)) is not None:
            return there
        path = self._path("npy")
        array_files.write(path, array)
        return StoredArray(path)

    def _images(self, images: Images) -> StoredImages:
        key = id(images.stored)
        if key not in self._stored:  # the images for training and for validation are of one array
            self._stored[key] = images.stored, self._array(images.stored, is_ours=True)
        rows = None if images.rows is None else self._array(images.rows)
        return StoredImages(self._stored[key][1], rows, self._path("npy"))

    def _dataset(self, dataset: Any) -> StoredDataset:
        from keras_search.tuner.data import tf_graphs

        graph, constants = tf_graphs.of(dataset)
        path = self._path("dataset")
        path.write_bytes(graph.definition)
        return StoredDataset(
            replace(graph, definition=b""), path, tuple(self._array(np.asarray(value)) for value in constants)
        )

    def _path(self, kind: str) -> Path:
        return self._folder / f"{next(self._numbers)}.{kind}"


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype != object


def hold(data: Any) -> Any:
    """`data` for trials in this process, with datasets that shuffle, crop and so on in the same way for every trial.

    A dataset that runs Python code cannot be copied: its orders continue from trial to trial.
    """

    def held(leaf: Any) -> Any:
        if tf_datasets.is_dataset(leaf) and tf_datasets.changes(leaf):
            from keras_search.tuner.data import tf_graphs

            with contextlib.suppress(ValueError):
                return HeldDataset(tf_graphs.Pipeline(*tf_graphs.of(leaf)))
        return leaf

    return keras.tree.map_structure(held, data)


def load(data: Any, seed: int = 0, takes_images: bool = False) -> Any:
    """The data that a `Store` or `hold` was given, with arrays mapped from their files.

    Args:
        seed: For what is random in a dataset and has no seed.
        takes_images: Whether images may be converted where they are read (`Images`); else they are an array.
    """

    def fetch(leaf: Any) -> Any:
        if isinstance(leaf, StoredArray):
            return leaf.load()
        if isinstance(leaf, StoredImages):
            leaf = leaf.load()
        if isinstance(leaf, Images):
            return leaf if takes_images else array_files.whole(leaf)
        if isinstance(leaf, StoredDataset):
            return _pipeline(leaf, leaf.definition.stat().st_mtime_ns).dataset(seed)
        return leaf.pipeline.dataset(seed) if isinstance(leaf, HeldDataset) else leaf

    return keras.tree.map_structure(fetch, data)


# What becomes of the constants of a dataset that is pickled, as one that a hypermodel holds: they go along.
_KEEPING: ContextVar[Callable[[Any], Any] | None] = ContextVar("how a dataset goes to another process", default=None)


@contextlib.contextmanager
def keeping(store: Store | None) -> Iterator[None]:
    """Pickles datasets in the block as references to files in `store`; None to see only whether they can be pickled."""
    token = _KEEPING.set(_checked if store is None else store.place)
    try:
        yield
    finally:
        _KEEPING.reset(token)


def reduced(dataset: Any) -> tuple[Any, ...]:
    """What makes `dataset` again in another process, as pickle wants it.

    Raises:
        ValueError: It runs Python code.
    """
    from keras_search.tuner.data import tf_graphs

    if (keep := _KEEPING.get()) is not None:
        return load, (keep(dataset),)
    graph, constants = tf_graphs.of(dataset)
    return _made, (graph, list(map(np.asarray, constants)))


def _checked(dataset: Any) -> None:
    from keras_search.tuner.data import tf_graphs

    tf_graphs.of(dataset)


def _made(graph: "Graph", constants: list[np.ndarray]) -> Any:
    from keras_search.tuner.data import tf_graphs

    return tf_graphs.Pipeline(graph, constants).dataset(0)


@functools.lru_cache(maxsize=32)
def _pipeline(stored: StoredDataset, written: int) -> "Pipeline":
    from keras_search.tuner.data import tf_graphs

    graph = replace(stored.graph, definition=stored.definition.read_bytes())
    return tf_graphs.Pipeline(graph, load(list(stored.constants)))
