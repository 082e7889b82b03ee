"""The graph of a `tf.data.Dataset` without its data: the same elements from it, again and again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_search.tuner.data import shared, tf_graphs, tf_random

X, Y = np.arange(400, dtype="float32").reshape(40, 10), np.arange(40) % 3
Dataset = tf.data.Dataset


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the small arrays of these tests for large ones."""
    monkeypatch.setattr(tf_graphs, "LARGE", 100)


@pytest.fixture
def unseeded() -> None:
    """TensorFlow without a seed."""
    tf.random.set_seed(None)


def source() -> Dataset:
    return Dataset.from_tensor_slices((X, Y))


def plain(dataset: Dataset) -> list[list[Any]]:
    """The elements of `dataset`, as lists."""
    return [[np.asarray(part).tolist() for part in tf.nest.flatten(element)] for element in dataset]


def again(dataset: Dataset, folder: Path, seed: int = 0) -> Dataset:
    """`dataset` as a trial in another process has it."""
    return shared.load(shared.Store(folder).all(dataset), seed)


PIPELINES: dict[str, Callable[[], Dataset]] = {
    "shuffle": lambda: source().shuffle(20, seed=1).batch(8),
    "shuffled once": lambda: source().shuffle(20, seed=1, reshuffle_each_iteration=False).batch(8),
    "parallel map": lambda: source().map(lambda a, b: (a * 2, b), num_parallel_calls=-1).batch(8, drop_remainder=True),
    "parallel batch": lambda: source().batch(8, num_parallel_calls=2, deterministic=True).prefetch(2),
    "dict": lambda: Dataset.from_tensor_slices({"a": X, "b": {"c": Y}}).map(lambda d: (d["a"], d["b"]["c"])).batch(8),
    "named features": lambda: Dataset.from_tensor_slices(({"a": X, "b": X}, Y)).batch(8),
    "zip": lambda: Dataset.zip((Dataset.from_tensor_slices(X), Dataset.from_tensor_slices(Y))).repeat(2).batch(8),
    "unbatch": lambda: source().batch(8).unbatch().take(20).skip(3).batch(4),
    "filter": lambda: source().filter(lambda a, b: b > 0).cache().batch(8),
    "concatenate": lambda: source().concatenate(source()).shard(2, 1).batch(8),
    "flat map": lambda: source().flat_map(lambda a, b: Dataset.from_tensors((a, b)).repeat(2)).batch(8),
    "interleave": lambda: source().interleave(lambda a, b: Dataset.from_tensors((a, b)), cycle_length=3).batch(8),
    "padded batch": lambda: source().padded_batch(8, padded_shapes=([12], [])),
    "enumerate": lambda: source().enumerate().map(lambda number, example: (example[0], number)).batch(8),
    "window": lambda: Dataset.from_tensor_slices(X).window(4).flat_map(lambda part: part.batch(4)),
    "take while": lambda: source().take_while(lambda a, b: tf.reduce_sum(a) < 1000).batch(8),
    "options": lambda: source().batch(8).with_options(tf.data.Options()),
    "by index": lambda: Dataset.range(40).map(lambda number: (tf.gather(X, number), tf.gather(Y, number))).batch(8),
}
# What is not made anew upon another source: the graph is taken apart.
WHOLE: dict[str, Callable[[], Dataset]] = {
    "texts beside numbers": lambda: Dataset.from_tensor_slices((np.array(["a", "bc"] * 20), X)).batch(8),
    "one element": lambda: Dataset.from_tensors(X),
    "in parallel": lambda: source().interleave(
        lambda a, b: Dataset.from_tensors((a, b)), cycle_length=2, num_parallel_calls=2
    ),
    "in a function": lambda: (lambda table: Dataset.range(40).map(lambda number: tf.gather(table, number)))(
        tf.constant(X)
    ),
}


@pytest.mark.parametrize("name", [*PIPELINES, *WHOLE])
def test_every_pipeline_gives_the_same_elements_from_its_graph_and_mapped_files(tmp_path: Path, name: str) -> None:
    make = (PIPELINES | WHOLE)[name]
    expected, dataset = make(), again(make(), tmp_path)
    for _ in range(2):
        assert plain(dataset) == plain(expected)
    assert dataset.element_spec == expected.element_spec
    assert dataset.cardinality() == expected.cardinality()
    if name != "by index":  # whose arrays are constants of the function
        assert list(tmp_path.glob("*.npy")), "the data are in files of their own"


@pytest.mark.parametrize("name", sorted(PIPELINES.keys() - {"by index"}))
def test_the_data_are_taken_out_before_the_graph_is_written(name: str) -> None:
    _, values = tf_graphs.of(PIPELINES[name]())
    assert values
    assert all(isinstance(value, tf.Tensor) for value in values), "no constant was read back from a graph"


