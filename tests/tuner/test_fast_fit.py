"""The fast `fit` trains as Keras does: shown on the numbers."""

import subprocess
import sys
from collections.abc import Callable

from tuner import runtime

runtime.load_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

from tests.conftest import ROOT  # noqa: E402
from tuner import fast_dense, fast_fit, fast_steps  # noqa: E402

RNG = np.random.default_rng(0)
# Neither a multiple of the batch nor of the batches in one call.
COUNT = fast_fit.STEPS_PER_CALL * 16 + 16 * 3 + 5
X = RNG.random((COUNT, 8, 8, 1), dtype="float32")
Y = RNG.integers(0, 3, COUNT)
VALIDATION = (RNG.random((701, 8, 8, 1), dtype="float32"), RNG.integers(0, 3, 701))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each call of a loop of ours."""
    seen = []
    take = fast_steps.Batches.take
    monkeypatch.setattr(fast_steps.Batches, "take", lambda self: seen.append(1) or take(self))
    return seen


def small_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


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
    fast_fit.accelerate(model, seed=7)
    history = model.fit(X, Y, batch_size=16, epochs=3, validation_data=VALIDATION, verbose=0).history
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-4), name
    for ours, theirs in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_the_default_batch_size_is_keras_but_not_its_progress_bar(capsys: pytest.CaptureFixture) -> None:
    model = small_model()
    fast_fit.accelerate(model, seed=0)
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
    fast_fit.accelerate(model, seed=seed)
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
        fast_fit.accelerate(model, seed=5)
    whole.fit(X, Y, epochs=2, verbose=0)
    parts.fit(X, Y, epochs=1, verbose=0)
    parts.fit(X, Y, **later, verbose=0)
    for one, other in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_model_without_weights_needs_no_optimizer() -> None:
    model = keras.Sequential([layers.Input((8, 8, 1)), layers.GlobalAveragePooling2D()])
    model.compile(None, "mse")
    fast_fit.accelerate(model, seed=0)
    assert len(model.fit(X, Y, epochs=2, verbose=0).history["loss"]) == 2


class CountTraces(keras.optimizers.SGD):
    traces = 0

    def apply(self, *args: object) -> None:
        self.traces += 1
        super().apply(*args)


def test_a_step_is_traced_once() -> None:
    model = small_model()
    model.compile(CountTraces(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    fast_fit.accelerate(model, seed=0)
    history = model.fit(X, Y, epochs=2, validation_data=VALIDATION).history
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


def model_with_an_autoencoders_step() -> keras.Model:
    def train_step(data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            decoded = model(x, training=True)
            loss = tf.reduce_mean((x[..., 0] - decoded) ** 2)
        model.optimizer.apply(tape.gradient(loss, model.trainable_weights), model.trainable_weights)
        return {"loss": loss} | model.compute_metrics(x, x[..., 0], decoded)

    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(64), layers.Reshape((8, 8))])
    model.train_step = train_step
    return model


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
            fast_fit.accelerate(model, seed=0)
        histories.append(model.fit(X, Y, epochs=2, shuffle=False, verbose=0).history)
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[0].items():
        assert histories[1][name] == pytest.approx(values, rel=1e-4), name


def test_an_eager_model_calls_its_metric_once_a_step() -> None:
    calls = []

    def own(y: tf.Tensor, predicted: tf.Tensor) -> float:
        calls.append(predicted)
        return 0.0

    model = small_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=[own], run_eagerly=True)
    fast_fit.accelerate(model, seed=0)
    model.fit(X[:64], Y[:64])
    assert len(calls) == 2


_TWO_DEVICES = """
from tuner import runtime
runtime.load_tensorflow()
import numpy as np, tensorflow as tf
from tests.tuner.test_fast_fit import X, Y, small_model
from tuner import fast_fit
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
weights = []
for is_fast in (False, True):
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = small_model()
    if is_fast:
        fast_fit.accelerate(model, seed=0)
    model.fit(X, Y, shuffle=False, verbose=0)
    weights.append(model.get_weights())
