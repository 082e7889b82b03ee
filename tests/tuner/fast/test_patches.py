"""What is replaced while a model is trained is put back in every model that a user gets, and never leaves it."""

from pathlib import Path
from typing import Any, ClassVar

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner import Tuner

RNG = np.random.default_rng(0)
X = RNG.random((40, 8, 8, 1), dtype="float32")
Y = RNG.integers(0, 3, 40)


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    """Has whatever is sped up, some of it in a model within the model."""
    inner = keras.Sequential([keras.Input((4, 4, 2)), layers.BatchNormalization(), layers.Flatten(), layers.Dense(4)])
    first = [keras.Input((8, 8, 1)), layers.Conv2D(2, 3, padding="same", activation="relu"), layers.MaxPooling2D(2)]
    model = keras.Sequential([*first, inner, layers.Dense(hp.Int("units", 3, 9)), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Keeps(keras.callbacks.Callback):
    """Keeps the model, and exports and predicts while it is being trained."""

    model_kept: ClassVar[Any] = None
    weights: ClassVar[list[np.ndarray]] = []
    predicted: ClassVar[Any] = None

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        Keeps.model_kept, Keeps.weights = self.model, self.model.get_weights()
        Keeps.predicted = self.model.predict(X, verbose=0)
        self.model.export(self.folder / "in training", verbose=False)


def parts(model: keras.Model) -> list[Any]:
    return [model, model.optimizer, *model._flatten_layers(include_self=False)]


def operations(folder: Path) -> list[str]:
    """The operations of an exported model, each of its functions by its own."""
    graph = tf.saved_model.load(folder).signatures["serving_default"].graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return sorted(node.op for node in nodes)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tuner]:
    folder = tmp_path_factory.mktemp("searched")
    tuner = Tuner(build, max_trials=1, workers=0, directory=folder)
    tuner.search(X, Y, validation_data=(X, Y), epochs=2, callbacks=[Keeps(folder)], verbose=0)
    return folder, tuner


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plain") / "exported"


@pytest.fixture(scope="module")
def plain(exported: Path) -> keras.Model:
    """Keras's own, after all that is done with the others."""
    path = exported.with_name("one.weights.h5")
    model = build(keras_tuner.HyperParameters())
    model.fit(X, Y, validation_data=(X, Y), epochs=2, verbose=0)
    model.save_weights(path)
    model.load_weights(path)
    model.predict(X, verbose=0)
    model.export(exported, verbose=False)
    return model


@pytest.mark.slow
def test_no_attribute_is_left_that_keras_would_not_have(searched: tuple[Path, Tuner], plain: keras.Model) -> None:
    _, tuner = searched
    [best] = tuner.get_best_models()
    for model in (best, Keeps.model_kept):
        for ours, theirs in zip(parts(model), parts(plain), strict=True):
            assert vars(ours).keys() - vars(theirs).keys() == set()
            assert not any(name in vars(ours) for name in ("call", "fit", "train_step", "test_step", "update_step"))


def test_what_is_exported_is_keras(
    searched: tuple[Path, Tuner], plain: keras.Model, exported: Path, tmp_path: Path
) -> None:
    folder, tuner = searched
    [best] = tuner.get_best_models()
    best.export(tmp_path, verbose=False)
    assert operations(tmp_path) == operations(folder / "in training") == operations(exported)
    plain.set_weights(best.get_weights())
    served = tf.saved_model.load(tmp_path)
    np.testing.assert_allclose(served.serve(X), plain.predict(X, verbose=0), rtol=1e-5)


def test_a_callback_sees_what_keras_predicts(searched: tuple[Path, Tuner], plain: keras.Model) -> None:
    plain.set_weights(Keeps.weights)
    np.testing.assert_array_equal(Keeps.predicted, plain.predict(X, verbose=0))


@pytest.mark.slow
def test_a_user_trains_further_as_by_keras(searched: tuple[Path, Tuner], plain: keras.Model) -> None:
    _, tuner = searched
    [best] = tuner.get_best_models()
    history: list[Any] = []
    for model in (best, plain):
        model.set_weights(Keeps.weights)
        model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
        history.append(model.fit(X, Y, shuffle=False, epochs=2, verbose=0).history)
    assert history[0] == history[1]
    Keeps.model_kept.fit(X, Y, verbose=0)