def test_a_dataset_larger_than_a_graph_can_be_goes_to_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = np.tile(X, (1, 100))
    monkeypatch.setattr(tf_graphs, "MOST", wide.nbytes // 4)
    make = lambda: Dataset.from_tensor_slices((wide, Y)).shuffle(40, seed=1).map(lambda a, b: (a + 1, b)).batch(8)  # noqa: E731
    assert plain(again(make(), tmp_path)) == plain(make())
    with pytest.raises(ValueError, match="of more than 2 GB with transformations that cannot be told from its data"):
        tf_graphs.of(Dataset.from_tensors(wide))


def test_constants_are_read_from_their_files_where_they_are(tmp_path: Path) -> None:
    stored = shared.Store(tmp_path).all(source().batch(8))
    first, second = shared.load(stored), shared.load(stored)
    assert first.made_by is second.made_by, "one process loads it once"
    mapped = shared.load(stored.constants[0])
    mapped[0] = -1
    assert plain(first)[0][0][0] == [-1.0] * 10


def test_what_is_random_without_a_seed_is_another_in_each_epoch_and_the_same_in_each_repetition(
    tmp_path: Path, unseeded: None
) -> None:
    images = Dataset.from_tensor_slices(X.reshape(40, 5, 2, 1))
    stored = shared.Store(tmp_path).all(
        images.shuffle(40)
        .map(tf.image.random_flip_left_right, num_parallel_calls=4)
        .map(
            lambda image: (
                image + tf.random.normal([5, 2, 1]) + tf.cast(tf.random.uniform([], 0, 9, tf.int32), "float32")
            )
        )
        .batch(8)
    )
    runs = {}
    for seed in (1, 1, 2):
        dataset = shared.load(stored, seed)
        epochs = []
        for epoch in range(2):
            tf_random.begin_epoch(dataset, epoch)
            epochs.append(plain(dataset))
        assert epochs[0] != epochs[1]
        assert runs.setdefault(seed, epochs) == epochs
    assert runs[1][0] != runs[2][0]


def test_a_trial_that_goes_on_at_a_later_epoch_has_what_is_random_there(tmp_path: Path, unseeded: None) -> None:
    stored = shared.Store(tmp_path).all(source().map(lambda a, b: (a + tf.random.uniform([10]), b)).batch(8))
    dataset = shared.load(stored, 3)
    plain(dataset)
    tf_random.begin_epoch(dataset, 1)
    expected = plain(dataset)
    resumed = shared.load(stored, 3).take(5)
    tf_random.begin_epoch(resumed, 1)
    assert plain(resumed) == expected


def test_generators_and_layers_begin_where_the_script_had_them_in_every_trial(tmp_path: Path) -> None:
    generator, flip = tf.random.Generator.from_seed(3), keras.layers.RandomFlip("horizontal", seed=4)
    images = Dataset.from_tensor_slices(X.reshape(40, 5, 2, 1))
    datasets = {
        "noisy": images.map(lambda image: image + generator.normal([5, 2, 1]), num_parallel_calls=4).batch(8),
        "flipped": images.batch(8).map(lambda image: flip(image, training=True), num_parallel_calls=4),
    }
    stored = {name: shared.Store(tmp_path / name).all(dataset) for name, dataset in datasets.items()}
    trials = [
        {name: [plain(dataset) for _ in range(2)] for name, dataset in shared.load(stored).items()} for _ in range(2)
    ]
    assert trials[0] == trials[1]
    for epochs in trials[0].values():
        assert epochs[0] != epochs[1]
    generator.reset_from_seed(3)
    in_order = images.map(lambda image: image + generator.normal([5, 2, 1])).batch(8)
    assert trials[0]["noisy"] == [plain(in_order) for _ in range(2)]


def test_what_runs_python_code_or_holds_state_elsewhere_is_named() -> None:
    own = source().map(lambda a, b: (tf.numpy_function(lambda part: part, [a], tf.float32), b))
    generated = Dataset.from_generator(lambda: iter([1]), output_signature=tf.TensorSpec((), tf.int64))
    for dataset in (own, generated.batch(2)):
        with pytest.raises(ValueError, match=r"that runs Python code \(from_generator, py_function\)"):
            tf_graphs.of(dataset)
    waiting = tf.queue.FIFOQueue(3, [tf.int64], shapes=[()])
    with pytest.raises(ValueError, match="that holds state outside its graph"):
        tf_graphs.of(Dataset.range(3).map(lambda number: waiting.dequeue() + number))


def test_tables_arrive_with_what_they_hold(tmp_path: Path) -> None:
    keys, values = tf.constant([0, 1, 2], tf.int64), tf.constant([5, 6, 7])
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), 0)
    dataset = Dataset.range(3).map(table.lookup)
    assert plain(again(dataset, tmp_path)) == [[5], [6], [7]]
