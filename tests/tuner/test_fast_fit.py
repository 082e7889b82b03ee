"""The fast `fit` trains as Keras does: shown on the numbers."""

from tuner import runtime

runtime.load_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

from tuner import fast_dense, fast_fit  # noqa: E402

RNG = np.random.default_rng(0)
# Neither a multiple of the batch nor of the batches in one call.
COUNT = fast_fit.STEPS_PER_EXECUTION * 16 + 16 * 3 + 5
X = RNG.random((COUNT, 8, 8, 1), dtype="float32")
Y = RNG.integers(0, 3, COUNT)
VALIDATION = (RNG.random((701, 8, 8, 1), dtype="float32"), RNG.integers(0, 3, 701))


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


def test_every_epoch_has_a_fresh_order_that_its_number_decides() -> None:
    order = fast_fit.EpochOrder(100, seed=3)
    seen = []
    for epoch in (0, 1, 0):
        order.on_epoch_begin(epoch)
        seen.append(order.indices.numpy().tolist())
    assert seen[0] == seen[2] != seen[1]
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(100))


def test_a_resumed_fit_sees_the_order_of_the_later_epochs() -> None:
    whole, parts = small_model(), small_model()
    for model in (whole, parts):
        fast_fit.accelerate(model, seed=5)
    whole.fit(X, Y, epochs=2, verbose=0)
    parts.fit(X, Y, epochs=1, verbose=0)
    parts.fit(X, Y, epochs=2, initial_epoch=1, verbose=0)
    for one, other in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_without_shuffling_the_order_stays() -> None:
    order = fast_fit.EpochOrder(10, seed=3, shuffle=False)
    order.on_epoch_begin(0)
    assert order.indices.numpy().tolist() == list(range(10))


class CountTraces(keras.optimizers.SGD):
    traces = 0

    def apply(self, *args: object) -> None:
        self.traces += 1
        super().apply(*args)


@pytest.mark.parametrize("is_built", [True, False])
def test_a_step_is_traced_once(is_built: bool) -> None:
    model = small_model() if is_built else keras.Sequential([layers.Flatten(), layers.Dense(3, "softmax")])
    model.compile(CountTraces(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    fast_fit.accelerate(model, seed=0)
    history = model.fit(X, Y, epochs=2, validation_data=VALIDATION).history
    assert model.optimizer.traces == 1
    assert set(history) == {"accuracy", "loss", "val_accuracy", "val_loss"}


def test_a_model_that_cannot_be_traced_beforehand_is_trained_all_the_same() -> None:
    class Once(keras.metrics.Metric):
        """Gives up the first time."""

        calls = 0

        def update_state(self, y: tf.Tensor, predicted: tf.Tensor, sample_weight: tf.Tensor | None = None) -> None:
            self.calls += 1
            if self.calls == 1:
                raise RuntimeError("not now")

        def result(self) -> tf.Tensor:
            return tf.constant(7.0)

    model, metric = small_model(), Once()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[metric])
    fast_fit.accelerate(model, seed=0)
    assert model.fit(X, Y).history["once"] == [7.0]
    assert metric.calls == 2


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
        {"sample_weight": np.ones(COUNT)},
        {"steps_per_epoch": 3, "epochs": 2},
        {"class_weight": {0: 1.0, 1: 2.0, 2: 1.0}},
        {"validation_data": (*VALIDATION, np.ones(701))},
    ],
)
def test_what_it_does_not_cover_is_left_to_keras(arguments: dict) -> None:
    plain, accelerated = small_model(), small_model()
    fast_fit.accelerate(accelerated, seed=0)
    expected = plain.fit(X, Y, shuffle=False, verbose=0, **arguments).history
    history = accelerated.fit(X, Y, shuffle=False, verbose=0, **arguments).history
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-4), name


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


def test_other_layers_are_left_alone() -> None:
    class Own(keras.layers.Dense):
        pass

    for layer in (Own(3), keras.layers.EinsumDense("ab,bc->ac", 3)):
        fast_dense.straighten(layer)
        assert "call" not in vars(layer)
    layer = keras.layers.Dense(3)
    fast_dense.straighten(layer)
    assert layer(np.ones((2, 4, 5), "float32")).shape == (2, 4, 3), "more than two dimensions are Keras's"
