"""A search shows its own lines: Keras's bars are drawn where the user's code asks for them alone."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search.tuner import Tuner

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = X.sum(axis=1)


class OwnFit(keras.Model):
    """Hands on what its `fit` is given, whatever that is."""

    def __init__(self) -> None:
        super().__init__()
        self.out = keras.layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.out(inputs)

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        return super().fit(*args, **kwargs)


class Folds(keras_tuner.HyperModel):
    """Trains its model as it is built, and another one beside it; of one call alone it wants to see the bar."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Int("units", 1, 4)
        model = OwnFit()
        model.compile("sgd", "mse")
        model.fit(X, Y)
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, x: Any, y: Any, **kwargs: Any) -> float:
        model.fit(x, y, **kwargs)
        other = keras.Sequential([keras.layers.Dense(1)])
        other.compile("sgd", "mse")
        other.fit(x, y, epochs=2)
        other.predict(x, verbose=1)
        return other.evaluate(x, y)


@pytest.mark.slow
def test_no_bar_of_keras_is_drawn_in_a_search_unless_it_is_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    tuner = Tuner(Folds(), None, 1, workers=0, directory=tmp_path)
    tuner.search(X, Y, verbose=0)
    tuner.get_best_models()
    out = capfd.readouterr().out
    assert "step" in out, "it was asked for"
    assert "loss" not in out
    assert "Epoch" not in out
    Folds().build(keras_tuner.HyperParameters())
    assert "loss" in capfd.readouterr().out, "Keras draws them again"
