"""The weights of models of every kind are kept and given back; of those that cannot be, it is said why."""

import warnings
from pathlib import Path
from typing import Any, ClassVar

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from tests.tuner.trial.in_process import X, Y, rows, tuner


class Untrained(keras_tuner.HyperModel):
    """Its `fit` has a score, and no use for the model."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def build(self, hp: keras_tuner.HyperParameters) -> Any:
        hp.Int("units", 2, 8)
        return self.model()

    def fit(self, hp: keras_tuner.HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        return [float(hp["units"]), {"default_objective": 1.0}]


class WithoutCall(keras.Model):
    pass


class Secretive(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = self.add_weight(shape=(1,))
        self.built = True

    def get_weights(self) -> list[np.ndarray]:
        raise RuntimeError("they are mine")

    def count_params(self) -> int:
        raise RuntimeError("nobody counts them")


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (keras.Sequential, "the model that build returned has not been built"),
        (WithoutCall, "the model that build returned has not been built"),
        (Secretive, "RuntimeError: they are mine"),
        (lambda: None, "build returned no Keras model, but 'NoneType'"),
    ],
)
def test_weights_that_cannot_be_kept_are_said_once_and_fail_no_trial(
    model: Any, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tuner(tmp_path, Untrained(model), None, max_trials=2, tensorboard=True)
    made.search()
    assert [row["status"] for row in rows(tmp_path)] == ["COMPLETED"] * 2
    said = [line for line in capsys.readouterr().out.splitlines() if "cannot be kept" in line]
    assert said == [
        f"the weights of trial 0 cannot be kept ({why}): its score counts, but get_best_models cannot give its model"
    ]
    with pytest.raises(ValueError, match=r"^the weights of trial 0 cannot be kept .*: build and train a model with"):
        made.get_best_models()


class Gan(keras.Model):
    """Two models without a `call` for both, and two optimizers."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.maker = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units), keras.layers.Dense(4)])
        self.judge = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        self.of_maker, self.of_judge = keras.optimizers.Adam(), keras.optimizers.Adam()

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.judge(self.maker(data[:, :2])) - self.judge(data))
        self.of_judge.apply(tape.gradient(loss, self.judge.trainable_weights), self.judge.trainable_weights)
        return {"loss": loss}


def gan(hp: keras_tuner.HyperParameters) -> Gan:
    model = Gan(hp.Int("units", 2, 8))
    model.compile()
    return model


class Seen(keras.callbacks.Callback):
    """Notes what the judge of each epoch weighs, whatever copies are made of it."""

    weights: ClassVar[list[np.ndarray]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.weights.append(self.model.judge.get_weights()[0])


def test_the_weights_of_a_model_without_a_call_are_kept_where_its_layers_are_built(tmp_path: Path) -> None:
    made = tuner(tmp_path, gan, "loss")
    made.search(X, epochs=2, callbacks=[Seen()], verbose=0)
    with warnings.catch_warnings(action="error"):
        [best] = made.get_best_models()
    expected = Seen.weights[rows(tmp_path)[0]["best_epoch"] - 1]
    np.testing.assert_array_equal(best.judge.get_weights()[0], expected)


class Subclassed(keras.Model):
    """Is built as it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.layers_of_one_name = [keras.layers.Dense(4, name="one"), keras.layers.Dense(1, name="one")]

    def call(self, x: tf.Tensor) -> tf.Tensor:
        first, second = self.layers_of_one_name
        return second(first(x))


def test_a_model_that_is_built_by_a_call_is_given_back(tmp_path: Path) -> None:
    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Int("units", 2, 8)
        model = Subclassed()
        model.compile("sgd", "mse")
        return model

    made = tuner(tmp_path, build)
    made.search(X, Y, validation_data=(X, Y), epochs=2, verbose=0)
    [best] = made.get_best_models()
    score = float(np.mean((best.predict(X, verbose=0)[:, 0] - Y) ** 2))
    assert score == pytest.approx(rows(tmp_path)[0]["score"], rel=1e-5)
