"""One trial: what it trains, with what callbacks, and how its failure is told."""

import re
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from keras_search import results
from keras_search.results.reading import trial_rows
from keras_search.tuner import Tuner
from tests.helpers import mostly_slow
from tests.tuner.small_search import X, Y, run, trials, tuner


def of_three_numbers(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(hp.Int("units", 2, 9))])
    model.compile("sgd", "mse")
    return model


def test_an_error_in_a_call_is_told_without_what_keras_puts_around_it(tmp_path: Path) -> None:
    made = Tuner(of_three_numbers, "loss", max_trials=1, workers=0, directory=tmp_path, project_name="run")
    made.search(X, Y, verbose=0)
    expected = r"ValueError: Input 0 .*of layer .dense. is incompatible with the layer: expected axis -1"
    assert re.match(expected, trials(tmp_path)[0]["error"])
    # Keras Tuner alone keeps the traceback.
    (tmp_path / "run" / "trial_0" / "record.json").unlink()
    assert re.match(expected, trials(tmp_path)[0]["error"])


def test_a_model_that_was_not_compiled_fails_in_keras_words(tmp_path: Path) -> None:
    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 9))])

    made = Tuner(build, "loss", max_trials=1, workers=0, directory=tmp_path, project_name="run")
    made.search(X, Y, verbose=0)
    with pytest.raises(ValueError, match="compile") as keras_error:
        build(keras_tuner.HyperParameters()).fit(X, Y)
    assert trials(tmp_path)[0]["error"].startswith(f"ValueError: {keras_error.value}")


class Failing(keras.layers.Layer):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def call(self, x: tf.Tensor) -> tf.Tensor:
        match self.how:
            case "key":
                raise KeyError("nowhere")
            case "silent":
                raise NotImplementedError
        return tf.nothing_like_it(x)


