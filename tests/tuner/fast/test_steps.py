"""The loop of our own takes the steps that Keras's takes, wherever it is used."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import patches
from tests.helpers import ROOT
from tests.tuner.small_models import COUNT, VALIDATION, CountBatches, X, Y, small_model


def test_an_eager_model_calls_its_metric_once_a_step() -> None:
    calls = []

    def own(y: tf.Tensor, predicted: tf.Tensor) -> float:
        calls.append(predicted)
        return 0.0

    model = small_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=[own], run_eagerly=True)
    patches.accelerate(model, seed=0)
    model.fit(X[:64], Y[:64])
    assert len(calls) == 2


class Evaluate(keras.callbacks.Callback):
    """Goes through other data in the midst of `fit`."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs["other_loss"] = self.model.evaluate(X[:77], Y[:77], verbose=0)[0]
        logs["predictions"] = len(self.model.predict(X, verbose=0))
        self.model.train_on_batch(X[:16], Y[:16])


def went_through(is_fast: bool) -> list[float | list[float]]:
    """What a model gives that is trained and asked in many ways."""
    model = small_model()
    found = [model.evaluate(X, Y, verbose=0), len(model.predict(X, verbose=0))]
    found += model.fit(X[:40], Y[:40], shuffle=False, verbose=0).history.values()
    if is_fast:
        patches.accelerate(model, seed=0)
    given = {"validation_data": VALIDATION, "shuffle": False, "verbose": 0}
    history = model.fit(X, Y, epochs=2, callbacks=[Evaluate()], **given).history
    assert history["predictions"] == [COUNT] * 2
    found += history.values()
    found += model.fit(X[:50], Y[:50], batch_size=7, shuffle=False, verbose=0).history.values()
    found += model.fit(tf.data.Dataset.from_tensor_slices((X, Y)).batch(16), verbose=0).history.values()
    found += model.fit(X, Y, batch_size=COUNT + 1, callbacks=[Evaluate(), CountBatches()], **given).history.values()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=3)
    found += model.fit(X, Y, **given).history.values()
    return [*found, model.evaluate(X, Y, verbose=0), len(model.predict(X, verbose=0))]


@pytest.mark.slow
def test_other_data_are_gone_through_as_by_keras() -> None:
    for one, other in zip(went_through(False), went_through(True), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


class FitAgain(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.model.fit(X[:64], Y[:64], verbose=0)


def test_a_callback_may_fit_the_model_itself() -> None:
    model = small_model()
    patches.accelerate(model, seed=0)
    model.fit(X, Y, epochs=2, callbacks=[FitAgain(), CountBatches()])
    assert int(model.optimizer.iterations) == 2 * (-(-COUNT // 32) + 2)


class CompileAgain(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.model.compile("sgd", "sparse_categorical_crossentropy")
        self.model.make_train_function()


def test_a_callback_may_compile_the_model_anew() -> None:
    model = small_model()
    patches.accelerate(model, seed=0)
    model.fit(X, Y, epochs=2, callbacks=[CompileAgain()])
    assert int(model.optimizer.iterations) == -(-COUNT // 32)


class Steps(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.steps = self.params["steps"]


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_the_steps_of_an_epoch_are_its_batches(verbose: int, capsys: pytest.CaptureFixture) -> None:
    model, seen = small_model(), Steps()
    patches.accelerate(model, seed=0)
    model.fit(X, Y, callbacks=[seen], verbose=verbose)
    assert seen.steps == -(-COUNT // 32)
    assert (f"{seen.steps}/{seen.steps}" in capsys.readouterr().out) == (verbose > 0)


class OwnLoop(keras.Sequential):
    def make_train_function(self, force: bool = False) -> None:
        self.train_function = lambda iterator: {"loss": tf.reduce_mean(next(iterator)[0])}


class OwnEvaluation(keras.Sequential):
    def evaluate(self, x: object = None, y: object = None, **arguments: object) -> object:
        self.predict(x, verbose=0)
        return super().evaluate(x, y, **arguments)


class OwnFit(keras.Sequential):
    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int = 1, validation_data: object = None) -> object:
        return super().fit(x, y, epochs=epochs, validation_data=validation_data, verbose=0)


@pytest.mark.parametrize("kind", [OwnLoop, OwnEvaluation, OwnFit])
def test_a_model_that_goes_through_its_data_in_its_own_way_does(kind: type[keras.Model], calls: list[int]) -> None:
    model = kind([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    patches.accelerate(model, seed=0)
    assert "loss" in model.fit(X[:64], Y[:64], validation_data=VALIDATION).history
    assert not calls


_TWO_MEMORIES = """
from keras_search.tuner import runtime
runtime.load_keras()
import numpy as np, tensorflow as tf
from tests.tuner.small_models import VALIDATION, X, Y, small_model
from keras_search.tuner.fast import patches, steps
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
weights, devices, plain_tensor, plain_gather = [], set(), steps.tensor, tf.gather
def elsewhere(array):
    with tf.device("CPU:1"):
        return tf.identity(plain_tensor(array))
def gather(*arguments, **names):
    gathered = plain_gather(*arguments, **names)
    devices.add(gathered.device)
    return gathered
tf.gather = gather
for steps.tensor in (plain_tensor, elsewhere):
    devices.clear()
    model = small_model()
    patches.accelerate(model, seed=0)
    model.fit(X, Y, validation_data=VALIDATION, epochs=2)
    weights.append(model.get_weights())
    print(sorted(devices))
for one, other in zip(*weights, strict=True):
    np.testing.assert_array_equal(one, other)
"""


@pytest.mark.slow
def test_batches_are_gathered_where_the_arrays_are() -> None:
    """On two devices, as main memory and a GPU's are; in a process of its own, as above."""
    done = subprocess.run([sys.executable, "-c", _TWO_MEMORIES], cwd=ROOT, check=True, capture_output=True, text=True)
    assert [line.count("CPU:0") for line in done.stdout.splitlines()] == [1, 0]
    assert [line.count("CPU:1") for line in done.stdout.splitlines()] == [0, 1]


def test_a_callback_that_counts_batches_still_gets_every_one() -> None:
    model = small_model()
    patches.accelerate(model, seed=0)
    counter = CountBatches()
    model.fit(X, Y, batch_size=16, callbacks=[counter], verbose=0)
    assert counter.batches == -(-COUNT // 16)
