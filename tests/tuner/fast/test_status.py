"""Which accelerations were on, and why the others were not."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import patches
from tests.tuner.small_models import small_model

RNG = np.random.default_rng(0)
X = RNG.random((40, 8, 8, 1), dtype="float32")
Y = RNG.integers(0, 3, 40)


class OwnClass(keras.Sequential):
    pass


def status(
    *layers: keras.Layer,
    kind: type[keras.Model] = keras.Sequential,
    optimizer: Any = "sgd",
    metrics: Any = (),
    eagerly: bool = False,
    **given: Any,
) -> dict[str, bool | str]:
    """Which accelerations were on, and why others were not, as a model of `layers` was trained on what is `given`."""
    model = kind([keras.Input((8, 8, 1)), *layers, keras.layers.Flatten(), keras.layers.Softmax()])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=list(metrics), run_eagerly=eagerly)
    patches.accelerate(model, seed=0)
    if given:
        model.fit(**given)
    found = patches.status(model)
    patches.restore(model)
    assert patches.status(model) == {}
    return found


ARRAYS = {"x": X, "y": Y}
DATASET = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)


def test_why_one_is_not_on_is_told() -> None:
    plain = status(layers.MaxPooling2D(3), **ARRAYS)
    assert plain == {
        "adam": "the optimizer is SGD, not Adam or AdamW",
        "sgd": True,
        "rmsprop": "the optimizer is SGD, not RMSprop",
        "dense": "the model has no Dense layer without quantization and adapters",
        "batch_norm": "the model has no BatchNormalization of images by their channels, with scale and center",
        "pooling": "the model has no MaxPooling2D of 2x2 pixels without padding",
        "recurrent": "the model has no LSTM or GRU with Keras's activations that gives its outputs alone",
        "layer_norm": "the model has no LayerNormalization by the last axis",
        "attention": "the model has no MultiHeadAttention without dropout",
        "fit": True,
        "validation": "`fit` is given no validation data",
        "tracing": True,
        "sharing": True,
    }
    assert status(optimizer=keras.optimizers.Adam(amsgrad=True))["adam"] == "the optimizer is Adam with `amsgrad`"
    assert status(optimizer=None)["adam"] == "the model has no optimizer"
    assert status(layers.BatchNormalization(), layers.BatchNormalization(axis=1))["batch_norm"] is True
    assert status(layers.Flatten(), layers.BatchNormalization())["batch_norm"] == plain["batch_norm"]
    assert status(layers.BatchNormalization(scale=False))["batch_norm"] == plain["batch_norm"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "`model.fit` was not called"),
        (ARRAYS | {"steps_per_epoch": 1, "validation_steps": 1}, "`fit` is given steps_per_epoch, validation_steps"),
        ({"x": DATASET.filter(lambda x, y: True)}, "the length of the tf.data.Dataset is not known, or more is given"),
        (ARRAYS | {"validation_data": DATASET.repeat().take(2), "validation_steps": 1}, "validation_steps"),
        ({"x": DATASET}, True),
    ],
)
def test_why_fit_is_keras_own_is_told(given: dict[str, Any], why: str | bool) -> None:
    found = status(**given)
    assert found["fit"] is True if why is True else why in str(found["fit"])
    off = "it builds on `fit`, which is off" if given else why
    assert [found[name] == off for name in ("validation", "tracing", "sharing")] == [why is not True] * 3


def test_why_validation_and_tracing_are_keras_own_is_told() -> None:
    held_back = ARRAYS | {"validation_data": (X, Y)}
    assert status(**held_back)["validation"] is True
    assert "tf.data.Dataset" in str(status(**ARRAYS, validation_data=DATASET)["validation"])
    assert "validation_batch_size" in str(status(**held_back, validation_batch_size=9)["validation"])
    assert "a metric" in str(status(**held_back, metrics=[lambda y, predicted: predicted[0, 0]])["validation"])
    assert status(**ARRAYS, kind=OwnClass)["tracing"] == "the model is of a class of its own, OwnClass"
    assert status(**ARRAYS, eagerly=True)["tracing"] == "the model runs eagerly"


def test_what_was_on_in_any_call_of_fit_was_on() -> None:
    model = small_model()
    patches.accelerate(model, seed=0)
    model.fit(X, Y, steps_per_epoch=1)
    assert patches.status(model)["fit"] == "`fit` is given steps_per_epoch"
    model.fit(X, Y)
    model.fit(X, Y, steps_per_epoch=1)
    assert patches.status(model)["fit"] is True