def of_a_failing_layer(hp: keras_tuner.HyperParameters) -> keras.Model:
    how = hp.Choice("how", ["well", "typo", "key", "silent", "too few"])
    layers = [keras.Input((4,)), *([Failing(how)] if how in ("typo", "key", "silent") else [])]
    model = keras.Sequential([*layers, keras.layers.Dense(1 if how == "too few" else 2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.slow
def test_an_error_is_told_by_what_it_says_at_last(tmp_path: Path) -> None:
    made = Tuner(of_a_failing_layer, "loss", 5, oracle="grid", workers=0, directory=tmp_path, project_name="run")
    made.search(X, Y, verbose=0)
    expected = {
        "well": "",
        "typo": "AttributeError: module 'tensorflow' has no attribute 'nothing_like_it'",
        "key": "KeyError: 'nowhere'",
        "silent": "NotImplementedError",
        "too few": "InvalidArgumentError: Received a label value of 1 which is outside the valid range of [0, 1).",
    }
    said = {row["hp_how"]: (row["error"] or "").split(" (/")[0] for row in trials(tmp_path)}
    assert {how: line[: len(expected[how])] for how, line in said.items()} == expected
    assert said["silent"] == expected["silent"]


def shapeless(hp: keras_tuner.HyperParameters) -> keras.Model:
    """It learns of its input's shape from the first batch."""
    model = keras.Sequential([keras.layers.Dense(hp.Int("units", 1, 64, default=7)), keras.layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.slow
def test_a_model_may_be_built_by_its_first_batch(tmp_path: Path) -> None:
    done = Tuner(shapeless, max_trials=2, workers=0, directory=tmp_path, project_name="run")
    done.search(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    rows = trials(tmp_path)
    assert [row["status"] for row in rows] == ["COMPLETED", "COMPLETED"], rows
    assert rows[0]["parameters"] == 4 * 7 + 7 + 7 * 2 + 2
    best = max(rows, key=lambda row: row["score"])
    again = done.get_best_models()[0].evaluate(X, Y, verbose=0, return_dict=True)
    assert again["accuracy"] == pytest.approx(best["score"])


class OwnLoop(keras_tuner.HyperModel):
    """As in Keras Tuner's guide to custom training: nothing is compiled, and callbacks hear of ends alone."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        inputs = keras.Input((4,))
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dense(hp.Int("units", 1, 64))(inputs)))

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        x: np.ndarray,
        y: np.ndarray,
        validation_data: tuple[np.ndarray, np.ndarray],
        callbacks: list[keras.callbacks.Callback],
    ) -> float:
        optimizer = keras.optimizers.Adam(0.01)
        loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        for callback in callbacks:
            callback.set_model(model)
        losses = []
        for epoch in range(2):
            with tf.GradientTape() as tape:
                loss = loss_function(y, model(x, training=True))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            losses.append(float(loss_function(validation_data[1], model(validation_data[0]))))
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs={"own": losses[-1]})
        return min(losses)


class CompiledInFit(OwnLoop):
    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model.fit(*args, **kwargs)


@pytest.mark.parametrize(("hypermodel", "workers"), mostly_slow([(OwnLoop, 0), (CompiledInFit, 0), (OwnLoop, 1)], 1))
def test_build_may_leave_the_model_uncompiled(
    tmp_path: Path, hypermodel: type[keras_tuner.HyperModel], workers: int
) -> None:
    objective = keras_tuner.Objective("own" if hypermodel is OwnLoop else "val_loss", "min")
    settings = {"max_trials": 2, "workers": workers, "directory": tmp_path, "project_name": "run"}
    made = Tuner(hypermodel(), objective, pruner="median", tensorboard=True, **settings)
    made.search(X, Y, validation_data=(X, Y), verbose=0)
    assert [trial["status"] for trial in trials(tmp_path)] == ["COMPLETED"] * 2
    run = results.read(tmp_path / "run")
    best = run.epochs[run.epochs["trial_id"] == run.best["trial_id"]]
    assert best[objective.name].min() == pytest.approx(run.best["score"])
    assert list((tmp_path / "run" / "tensorboard").rglob("*tfevents*"))
    model = made.get_best_models()[0]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(Y, model.predict(X, verbose=0))
    assert float(loss) == pytest.approx(run.best["score"], rel=1e-4)


def test_a_forgotten_validation_set_is_said_so(tmp_path: Path) -> None:
    tuner(tmp_path, max_trials=1).search(X, Y, verbose=0)
    assert "the objective val_accuracy is not among the metrics accuracy, loss" in trials(tmp_path)[0]["error"]


class Stop(keras.callbacks.Callback):
    """Stops the second epoch that it sees, in whichever trial."""

    epochs = 0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.epochs += 1
        self.model.stop_training = self.epochs >= 2


@pytest.mark.slow
def test_callbacks_are_fresh_in_every_trial(tmp_path: Path) -> None:
    made = tuner(tmp_path, max_trials=2, seed=2, executions_per_trial=2)
    callbacks = [Stop(), keras.callbacks.TensorBoard(tmp_path / "board")]
    made.search(X, Y, epochs=5, validation_data=(X, Y), callbacks=callbacks, verbose=0)
    assert [row["epochs_run"] for row in trials(tmp_path)] == [2, 2]
    # Where Keras Tuner has them, with the point for the HParams dashboard.
    folders = {path.parent.relative_to(tmp_path / "board").as_posix() for path in tmp_path.rglob("*.tfevents.*")}
    parts = ("", "/train", "/validation")
    assert folders == {f"{trial}/execution{number}{part}" for trial in "01" for number in (0, 1) for part in parts}


def test_executions_are_averaged_and_each_is_in_the_curves(tmp_path: Path) -> None:
    run(tmp_path, max_trials=1, executions_per_trial=2)
    row = trials(tmp_path)[0]
    curves = trial_rows.read_epochs(tmp_path / "run" / "trial_0")
    assert [(line["execution"], line["epoch"]) for line in curves] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    best = [max(line["val_accuracy"] for line in curves if line["execution"] == number) for number in (0, 1)]
    assert row["score"] == pytest.approx(sum(best) / 2)
    assert row["epochs_run"] == 2
    assert curves[0]["loss"] != curves[2]["loss"], "executions must not share a seed"