for one, other in zip(*weights, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-4)
"""


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
    fast_fit.accelerate(model, seed=0)
    before = model.layers[0].get_weights()[0]
    model.fit(X, Y, callbacks=[Unfreeze()])
    assert not np.array_equal(model.layers[0].get_weights()[0], before)


def test_words_are_trained_on() -> None:
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            layers.StringLookup(vocabulary=["red", "green"]),
            layers.Embedding(3, 2),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    fast_fit.accelerate(model, seed=0)
    history = model.fit(np.array(["red", "green"] * 64).reshape(-1, 1), np.array([0, 1] * 64), epochs=3).history
    assert history["accuracy"][-1] == 1


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
        fast_fit.accelerate(model, seed=0)
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


def test_other_data_are_gone_through_as_by_keras() -> None:
    for one, other in zip(went_through(False), went_through(True), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


class FitAgain(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.model.fit(X[:64], Y[:64], verbose=0)


def test_a_callback_may_fit_the_model_itself() -> None:
    model = small_model()
    fast_fit.accelerate(model, seed=0)
    model.fit(X, Y, epochs=2, callbacks=[FitAgain(), CountBatches()])
    assert int(model.optimizer.iterations) == 2 * (-(-COUNT // 32) + 2)


class CompileAgain(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.model.compile("sgd", "sparse_categorical_crossentropy")
        self.model.make_train_function()


def test_a_callback_may_compile_the_model_anew() -> None:
    model = small_model()
    fast_fit.accelerate(model, seed=0)
    model.fit(X, Y, epochs=2, callbacks=[CompileAgain()])
    assert int(model.optimizer.iterations) == -(-COUNT // 32)


class Steps(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.steps = self.params["steps"]


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_the_steps_of_an_epoch_are_its_batches(verbose: int, capsys: pytest.CaptureFixture) -> None:
    model, seen = small_model(), Steps()
    fast_fit.accelerate(model, seed=0)
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
    fast_fit.accelerate(model, seed=0)
    assert "loss" in model.fit(X[:64], Y[:64], validation_data=VALIDATION).history
    assert not calls


def test_what_a_model_had_is_given_back() -> None:
    def train_step(data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {}

    model, own = small_model(), small_model()
    own.train_step = train_step
    for one in (model, own):
        fast_fit.accelerate(one, seed=0)
        fast_fit.restore(one)
    assert own.train_step is train_step
    assert model.fit.__func__ is keras.Model.fit
    model.fit(X, Y, verbose=0)
    assert int(model.optimizer.iterations) == -(-COUNT // 32)


_TWO_MEMORIES = """
from tuner import runtime
runtime.load_tensorflow()
import numpy as np, tensorflow as tf
from tests.tuner.test_fast_fit import VALIDATION, X, Y, small_model
from tuner import fast_fit, fast_steps
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
weights, devices, plain_tensor, plain_gather = [], set(), fast_steps.tensor, tf.gather
def elsewhere(array):
    with tf.device("CPU:1"):
        return tf.identity(plain_tensor(array))
def gather(*arguments, **names):
    gathered = plain_gather(*arguments, **names)
    devices.add(gathered.device)
    return gathered
tf.gather = gather
for fast_steps.tensor in (plain_tensor, elsewhere):
    devices.clear()
    model = small_model()
    fast_fit.accelerate(model, seed=0)
    model.fit(X, Y, validation_data=VALIDATION, epochs=2)
    weights.append(model.get_weights())
    print(sorted(devices))
for one, other in zip(*weights, strict=True):
    np.testing.assert_array_equal(one, other)
"""


def test_batches_are_gathered_where_the_arrays_are() -> None:
    """On two devices, as main memory and a GPU's are; in a process of its own, as above."""
    done = subprocess.run([sys.executable, "-c", _TWO_MEMORIES], cwd=ROOT, check=True, capture_output=True, text=True)
    assert [line.count("CPU:0") for line in done.stdout.splitlines()] == [1, 0]
    assert [line.count("CPU:1") for line in done.stdout.splitlines()] == [0, 1]


