"""Data in the forms that users have them: lists, tables, tensors, batches of a fixed size; and what is none is said."""

import itertools
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import sparse

from keras_search.results import layout
from keras_search.results.reading import trial_rows
from keras_search.tuner import Tuner
from keras_search.tuner.errors import InputError
from tests.helpers import mostly_slow

RNG = np.random.default_rng(0)
X = RNG.random((32, 4), dtype="float32")
Y = RNG.integers(0, 2, 32)
WORDS = np.where(Y, "cat", "dog")


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    hp.Int("units", 2, 8)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


class PassesOn(keras_tuner.HyperModel):
    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return build(hp)

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        return model.fit(*args, **kwargs)


def search(folder: Path, *args: Any, hypermodel: Any = build, **kwargs: Any) -> trial_rows.Row:
    tuner = Tuner(hypermodel, "val_loss", 1, workers=0, directory=folder, project_name="run")
    tuner.search(*args, **kwargs, verbose=0)
    return trial_rows.read_trial(folder / "run" / "trial_0")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> float:
    return search(tmp_path_factory.mktemp("arrays"), X, Y, validation_data=(X, Y))["score"]


@pytest.mark.parametrize(
    ("x", "y"),
    mostly_slow(
        [
            pytest.param(X.tolist(), Y.tolist(), id="lists"),
            pytest.param(tuple(map(tuple, X.tolist())), tuple(Y), id="tuples"),
            pytest.param(list(X), list(Y), id="lists of arrays"),
            pytest.param(X.astype(object), Y.astype(object), id="objects"),
            pytest.param(pd.DataFrame(X), pd.Series(Y), id="pandas"),
            pytest.param(tf.constant(X), tf.constant(Y), id="tensors"),
        ],
        1,
    ),
)
def test_they_are_trained_on_as_arrays_are(x: Any, y: Any, expected: float, tmp_path: Path) -> None:
    assert search(tmp_path / "default", x, y, validation_data=[x, y])["score"] == pytest.approx(expected)
    row = search(tmp_path / "own", y=y, x=x, validation_data=(x, y), hypermodel=PassesOn())
    assert row["score"] == pytest.approx(expected)


def test_sparse_data_and_several_inputs_are_as_in_keras(tmp_path: Path) -> None:
    x = sparse.csr_matrix(X)
    assert search(tmp_path / "sparse", x, Y, validation_data=(x, Y))["status"] == "COMPLETED"

    def of_two(hp: keras_tuner.HyperParameters) -> keras.Model:
        inputs = [keras.Input((4,)), keras.Input((1,))]
        model = keras.Model(inputs, keras.layers.Dense(hp.Int("units", 1, 4))(keras.layers.Concatenate()(inputs)))
        model.compile("sgd", "mse")
        return model

    x = [X, Y[:, None].tolist()]
    assert search(tmp_path / "two", x, Y, validation_data=(x, Y), hypermodel=of_two)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        pytest.param(X, WORDS, "y holds text ('cat', 'dog'): pass numbers, made by classes, y = np.", id="words"),
        pytest.param(X, WORDS.tolist(), "y holds text ('cat', 'dog'): ", id="list of words"),
        pytest.param(X, pd.Series(WORDS), "y holds text ('cat', 'dog'): ", id="series of words"),
        pytest.param([[1.0] * 4, [2.0] * 3] * 16, Y, "x is a list of 32 parts whose lengths differ: pad", id="ragged"),
        pytest.param(pd.DataFrame({"a": ["u", "v"], "b": 1}), [0, 1], "x holds objects (int, str), not", id="mixed"),
        pytest.param([[1.0, None]] * 32, Y, "x holds objects (NoneType, float), not numbers", id="gaps"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_in_one_line(x: Any, y: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        search(tmp_path, x, y, validation_split=0.5)
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.rglob(layout.TRIAL)), "a trial was begun"


def test_a_model_of_ones_own_may_learn_from_words(tmp_path: Path) -> None:
    class Reads(keras.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.lookup = keras.layers.StringLookup(vocabulary=["cat", "dog"], num_oov_indices=0)

        def train_step(self, data: Any) -> dict[str, tf.Tensor]:
            return super().train_step((data[0], self.lookup(data[1])))

        def test_step(self, data: Any) -> dict[str, tf.Tensor]:
            return super().test_step((data[0], self.lookup(data[1])))

    def reading(hp: keras_tuner.HyperParameters) -> keras.Model:
        inputs = keras.Input((4,))
        model = Reads(inputs, keras.layers.Dense(2, "softmax")(inputs))
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    row = search(tmp_path, X, WORDS.tolist(), validation_data=(X, WORDS.tolist()), hypermodel=reading)
    assert row["status"] == "COMPLETED", row["error"]


def test_no_message_holds_the_data(tmp_path: Path) -> None:
    class Refuses(PassesOn):
        def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
            raise ValueError(f"what is {args[0].tolist() * 100}?\n" + "line\n" * 5000)

    row = search(tmp_path, X, Y, validation_data=(X, Y), hypermodel=Refuses())
    assert row["error"].startswith("ValueError: what is [[")
    assert len(row["error"]) < 600
    assert (tmp_path / "run" / "trial_0" / layout.TRIAL).stat().st_size < 20_000


def of_its_batch_size() -> keras.Model:
    return keras.Sequential([keras.Input((4,), batch_size=8), keras.layers.Dense(2, "softmax")])


def stateful() -> keras.Model:
    """Made by its first batch."""
    recurrent = keras.layers.SimpleRNN(3, stateful=True)
    return keras.Sequential([keras.layers.Reshape((2, 2)), recurrent, keras.layers.Dense(2, "softmax")])


@pytest.mark.slow
@pytest.mark.parametrize("made", [of_its_batch_size, stateful])
def test_a_fixed_batch_size_is_kept(made: Callable[[], keras.Model], tmp_path: Path) -> None:
    def compiled(hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Int("units", 2, 8)
        model = made()
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    row = search(tmp_path, X, Y, validation_data=(X, Y), batch_size=8, shuffle=False, hypermodel=compiled)
    assert row["status"] == "COMPLETED", row["error"]
    keras.utils.set_random_seed(row["seed"])
    expected = compiled(keras_tuner.HyperParameters())
    history = expected.fit(X, Y, validation_data=(X, Y), batch_size=8, shuffle=False, verbose=0).history
    assert row["score"] == pytest.approx(history["val_loss"][0], rel=1e-4)


def test_keras_blames_nobody_for_its_own_defaults(tmp_path: Path) -> None:
    def batches() -> Iterator[Any]:
        for _ in range(2):
            yield X, Y

    signature = (tf.TensorSpec((32, 4), tf.float32), tf.TensorSpec((32,), tf.int32))
    endless = (batch for batch in itertools.repeat((X, Y)))
    for number, (data, told) in enumerate(
        [(tf.data.Dataset.from_generator(batches, output_signature=signature), {}), (endless, {"steps_per_epoch": 2})]
    ):
        with warnings.catch_warnings():
            warnings.filterwarnings("error", category=UserWarning)
            row = search(tmp_path / str(number), data, epochs=2, validation_data=(X, Y), **told)
        assert (row["status"], row["epochs_run"]) == ("COMPLETED", 2), row["error"]
