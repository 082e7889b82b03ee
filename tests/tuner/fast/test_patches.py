"""What makes training faster is put on a model where it applies, and is off every model that a user gets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner import Tuner
from keras_search.tuner.fast import operations as compiled
from keras_search.tuner.fast import patches
from keras_search.tuner.fast.accelerations import ACCELERATIONS
from tests.helpers import ROOT
from tests.tuner.small_models import small_model

RNG = np.random.default_rng(0)
X = RNG.random((40, 8, 8, 1), dtype="float32")
Y = RNG.integers(0, 3, 40)


built: list[keras.Model] = []


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    """Has whatever is sped up, some of it in a model within the model; keeps what it makes."""
    inner = keras.Sequential([keras.Input((4, 4, 2)), layers.BatchNormalization(), layers.Flatten(), layers.Dense(4)])
    first = [keras.Input((8, 8, 1)), layers.Conv2D(2, 3, padding="same", activation="relu"), layers.MaxPooling2D(2)]
    model = keras.Sequential([*first, inner, layers.Dense(hp.Int("units", 3, 9)), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    built.append(model)
    return model


class Keeps(keras.callbacks.Callback):
    """Keeps the model, and exports and predicts while it is being trained."""

    model_kept: ClassVar[Any] = None
    weights: ClassVar[list[np.ndarray]] = []
    predicted: ClassVar[Any] = None

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        # At the end of training, Keras 3.8 would forget the history of `fit` for that of `predict`.
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


def test_no_attribute_is_left_that_keras_would_not_have(searched: tuple[Path, Tuner], plain: keras.Model) -> None:
    _, tuner = searched
    [best] = tuner.get_best_models()
    [trial] = tuner.oracle.get_best_trials()
    for model in (best, Keeps.model_kept, tuner.load_model(trial), *built):
        assert_as_keras(model, plain)


def test_nor_in_a_model_that_is_trained_once_more(tmp_path: Path, plain: keras.Model) -> None:
    tuner = Tuner(build, max_trials=1, workers=0, keep_weights=0, directory=tmp_path)
    tuner.search(X, Y, validation_data=(X, Y), epochs=1, verbose=0)
    before = len(built)
    [best] = tuner.get_best_models()
    assert len(built) == before + 2, "one is trained, and one gets its weights"
    for model in (best, *built):
        assert_as_keras(model, plain)


def assert_as_keras(model: keras.Model, plain: keras.Model) -> None:
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


def own_methods(model: keras.Model) -> set[tuple[str, str]]:
    """The methods that objects of `model` have of their own, by the object's class."""
    of_steps = ("make_train_function", "make_test_function", "train_step", "test_step", "fit")
    names = ("call", "_compute_attention", "update_step", "_apply_weight_decay", *of_steps)
    return {(type(part).__name__, name) for part in parts(model) for name in names if name in vars(part)}


def of_images() -> keras.Model:
    return build(keras_tuner.HyperParameters())


def of_tokens() -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    tokens = layers.LSTM(4, return_sequences=True)(layers.Reshape((8, 8))(inputs))
    tokens = layers.LayerNormalization()(tokens + layers.MultiHeadAttention(2, 2)(tokens, tokens))
    model = keras.Model(inputs, layers.Dense(3, "softmax")(layers.GlobalAveragePooling1D()(tokens)))
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    return model


REPLACED = {
    "adam": {("Adam", "update_step"), ("Adam", "_apply_weight_decay")},
    "rmsprop": {("RMSprop", "update_step"), ("RMSprop", "_apply_weight_decay")},
    "dense": {("Dense", "call")},
    "batch_norm": {("BatchNormalization", "call")},
    "pooling": {("MaxPooling2D", "call")},
    "recurrent": {("LSTM", "call")},
    "layer_norm": {("LayerNormalization", "call")},
    "attention": {("MultiHeadAttention", "_compute_attention")},
}
COMPILED = {"pooling", "recurrent", "layer_norm", "attention"}


@pytest.mark.parametrize(
    ("make", "lacking"),
    [
        (of_images, {"sgd", "rmsprop", "recurrent", "layer_norm", "attention"}),
        (of_tokens, {"adam", "sgd", "batch_norm", "pooling"}),
    ],
)
def test_each_is_put_on_and_taken_off_alone(make: Callable[[], keras.Model], lacking: set[str]) -> None:
    model = make()
    patches.accelerate(model, seed=0)
    model.fit(X, Y, validation_data=(X, Y))
    off = {name: why for name, why in patches.status(model).items() if why is not True}
    assert off.keys() == lacking | (set() if compiled.load() is not None else COMPILED)
    replaced = REPLACED | {"fit": {(type(model).__name__, f"make_{what}_function") for what in ("train", "test")}}
    for one in ACCELERATIONS:
        before = own_methods(model)
        one.undo(model)
        assert before - own_methods(model) == (set() if one.name in off else replaced.get(one.name, set())), one.name
    assert np.isfinite(model.fit(X, Y).history["loss"]).all()
    patches.restore(model)
    assert own_methods(model) == set()


def test_the_page_on_speed_tells_what_each_does() -> None:
    lines = (ROOT / "docs" / "speed.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("| `")] == [
        f"| `{one.name}` | {one.what} |" for one in ACCELERATIONS
    ]


def test_what_is_compiled_anew_is_sped_up_by_the_next_fit() -> None:
    model = small_model()
    model.compile("sgd", "sparse_categorical_crossentropy")
    patches.accelerate(model, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y)
    assert patches.status(model)["adam"] is True
    patches.restore(model)
    assert own_methods(model) == set()


def test_methods_of_the_users_own_are_left_alone() -> None:
    model = small_model()
    dense = model.layers[-1]
    dense.call = call = dense.call
    patches.accelerate(model, seed=0)
    assert "no Dense" in str(patches.status(model)["dense"])
    model.train_step = step = model.train_step
    model.train_step = own = lambda data: step(data)
    patches.restore(model)
    assert dense.call is call
    assert model.train_step is own


def test_a_model_that_is_sped_up_twice_is_so_once() -> None:
    model, once = small_model(), small_model()
    for _ in range(2):
        patches.accelerate(model, seed=3)
    patches.accelerate(once, seed=3)
    histories = [one.fit(X, Y, epochs=2).history for one in (model, once)]
    assert histories[0] == histories[1]
    assert len(model.fit.hooks) == len(once.fit.hooks)
    patches.restore(model)
    assert own_methods(model) == set()