class CountBatches(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.batches = 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.batches += 1


def test_a_callback_that_counts_batches_still_gets_every_one() -> None:
    model = small_model()
    fast_fit.accelerate(model, seed=0)
    counter = CountBatches()
    model.fit(X, Y, batch_size=16, callbacks=[counter], verbose=0)
    assert counter.batches == -(-COUNT // 16)


@pytest.mark.parametrize(
    "arguments",
    [
        {"validation_split": 0.25},
        {"sample_weight": RNG.random(COUNT)},
        {"class_weight": {0: 1.0, 1: 2.0}, "validation_data": VALIDATION},
        {"validation_data": (*VALIDATION, RNG.random(701)), "validation_freq": 2},
        {"sample_weight": RNG.random(COUNT), "validation_split": 0.25, "initial_epoch": 1},
    ],
)
def test_weights_and_parts_held_back_are_as_keras_has_them(arguments: dict, calls: list[int]) -> None:
    plain, accelerated = small_model(), small_model()
    for model in (plain, accelerated):
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
    fast_fit.accelerate(accelerated, seed=0)
    expected = plain.fit(X, Y, shuffle=False, epochs=2, verbose=0, **arguments).history
    history = accelerated.fit(X, Y, shuffle=False, epochs=2, verbose=0, **arguments).history
    assert calls, "it was left to Keras"
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-4), name


def model_of_two_inputs(seed: int | None) -> keras.Model:
    """Two inputs by name, two outputs; fast with a `seed`."""
    keras.utils.set_random_seed(0)
    inputs = {"image": keras.Input((8, 8, 1), name="image"), "number": keras.Input((1,), name="number")}
    joined = layers.Concatenate()([layers.Flatten()(inputs["image"]), inputs["number"]])
    model = keras.Model(inputs, [layers.Dense(3, "softmax", name="kind")(joined), layers.Dense(1, name="size")(joined)])
    model.compile("adam", ["sparse_categorical_crossentropy", "mse"], metrics=[["accuracy"], ["mae"]])
    if seed is not None:
        fast_fit.accelerate(model, seed)
    return model


def test_inputs_and_outputs_in_any_nesting_are_trained_on(calls: list[int]) -> None:
    numbers = RNG.random((COUNT, 1))
    x, y = {"image": X, "number": numbers}, [Y, numbers[:, 0]]
    order = np.random.default_rng((4, 0)).permutation(COUNT)
    in_order = {name: array[order] for name, array in x.items()}, [array[order] for array in y]
    plain, fast = model_of_two_inputs(None), model_of_two_inputs(seed=4)
    expected = plain.fit(*in_order, shuffle=False, validation_data=(x, y), verbose=0).history
    history = fast.fit(x, y, validation_data=(x, y)).history
    assert calls, "it was left to Keras"
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-4), name


def test_a_model_that_learns_from_its_inputs_alone_needs_no_labels() -> None:
    found = []
    for is_fast in (False, True):
        keras.utils.set_random_seed(0)
        model = model_with_an_autoencoders_step()
        model.compile("adam", "mse")
        if is_fast:
            fast_fit.accelerate(model, seed=0)
        found.append(model.fit(X, shuffle=False, verbose=0).history["loss"])
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_lengths_that_differ_are_refused_as_by_keras() -> None:
    model = small_model()
    fast_fit.accelerate(model, seed=0)
    with pytest.raises(ValueError, match="Data cardinality is ambiguous"):
        model.fit(X, Y[:-1])


def test_a_dataset_is_left_to_keras() -> None:
    found = []
    for is_fast in (False, True):
        model = small_model()
        if is_fast:
            fast_fit.accelerate(model, seed=0)
        data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)
        found.append(model.fit(data, steps_per_epoch=3, epochs=2, verbose=0).history)
    assert found[0].keys() == found[1].keys()
    for name, values in found[0].items():
        assert found[1][name] == pytest.approx(values, rel=1e-4), name


def test_a_dense_layers_gradients_are_keras() -> None:
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(32, 50)), tf.float32)
    for activation, use_bias in (("relu", True), (None, False)):
        layer = keras.layers.Dense(20, activation, use_bias=use_bias)
        layer.build((None, 50))
        found = []
        for straight in (False, True):
            if straight:
                fast_dense.straighten(layer)
                assert "call" in vars(layer)
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(tf.sin(layer(x)))
            found.append(tape.gradient(loss, [x, *layer.trainable_variables]))
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_adapters_may_be_added_to_a_dense_layer() -> None:
    model = small_model()
    fast_fit.accelerate(model, seed=0)
    model.layers[-1].enable_lora(2)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert np.isfinite(model.fit(X, Y).history["loss"]).all()


def test_other_layers_are_left_alone() -> None:
    class Own(keras.layers.Dense):
        pass

    for layer in (Own(3), keras.layers.EinsumDense("ab,bc->ac", 3)):
        fast_dense.straighten(layer)
        assert "call" not in vars(layer)
    layer = keras.layers.Dense(3)
    fast_dense.straighten(layer)
    assert layer(np.ones((2, 4, 5), "float32")).shape == (2, 4, 3), "more than two dimensions are Keras's"
