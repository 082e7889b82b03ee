"""Data that every process of a search uses: one copy on disk, and the same to every trial."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from keras_search.tuner.data import shared
from keras_search.tuner.fast import tensors

X = np.arange(24, dtype="float32").reshape(8, 3)


def shuffled() -> tf.data.Dataset:
    return tf.data.Dataset.range(20).shuffle(20, seed=3)


def orders(data: Any) -> list[list[int]]:
    """Two passes through a dataset."""
    return [[int(number) for number in data] for _ in range(2)]


def test_arrays_come_back_as_they_were_from_files_that_are_mapped(tmp_path: Path) -> None:
    words, weights = np.array(["a", "b"], dtype=object), {0: 1.0}
    given = ((X, {"held out": [X * 2, None]}), words, weights, "steps")
    stored = shared.Store(tmp_path / "data").all(given)
    assert len(list((tmp_path / "data").iterdir())) == 2
    (x, held_out), *others = shared.load(stored)
    assert isinstance(x, np.memmap)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(held_out["held out"][0], X * 2)
    assert others[0] is words
    assert others[1:] == [weights, "steps"]
    assert shared.load(stored)[0][0] is x, "one process maps it once"


def test_what_another_search_writes_in_its_place_is_what_is_loaded(tmp_path: Path) -> None:
    stored = shared.Store(tmp_path).all(X)
    shared.load(stored)
    assert shared.Store(tmp_path).all(X + 1) == stored
    os.utime(stored.path, (1, 1))
    np.testing.assert_array_equal(shared.load(stored), X + 1)


def test_a_trial_may_write_into_its_arrays_and_no_other_sees_it(tmp_path: Path) -> None:
    stored = shared.Store(tmp_path).all(X)
    shared.load(stored)[0] = -1
    np.testing.assert_array_equal(np.load(stored.path), X)


def test_a_dataset_is_shuffled_anew_in_the_same_orders_for_every_trial(tmp_path: Path) -> None:
    given = shuffled()
    expected = orders(shuffled())
    for stored in (shared.Store(tmp_path).all(given), shared.hold(given)):
        assert orders(shared.load(stored)) == expected
        assert orders(shared.load(stored)) == expected
    assert expected[0] != expected[1]


def test_in_one_process_only_what_shuffles_is_replaced() -> None:
    plain, own = tf.data.Dataset.range(3), tf.data.Dataset.range(3).map(lambda x: tf.py_function(int, [x], tf.int64))
    given = (X, plain, own.shuffle(3))
    held = shared.hold(given)
    assert all(kept is own for kept, own in zip(held, given, strict=True)), "the last runs Python code"


def test_a_dataset_that_runs_python_code_goes_nowhere(tmp_path: Path) -> None:
    own = tf.data.Dataset.from_generator(lambda: iter([1]), output_signature=tf.TensorSpec((), tf.int64))
    with pytest.raises(ValueError, match=r"that runs Python code \(from_generator, py_function\)"):
        shared.Store(tmp_path).all(own)


def test_a_folder_of_data_lasts_as_long_as_its_process_needs_it(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = platform.node()
    left, others = tmp_path / f".data-{host}-{ended.pid}", [f".data-{host}-{os.getppid()}", ".data-elsewhere-1"]
    for name in (left.name, *others):
        (tmp_path / name).mkdir()
    with shared.folder(tmp_path) as own:
        shared.Store(own).all(X)
        assert {path.name for path in tmp_path.iterdir()} == {own.name, *others}
    assert {path.name for path in tmp_path.iterdir()} == set(others)


@pytest.mark.parametrize("dtype", ["float16", "float64", "int32", "uint8", "int64"])
def test_floats_become_tensors_of_keras_width_and_whole_numbers_stay(dtype: str) -> None:
    made = tensors.tensor(X.astype(dtype))
    assert made.dtype.name == ("float32" if dtype.startswith("float") else dtype)
    np.testing.assert_array_equal(made.numpy(), X)


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="a GPU has a memory of its own")
def test_a_mapped_array_is_a_tensor_without_a_copy(tmp_path: Path) -> None:
    mapped = shared.load(shared.Store(tmp_path).all(X))
    made = tensors.tensor(mapped)
    mapped[0, 0] = 7
    assert made.numpy()[0, 0] == 7
