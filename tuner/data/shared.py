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
import tensorflow as tf

from keras_search.results import files, layout
from keras_search.tuner import keras_private

# TensorFlow uses an array in place only if its address is a multiple of this many bytes.
_ALIGNMENT = 64

# Bytes; larger arrays stay in main memory, and a GPU is sent their batches.
_MOST_ON_GPU = 2_000_000_000


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
        if isinstance(leaf, tf.data.Dataset):
            path = folder / f"{count}.dataset"
            path.write_bytes(graph(leaf))
            return StoredDataset(path, leaf.element_spec)
        return leaf

    return keras.tree.map_structure(place, data)


def hold(data: Any) -> Any:
    """`data` for trials in this process, with datasets that shuffle in the same orders for every trial.

    A dataset that runs Python code cannot be copied: its orders continue from trial to trial.
    """

    def held(leaf: Any) -> Any:
        if isinstance(leaf, tf.data.Dataset) and _shuffles(leaf):
            with contextlib.suppress(ValueError):
                return StoredDataset(graph(leaf), leaf.element_spec)
        return leaf

    return keras.tree.map_structure(held, data)


def graph(dataset: tf.data.Dataset) -> bytes:
    """The graph of `dataset`; a dataset made from it shuffles in the orders that this one began with.

    Raises:
        ValueError: It has state outside its graph, such as the Python code that it runs.
    """
    try:
        # 2: fail if there is state outside the graph.
        serialized = tf.raw_ops.DatasetToGraphV2(
            input_dataset=tf.data.experimental.to_variant(dataset), external_state_policy=2
        ).numpy()
    except tf.errors.OpError as error:
        raise ValueError(
            "a tf.data.Dataset that runs Python code (from_generator, py_function) or holds state outside its graph"
        ) from error
    if b"SeedGenerator" not in serialized:
        return serialized
    graph = tf.compat.v1.GraphDef.FromString(serialized)
    for node in graph.node:
        # With the original name, it would share the generator of a dataset in the process that loads it.
        for handle in node.attr["value"].tensor.resource_handle_val if node.op == "Const" else ():
            if "SeedGenerator" in handle.name:
                handle.name = "SeedGenerator of its own"
    return graph.SerializeToString()


def dataset(graph: bytes, element_spec: Any) -> tf.data.Dataset:
    """The dataset of a `graph`."""
    return tf.data.experimental.from_variant(tf.raw_ops.DatasetFromGraph(graph_def=graph), element_spec)


def load(data: Any) -> Any:
    """The data that `store` or `hold` was given, with arrays mapped from their files."""

    def fetch(leaf: Any) -> Any:
        if isinstance(leaf, StoredArray):
            return _mapped(leaf.path, leaf.path.stat().st_mtime_ns)
        if isinstance(leaf, StoredDataset):
            graph = leaf.graph.read_bytes() if isinstance(leaf.graph, Path) else leaf.graph
            return dataset(graph, leaf.element_spec)
        return leaf

    return keras.tree.map_structure(fetch, data)


def tensor(array: np.ndarray) -> tf.Tensor:
    """`array` as a tensor, floats converted to Keras's `floatx`, in the memory from which batches are fastest taken.

    Floats go to the memory of the GPU, if there is one and they leave it room for models. All else goes to main memory,
    without a copy where TensorFlow can use the array in place.
    """
    floating = np.issubdtype(array.dtype, np.floating)
    dtype = np.dtype(keras.config.floatx() if floating else array.dtype)
    # On GPUs, TensorFlow's gather supports few integer types; batches of integers (labels) are small anyway.
    if floating and array.size * dtype.itemsize <= _MOST_ON_GPU and tf.config.list_logical_devices("GPU"):
        with contextlib.suppress(tf.errors.ResourceExhaustedError), tf.device("GPU:0"):
            return tf.constant(array, dtype=dtype)
    in_place = (
        isinstance(array, np.memmap)
        and array.dtype == dtype
        and dtype.kind in "iuf"
        and dtype.isnative
        and array.flags.c_contiguous
        and array.flags.writeable
        and array.ctypes.data % _ALIGNMENT == 0
    )
    with tf.device("CPU:0"):
        if in_place:
            return tf.experimental.dlpack.from_dlpack(np.asarray(array).__dlpack__())
        return tf.constant(array, dtype=dtype)


@functools.lru_cache(maxsize=32)
def _mapped(path: Path, written: int) -> np.ndarray:
    # `written` keeps the data of different searches apart, whose files may have the same path.
    # Copy-on-write: nothing writes to it, but TensorFlow refuses read-only memory.
    return np.load(path, mmap_mode="c", allow_pickle=False)


def _shuffles(dataset: tf.data.Dataset) -> bool:
    """Whether the order of `dataset` depends on how often it was iterated over."""
    return "Shuffle" in type(dataset).__name__ or any(map(_shuffles, keras_private.inputs(dataset)))
