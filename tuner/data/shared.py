"""Data for all processes of a search: written to disk once, then mapped into memory, so that all share one copy."""

import contextlib
import functools
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil

from keras_search.results import files, layout
from keras_search.tuner.data import tf_datasets


@dataclass(frozen=True)
class StoredArray:
    """An array in a `.npy` file."""

    path: Path


@dataclass(frozen=True)
class StoredDataset:
    """The graph of a `tf.data.Dataset`, or its file; each process that loads it shuffles and maps for itself."""

    graph: bytes | Path
    element_spec: Any


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
    folder.mkdir(parents=True, exist_ok=True)
    count = 0

    def place(leaf: Any) -> Any:
        nonlocal count
        count += 1
        if isinstance(leaf, np.ndarray) and leaf.dtype != object:
            path = folder / f"{count}.npy"
            files.check_writable(folder, leaf.nbytes)  # NumPy does not say that a disk is full
            np.save(path, leaf)
            return StoredArray(path)
        if tf_datasets.is_dataset(leaf):
            path = folder / f"{count}.dataset"
            path.write_bytes(tf_datasets.graph(leaf))
            return StoredDataset(path, leaf.element_spec)
        return leaf

    return keras.tree.map_structure(place, data)


def hold(data: Any) -> Any:
    """`data` for trials in this process, with datasets that shuffle in the same orders for every trial.

    A dataset that runs Python code cannot be copied: its orders continue from trial to trial.
    """

    def held(leaf: Any) -> Any:
        if tf_datasets.is_dataset(leaf) and tf_datasets.shuffles(leaf):
            with contextlib.suppress(ValueError):
                return StoredDataset(tf_datasets.graph(leaf), leaf.element_spec)
        return leaf

    return keras.tree.map_structure(held, data)


def load(data: Any) -> Any:
    """The data that `store` or `hold` was given, with arrays mapped from their files."""

    def fetch(leaf: Any) -> Any:
        if isinstance(leaf, StoredArray):
            return _mapped(leaf.path, leaf.path.stat().st_mtime_ns)
        if isinstance(leaf, StoredDataset):
            graph = leaf.graph.read_bytes() if isinstance(leaf.graph, Path) else leaf.graph
            return tf_datasets.of_graph(graph, leaf.element_spec)
        return leaf

    return keras.tree.map_structure(fetch, data)


@functools.lru_cache(maxsize=32)
def _mapped(path: Path, written: int) -> np.ndarray:
    # `written` keeps the data of different searches apart, whose files may have the same path.
    # Copy-on-write: nothing writes to it, but TensorFlow refuses read-only memory.
    return np.load(path, mmap_mode="c", allow_pickle=False)
