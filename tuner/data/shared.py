"""Data for all processes of a search: written to disk once, then mapped into memory, so that all share one copy."""

import contextlib
import functools
import itertools
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import psutil

from keras_search.results import files, layout
from keras_search.tuner.data import tf_datasets

if TYPE_CHECKING:
    from keras_search.tuner.data.tf_graphs import Graph, Pipeline


@dataclass(frozen=True)
class StoredArray:
    """An array in a `.npy` file."""

    path: Path


@dataclass(frozen=True)
class StoredDataset:
    """A `tf.data.Dataset` as its graph, and its large constants; every trial makes it anew.

    Attributes:
        graph: The graph, without its definition.
        definition: The file of that.
        constants: The files of the large constants.
    """

    graph: "Graph"
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


def store(data: Any, folder: Path) -> Any:
    """Writes the arrays and datasets in `data` into `folder`, and returns `data` with references in their places.

    Args:
        data: The arguments of a `fit`: any nesting of tuples, lists and dicts.

    Raises:
        ValueError: A `tf.data.Dataset` runs Python code, so no other process can use it.
    """
    return Store(folder).all(data)


class Store:
    """Writes arrays and datasets into a folder, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        # With what is stored, as another object may later have the same id.
        self._stored: dict[int, tuple[Any, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def all(self, data: Any) -> Any:
        """`data`, in any nesting, with references in the places of its arrays and datasets."""
        return keras.tree.map_structure(self.place, data)

    def place(self, leaf: Any) -> Any:
        """The reference to `leaf` if that is an array or a dataset; else `leaf` itself."""
        write: Any = self._dataset if tf_datasets.is_dataset(leaf) else self._array if _is_array(leaf) else None
        if write is None:
            return leaf
        if id(leaf) not in self._stored:
            self._stored[id(leaf)] = leaf, write(leaf)
        return self._stored[id(leaf)][1]

    def _array(self, array: np.ndarray) -> StoredArray:
        path = self._path("npy")
        files.check_writable(self._folder, array.nbytes)  # NumPy does not say that a disk is full
        np.save(path, array)
        return StoredArray(path)

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


def load(data: Any, seed: int = 0) -> Any:
    """The data that `store` or `hold` was given, with arrays mapped from their files.

    Args:
        seed: For what is random in a dataset and has no seed.
    """

    def fetch(leaf: Any) -> Any:
        if isinstance(leaf, StoredArray):
            return _mapped(leaf.path, leaf.path.stat().st_mtime_ns)
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
def _mapped(path: Path, written: int) -> np.ndarray:
    # `written` keeps the data of different searches apart, whose files may have the same path.
    # Copy-on-write: nothing writes to it, but TensorFlow refuses read-only memory.
    return np.load(path, mmap_mode="c", allow_pickle=False)


@functools.lru_cache(maxsize=32)
def _pipeline(stored: StoredDataset, written: int) -> "Pipeline":
    from keras_search.tuner.data import tf_graphs

    graph = replace(stored.graph, definition=stored.definition.read_bytes())
    return tf_graphs.Pipeline(graph, load(list(stored.constants)))
