"""A `fit` of the user's own, a hypermodel's or a model's, may do with the model and the callbacks what it likes."""

import os
import pickle
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from keras_search.results import layout
from keras_search.results.reading import trial_rows
from keras_search.results.reading.trial_rows import Row
from keras_search.search_spaces.custom import CustomHyperModel
from keras_search.tuner import Tuner
from keras_search.tuner.trial.run import run_trial
from keras_search.tuner.trial.task import TrialTask
from tests.helpers import mostly_slow

RNG = np.random.default_rng(0)
X = RNG.random((32, 4), dtype="float32")
Y = RNG.integers(0, 2, 32)


def tuner(folder: Path, hypermodel: Any, objective: str | None = "val_loss", **arguments: Any) -> Tuner:
    settings = {"max_trials": 1, "workers": 0, **arguments}
    return Tuner(hypermodel, objective, directory=folder, project_name="run", **settings)


def rows(folder: Path) -> list[Row]:
    return [trial_rows.read_trial(directory) for directory in trial_rows.trial_directories(folder / "run")]


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


def by_a_list(model: keras.Model, callbacks: list[keras.callbacks.Callback], epochs: int) -> Iterator[Any]:
    together = keras.callbacks.CallbackList(callbacks, add_history=True, model=model, epochs=epochs)
    together.on_train_begin()
    yield from ((together.on_epoch_begin, together.on_epoch_end) for _ in range(epochs))
    together.on_train_end()


def by_hand(model: keras.Model, callbacks: list[keras.callbacks.Callback], epochs: int) -> Iterator[Any]:
    for callback in callbacks:
        callback.set_model(model)
    yield from _each(callbacks, epochs)


def without_a_model(model: keras.Model, callbacks: list[keras.callbacks.Callback], epochs: int) -> Iterator[Any]:
    for callback in callbacks:
        callback.on_train_begin()
    yield from _each(callbacks, epochs)


def backwards(model: keras.Model, callbacks: list[keras.callbacks.Callback], epochs: int) -> Iterator[Any]:
    for callback in callbacks:
        callback.set_params({"epochs": None})
        callback.set_model(model)
        callback.on_train_end()
    yield from _each(callbacks, epochs)
    for callback in callbacks:
        callback.on_train_begin()
        callback.on_train_begin()


def not_at_all(model: keras.Model, callbacks: list[keras.callbacks.Callback], epochs: int) -> Iterator[Any]:
    yield from _each([], epochs)


def _each(callbacks: list[keras.callbacks.Callback], epochs: int) -> Iterator[Any]:
    def end(epoch: int, logs: dict[str, Any]) -> None:
        for callback in callbacks:
            callback.on_epoch_end(epoch, logs)

    yield from ((lambda epoch: None, end) for _ in range(epochs))


class OwnLoop(keras.Model):
    """Its `fit` drives the callbacks itself, by `way`; each of its epochs lowers its one weight and the loss."""

    def __init__(self, way: Callable[..., Iterator[Any]]) -> None:
        super().__init__()
        self.way = way
        self.kernel = self.add_weight(shape=(), initializer="ones")
        self.built = True

    def fit(self, *args: Any, epochs: int = 4, callbacks: Any = None, **kwargs: Any) -> keras.callbacks.History:
        history = keras.callbacks.History()
        history.history = {"val_loss": []}
        for epoch, (begin, end) in enumerate(self.way(self, callbacks, epochs)):
            begin(epoch)
            self.kernel.assign(self.kernel / 2)
            loss = self.kernel.numpy() + np.random.random() / 100
            end(epoch, {"loss": tf.constant(loss), "val_loss": np.float32(loss), "seen": np.ones(3), "note": None})
            history.history["val_loss"].append(loss)
        return history


@pytest.mark.parametrize("way", mostly_slow([by_a_list, by_hand, without_a_model, backwards, not_at_all], 1))
def test_a_models_class_may_drive_the_callbacks_as_it_likes(way: Callable[..., Any], tmp_path: Path) -> None:
    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Int("units", 2, 8)
        return OwnLoop(way)

    made = tuner(tmp_path, build, max_trials=2, pruner="asha", tensorboard=True, executions_per_trial=2)
    made.search(X, Y, epochs=4, verbose=0)
    assert [(row["status"], row["best_epoch"]) for row in rows(tmp_path)] == [
        ("COMPLETED", None if way is not_at_all else 4)
    ] * 2
    [curve] = {len(trial_rows.read_epochs(path)) for path in trial_rows.trial_directories(tmp_path / "run")[:1]}
    assert curve == (0 if way is not_at_all else 8)
    assert not list(tmp_path.rglob(layout.TRIAL_STATE))


