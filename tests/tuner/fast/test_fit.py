"""The fast `fit` trains as Keras does: shown on the numbers."""

import subprocess
import sys
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import patches
from keras_search.tuner.fast.acceleration import step
from keras_search.tuner.fast.dense import Dense
from tests.helpers import ROOT
from tests.tuner.small_models import COUNT, VALIDATION, X, Y, model_with_an_autoencoders_step, small_model


def test_it_gives_the_weights_and_the_history_of_keras() -> None:
    """Against Keras itself, given the images of each epoch in the same order."""
    reference = small_model()
    expected: dict[str, list[float]] = {"accuracy": [], "loss": [], "val_accuracy": [], "val_loss": []}
    for epoch in range(3):
        order = np.random.default_rng((7, epoch)).permutation(COUNT)
        logs = reference.fit(
            X[order], Y[order], batch_size=16, shuffle=False, validation_data=VALIDATION, verbose=0
        ).history
        for name, values in logs.items():
            expected[name] += values

    model = small_model()
    patches.accelerate(model, seed=7)
    history = model.fit(X, Y, batch_size=16, epochs=3, validation_data=VALIDATION, verbose=0).history
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-4), name
    for ours, theirs in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_the_default_batch_size_is_keras_but_not_its_progress_bar(capsys: pytest.CaptureFixture) -> None:
    model = small_model()
    patches.accelerate(model, seed=0)
    model.fit(X, Y)
    assert int(model.optimizer.iterations) == -(-COUNT // 32)
    model.fit(X, Y, steps_per_epoch=1)
    assert capsys.readouterr().out == ""
    model.fit(X, Y, steps_per_epoch=1, verbose=2)
    assert "loss" in capsys.readouterr().out


class Seen(keras.layers.Layer):
    """Notes the examples that it is given in training."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = tf.Variable(tf.zeros(0), shape=(None,), trainable=False)

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if training:
            self.seen.assign(tf.concat([self.seen, x[:, 0]], 0))
        return x


def order_seen(count: int, seed: int = 3, **arguments: object) -> list[int]:
    """The examples in the order in which a model trains on them."""
    seen = Seen()
    model = keras.Sequential([layers.Input((1,)), seen, layers.Dense(1)])
    model.compile("sgd", "mse")
    patches.accelerate(model, seed=seed)
    examples = np.arange(count, dtype="float32")
    model.fit(examples[:, None], examples, batch_size=3, **arguments)
    return seen.seen.numpy().astype(int).tolist()


def test_every_epoch_has_a_fresh_order_that_its_number_decides() -> None:
    first = order_seen(100)
    assert sorted(first) == list(range(100)) != first
    second = order_seen(100, initial_epoch=1, epochs=2)
    assert sorted(second) == sorted(first)
    assert second != first
    assert order_seen(100, epochs=2) == first + second
    assert order_seen(100, seed=4) != first


def test_without_shuffling_the_order_stays() -> None:
    assert order_seen(10, shuffle=False, epochs=2) == list(range(10)) * 2


@pytest.mark.parametrize("later", [{"epochs": 2, "initial_epoch": 1}, {"epochs": 1}])
def test_a_later_fit_sees_the_order_of_the_later_epochs(later: dict[str, int]) -> None:
    whole, parts = small_model(), small_model()
    for model in (whole, parts):
        patches.accelerate(model, seed=5)
    whole.fit(X, Y, epochs=2, verbose=0)
    parts.fit(X, Y, epochs=1, verbose=0)
    parts.fit(X, Y, **later, verbose=0)
    for one, other in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_model_without_weights_needs_no_optimizer() -> None:
    model = keras.Sequential([layers.Input((8, 8, 1)), layers.GlobalAveragePooling2D()])
    model.compile(None, "mse")
    patches.accelerate(model, seed=0)
    assert len(model.fit(X, Y, epochs=2, verbose=0).history["loss"]) == 2


class CountTraces(keras.optimizers.SGD):
    traces = 0

    def apply(self, *args: object) -> None:
        self.traces += 1
        super().apply(*args)


@pytest.mark.parametrize("data", [{"x": X, "y": Y}, {"x": tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)}])
def test_a_step_is_traced_once(data: dict) -> None:
    model = small_model()
    model.compile(CountTraces(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    patches.accelerate(model, seed=0)
    history = model.fit(**data, epochs=2, validation_data=VALIDATION).history
    assert model.optimizer.traces == 1
    assert set(history) == {"accuracy", "loss", "val_accuracy", "val_loss"}


def model_that_answers_otherwise_in_training() -> keras.Model:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.flatten, self.dense = layers.Flatten(), layers.Dense(1, "sigmoid")

        def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
            p = self.dense(self.flatten(x))
            return tf.concat([p, 1 - p, p / 2], axis=1) if training else p

    model = Own()
    model(X[:1])
    return model


def model_whose_build_sets_weights() -> keras.Model:
    class Loaded(layers.Layer):
        def build(self, shape: tuple[int | None, ...]) -> None:
            with tf.init_scope():
                self.inner = keras.Sequential([keras.Input((64,)), layers.Dense(3, trainable=False)])
                self.inner.set_weights([np.full((64, 3), 0.5), np.zeros(3)])

        def call(self, x: tf.Tensor) -> tf.Tensor:
            return self.inner(x)

    return keras.Sequential([layers.Flatten(), Loaded(), layers.Dense(3, "softmax")])


@pytest.mark.slow
@pytest.mark.parametrize(
    "made",
    [
        model_that_answers_otherwise_in_training,
        model_whose_build_sets_weights,
        model_with_an_autoencoders_step,
    ],
)
def test_what_a_first_step_makes_is_as_keras_makes_it(made: Callable[[], keras.Model]) -> None:
    histories = []
    for is_fast in (False, True):
        keras.utils.set_random_seed(0)
        model = made()
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        if is_fast:
            patches.accelerate(model, seed=0)
        histories.append(model.fit(X, Y, epochs=2, shuffle=False, verbose=0).history)
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[0].items():
        assert histories[1][name] == pytest.approx(values, rel=1e-4), name


_TWO_DEVICES = """
from keras_search.tuner import runtime
runtime.load_keras()
import numpy as np, tensorflow as tf
from tests.tuner.small_models import X, Y, small_model
from keras_search.tuner.fast import patches
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
weights = []
for is_fast in (False, True):
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = small_model()
    if is_fast:
        patches.accelerate(model, seed=0)
    model.fit(X, Y, shuffle=False, verbose=0)
    weights.append(model.get_weights())
for one, other in zip(*weights, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-4)
"""


@pytest.mark.slow
def test_a_model_of_several_devices_is_left_to_keras() -> None:
    """In a process of its own: devices are set up before anything is computed."""
    subprocess.run([sys.executable, "-c", _TWO_DEVICES], cwd=ROOT, check=True)


class Unfreeze(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.model.layers[0].trainable = True


def test_a_callback_may_unfreeze_layers_before_the_first_step() -> None:
    model = small_model()
    model.layers[0].trainable = False
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    patches.accelerate(model, seed=0)
    before = model.layers[0].get_weights()[0]
    model.fit(X, Y, callbacks=[Unfreeze()])
    assert not np.array_equal(model.layers[0].get_weights()[0], before)


def test_what_a_model_had_is_given_back() -> None:
    def train_step(data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {}

    model, own = small_model(), small_model()
    own.train_step = train_step
    for one in (model, own):
        patches.accelerate(one, seed=0)
        patches.restore(one)
    assert own.train_step is train_step
    assert model.fit.__func__ is keras.Model.fit
    model.fit(X, Y, verbose=0)
    assert int(model.optimizer.iterations) == -(-COUNT // 32)


def test_a_dense_layers_gradients_are_keras() -> None:
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(32, 50)), tf.float32)
    for activation, use_bias in (("relu", True), (None, False)):
        layer = keras.layers.Dense(20, activation, use_bias=use_bias)
        layer.build((None, 50))
        found = []
        for straight in (False, True):
            if straight:
                Dense().replace_in(layer)
                assert "call" in vars(layer)
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(tf.sin(step(layer)(x)))
            found.append(tape.gradient(loss, [x, *layer.trainable_variables]))
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_adapters_may_be_added_to_a_dense_layer() -> None:
    model = small_model()
    patches.accelerate(model, seed=0)
    model.layers[-1].enable_lora(2)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert np.isfinite(model.fit(X, Y).history["loss"]).all()


def test_other_layers_are_left_alone() -> None:
    class Own(keras.layers.Dense):
        pass

    for layer in (Own(3), keras.layers.EinsumDense("ab,bc->ac", 3)):
        Dense().replace_in(layer)
        assert "call" not in vars(layer)
    layer = keras.layers.Dense(3)
    Dense().replace_in(layer)
    assert step(layer)(np.ones((2, 4, 5), "float32")).shape == (2, 4, 3), "more than two dimensions are Keras's"
