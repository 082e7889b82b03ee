"""The state of a training between two epochs, in a file: whole, of one model, and all that the next epoch needs."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.trial import checkpoint

RNG = np.random.default_rng(0)
X = RNG.random((96, 6), dtype="float32")
Y = RNG.integers(0, 3, 96)
PARTS = [layers.Dense(5, "relu"), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(3, "softmax")]


def model(*first: Any, compiled: bool = True) -> keras.Model:
    """With dropout and batch norm: state that a weights file does not hold, and state that it does."""
    keras.utils.set_random_seed(5)
    made = keras.Sequential([*first, *(layer.from_config(layer.get_config()) for layer in PARTS)])
    if compiled:
        made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def of_six(compiled: bool = True) -> keras.Model:
    return model(layers.Input((6,)), compiled=compiled)


def same(model: keras.Model, other: keras.Model) -> bool:
    pairs = zip(checkpoint.values(model), checkpoint.values(other), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.npz"


@pytest.mark.slow
def test_a_training_that_goes_on_equals_one_without_a_break(path: Path) -> None:
    whole = of_six()
    whole.fit(X, Y, epochs=4, verbose=0)
    part = of_six()
    part.fit(X, Y, epochs=2, verbose=0)
    checkpoint.save(part, 2, path)
    later = of_six()
    begun = checkpoint.load(later, path)
    later.fit(X, Y, initial_epoch=begun, epochs=4, verbose=0)
    assert begun == 2
    assert same(whole, later)


def test_another_models_checkpoint_is_refused_and_changes_nothing(path: Path) -> None:
    deeper = keras.Sequential([layers.Input((6,)), layers.Dense(3), layers.Dense(3)])
    deeper.compile("sgd", "mse")
    checkpoint.save(deeper, 1, path)
    fresh = of_six()
    before = checkpoint.values(fresh)
    with pytest.raises(ValueError, match=r"state\.npz' is of another model: delete the run, or undo the change$"):
        checkpoint.load(fresh, path)
    assert all(map(np.array_equal, before, checkpoint.values(fresh)))


def test_a_model_that_fit_compiles_gets_its_weights(path: Path) -> None:
    trained = of_six()
    trained.fit(X, Y, verbose=0)
    checkpoint.save(trained, 1, path)
    plain = of_six(compiled=False)
    assert checkpoint.load(plain, path) == 1
    assert all(map(np.array_equal, plain.get_weights(), trained.get_weights()))


def test_a_file_that_was_damaged_is_not_whole(path: Path) -> None:
    assert not checkpoint.is_whole(path)
    checkpoint.save(of_six(), 1, path)
    assert checkpoint.is_whole(path)
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    assert not checkpoint.is_whole(path)
    first = content.index(b"NUMPY")
    for place in range(first, first + 100, 10):
        path.write_bytes(overwritten(content, place))
        assert not checkpoint.is_whole(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    assert not checkpoint.is_whole(path)


def test_whatever_was_overwritten_is_no_error(path: Path) -> None:
    checkpoint.save(of_six(), 1, path)
    content = path.read_bytes()
    directory = content.index(b"PK\x01\x02")  # the zip's own, which says how each array is packed, and where
    for place in range(directory, directory + 60):
        path.write_bytes(overwritten(content, place))
        checkpoint.is_whole(path)


def overwritten(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


def test_a_model_that_its_first_batch_built_is_built_by_its_checkpoint(path: Path) -> None:
    trained = model()
    trained.fit(X, Y, verbose=0)
    checkpoint.save(trained, 3, path)
    epoch, shapes = checkpoint.read(path)
    assert epoch == 3
    later = model()
    checkpoint.build(later, shapes)
    assert later.built
    checkpoint.load(later, path)
    assert same(trained, later)


@pytest.mark.parametrize(
    "x",
    [
        X,
        tf.data.Dataset.from_tensor_slices((X, Y)).batch(16),
        tf.data.Dataset.from_generator(
            lambda: iter([(X, Y)]), output_signature=(tf.TensorSpec((None, 6)), tf.TensorSpec(None))
        ),
    ],
    ids=["array", "dataset", "generator"],
)
def test_data_build_a_model_for_batches_of_any_size(x: Any) -> None:
    fresh = model()
    checkpoint.build(fresh, None, x)
    assert fresh.built
    assert fresh.input_shape == (None, 6)


def test_what_is_no_array_is_left_to_the_first_batch() -> None:
    fresh = model()
    checkpoint.build(fresh, None, iter([(X, Y)]))
    assert not fresh.built
    texts = keras.Sequential([layers.TextVectorization(vocabulary=["a"]), layers.Embedding(3, 2)])
    checkpoint.build(texts, None, np.array([["a"], ["b"]], dtype=object))


def test_a_layer_that_keeps_a_state_for_each_example_has_batches_of_one_size() -> None:
    fresh = keras.Sequential([layers.GRU(2, stateful=True), layers.Dense(1)])
    checkpoint.build(fresh, None, np.ones((64, 3, 4), "float32"), batch_size=16)
    assert fresh.built
    assert fresh.layers[0].states[0].shape == (16, 2)