class Interrupting(keras.callbacks.Callback):
    """Ctrl-C in the third epoch, once."""

    done: ClassVar[bool] = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch == 2 and not Interrupting.done:
            Interrupting.done = True
            signal.raise_signal(signal.SIGINT)


class SwallowsErrors(keras_tuner.HyperModel):
    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return OwnLoop(by_a_list)

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        try:
            return model.fit(*args, **kwargs)
        except Exception:
            return 0.0


def test_a_loop_that_only_looks_like_keras_is_trained_anew_after_a_stop(tmp_path: Path) -> None:
    whole = tuner(tmp_path / "whole", SwallowsErrors())
    whole.search(X, Y, epochs=4, verbose=0)
    Interrupting.done = False
    with pytest.raises(KeyboardInterrupt):
        tuner(tmp_path / "part", SwallowsErrors()).search(X, Y, epochs=4, callbacks=[Interrupting()], verbose=0)
    tuner(tmp_path / "part", SwallowsErrors()).search(X, Y, epochs=4, callbacks=[Interrupting()], verbose=0)
    [expected], [found] = rows(tmp_path / "whole"), rows(tmp_path / "part")
    assert found["score"] == expected["score"]
    assert (found["best_epoch"], found["epochs_run"]) == (4, 4)
    assert len(trial_rows.read_epochs(tmp_path / "part" / "run" / "trial_0")) == 4


def test_a_callback_list_may_be_given_to_fit(tmp_path: Path) -> None:
    class Listed(SwallowsErrors):
        def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
            model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            return model

        def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
            kwargs["callbacks"] = keras.callbacks.CallbackList(kwargs["callbacks"], add_history=True, model=model)
            return model.fit(*args, **kwargs)

    tuner(tmp_path, Listed(), "loss").search(X, Y, epochs=2, verbose=0)
    assert [(row["status"], row["epochs_run"]) for row in rows(tmp_path)] == [("COMPLETED", 2)]
    assert len(trial_rows.read_epochs(tmp_path / "run" / "trial_0")) == 2


class AsksThenFails(keras_tuner.HyperModel):
    """Its `fit`, or its `build`, asks for what was not known, and fails for one value."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        if hp.Int("epochs", 1, 2) == 2 and self.where == "build":
            self._ask(hp)
        return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> float:
        if self.where == "fit":
            self._ask(hp)
        return 1.0

    def _ask(self, hp: keras_tuner.HyperParameters) -> None:
        if hp.Int("value", 1, 3) == 1:
            raise keras_tuner.errors.FailedTrialError("not this one")


@pytest.mark.parametrize(("where", "budget"), [("fit", None), ("fit", 1), ("build", None)])
def test_what_a_failed_trial_had_asked_for_comes_back(where: str, budget: int | None, tmp_path: Path) -> None:
    """Under a budget `fit` is told the epochs by a copy of the hyperparameters."""
    known = keras_tuner.HyperParameters()
    known.Fixed("epochs", 2)
    for hypermodel in (AsksThenFails(where), CustomHyperModel(AsksThenFails(where))):
        task = TrialTask(
            trial_id="0",
            hyperparameters=known.copy(),
            directory=tmp_path,
            hypermodel=hypermodel,
            objective=keras_tuner.Objective("default_objective", "min"),
            seed=0,
            is_baseline=False,
            budget=budget,
        )
        result = pickle.loads(pickle.dumps(run_trial(task)))  # as it comes from another process
        assert result.error is not None
        assert result.hyperparameters.values == {"epochs": 2, "value": 1}
        assert not (tmp_path / layout.TRIAL_ASKED).exists()


@pytest.mark.faults
def test_what_a_trial_had_asked_for_outlives_its_worker(tmp_path: Path) -> None:
    class Dies(AsksThenFails):
        def _ask(self, hp: keras_tuner.HyperParameters) -> None:
            if hp.Int("value", 1, 3) == 1:
                os.kill(os.getpid(), signal.SIGKILL)

    made = tuner(tmp_path, Dies("fit"), None, oracle="grid", max_trials=3, workers=1, retries=0)
    made.search(verbose=0)
    assert {(row["hp_value"], row["status"]) for row in rows(tmp_path)} == {
        (1, "FAILED"), (2, "COMPLETED"), (3, "COMPLETED")
    }  # fmt: skip
