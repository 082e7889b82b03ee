"""The deeper CNNs: the documented one is among them, every point works, conditions hold."""

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import search_spaces
from keras_search.search_spaces.losses import SmoothedCrossentropy
from keras_search.tuner import oracles

DEEP = search_spaces.get("deep_cnn")
X = np.random.default_rng(0).random((40, 28, 28, 1), dtype="float32")
Y = np.arange(40) % 10


def point(**values: object) -> keras_tuner.HyperParameters:
    """The baseline point with other values, and with what is active under them at its default."""
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    DEEP.declare(hp)
    return hp


def model(**values: object) -> keras.Model:
    return DEEP.hypermodel((28, 28, 1), 10).build(point(**values))


def test_its_baseline_is_the_documented_model() -> None:
    documented = search_spaces.get("baseline_cnn")
    hp = keras_tuner.HyperParameters()
    hp.values = dict(documented.baseline)
    keras.utils.set_random_seed(0)
    expected = documented.hypermodel((28, 28, 1), 10).build(hp)
    keras.utils.set_random_seed(0)
    built = model(**DEEP.baseline)
    assert built.count_params() == 607_394
    for layer, documented_layer in zip(built.layers, expected.layers, strict=True):
        names = {"name": None}
        assert type(layer) is type(documented_layer)
        assert layer.get_config() | names == documented_layer.get_config() | names
    np.testing.assert_array_equal(built.predict(X, verbose=0), expected.predict(X, verbose=0))
    assert built.optimizer.get_config() | {"name": ""} == expected.optimizer.get_config() | {"name": ""}
    assert built.loss == expected.loss
    assert DEEP.baseline["epochs"] == documented.baseline["epochs"]
    assert DEEP.baseline["batch_size"] == documented.batch_size
    assert DEEP.callbacks(point(**DEEP.baseline)) == []


def test_a_hyperparameter_is_active_where_it_means_something() -> None:
    assert "filters_2" not in DEEP.baseline
    assert "momentum" not in DEEP.baseline
    assert "shift" not in DEEP.baseline
    declared = keras_tuner.HyperParameters()
    DEEP.declare(declared)
    oracle = oracles.make("random", keras_tuner.Objective("val_accuracy", "max"), 50, 0, declared)
    for number in range(30):
        values = oracle.own_answer(str(number))["values"]
        for block in range(1, 5):
            assert (f"filters_{block}" in values) == (block <= values["blocks"])
        assert ("momentum" in values) == ("sgd_learning_rate" in values) == (values["optimizer"] == "sgd")
        assert ("weight_decay" in values) == (values["optimizer"] != "adam")
        assert ("shift" in values) == values["augment"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [
        {"blocks": 4, "batch_norm": True, "pooling": "average", "optimizer": "sgd", "schedule": "cosine", "epochs": 2},
        {"blocks": 2, "kernel_size_2": 5, "pooling": "average", "optimizer": "adamw", "label_smoothing": 0.1},
        {"blocks": 1, "activation": "gelu", "augment": True, "zoom": 0.05, "block_dropout": 0.2},
    ],
)
def test_points_far_from_the_baseline_train(values: dict[str, object]) -> None:
    hypermodel = DEEP.hypermodel((28, 28, 1), 10)
    hp = point(**values)
    built = hypermodel.build(hp)
    history = hypermodel.fit(hp, built, X, Y, verbose=0)
    assert len(history.epoch) == hp["epochs"]
    assert np.isfinite(history.history["loss"]).all()


def test_small_images_survive_four_blocks() -> None:
    for pooling in ("max", "average"):
        hp = point(blocks=4, pooling=pooling)
        assert DEEP.hypermodel((8, 8, 3), 2).build(hp).output_shape == (None, 2)


def test_cosine_falls_from_the_learning_rate_to_almost_nothing() -> None:
    hypermodel = DEEP.hypermodel((28, 28, 1), 10)
    hp = point(schedule="cosine", learning_rate=0.002, epochs=4)
    built = hypermodel.build(hp)
    rates = []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: rates.append(float(built.optimizer.learning_rate)))
    hypermodel.fit(hp, built, X, Y, verbose=0, callbacks=[note])
    assert rates == pytest.approx([0.002, 0.001707, 0.001, 0.000293], rel=1e-3)


def test_smoothing_is_keras_crossentropy_of_smoothed_labels() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.dirichlet(np.ones(10), 40).astype("float32")
    expected = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)(keras.utils.to_categorical(Y, 10), predicted)
    assert float(SmoothedCrossentropy(0.1)(Y, predicted)) == pytest.approx(float(expected), rel=1e-6)


def test_a_model_trained_with_smoothing_is_saved_without(tmp_path) -> None:  # noqa: ANN001
    hypermodel = DEEP.hypermodel((28, 28, 1), 10)
    hp = point(label_smoothing=0.1)
    built = hypermodel.build(hp)
    assert isinstance(built.loss, SmoothedCrossentropy)
    hypermodel.fit(hp, built, X, Y, verbose=0)
    built.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras", safe_mode=True).loss == "sparse_categorical_crossentropy"
