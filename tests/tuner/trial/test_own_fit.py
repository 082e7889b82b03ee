"""A `fit` of one's own, of the hypermodel or of the model's class, that drives callbacks as it likes."""

import signal
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
from tests.helpers import mostly_slow
from tests.tuner.trial.in_process import X, Y, rows, tuner


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


@pytest.mark.slow
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


@pytest.mark.slow
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
