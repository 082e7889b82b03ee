"""The compiled operations compute what TensorFlow and Keras do."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import operations, patches
from tests.tuner.fast.trained_alike import (
    convolutional_model,
    dense_model,
    needs_compiler,
    trained_alike,
)

RNG = np.random.default_rng(0)
NUMBERS = [0.1, 0.9, 0.99, 1e-7, 0.0]  # of Adam: the size of a step, the betas, epsilon and the decay


@pytest.fixture(autouse=True, scope="module")
def prepared() -> None:
    operations.prepare(print)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Weights and data are the same whichever tests have run before."""
    global RNG
    RNG = np.random.default_rng(0)
    keras.utils.set_random_seed(0)


def random(*shape: int) -> tf.Tensor:
    return tf.constant(RNG.normal(size=shape), tf.float32)


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1},
        {"use_ema": True, "ema_overwrite_frequency": 4},
        {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.01, 2, 0.7)},
        {"weight_decay": 0.1},
    ],
)
def test_adam_by_factors_is_keras(options: dict[str, object]) -> None:
    assert trained_alike(dense_model(), **options).count("AdamByFactors") == 2


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize(
    ("optimizer", "operation", "options"),
    [
        (keras.optimizers.SGD, "DescentByFactors", {"weight_decay": 0.1}),
        (keras.optimizers.SGD, "MomentumByFactors", {"momentum": 0.9}),
        (keras.optimizers.SGD, "NesterovByFactors", {"momentum": 0.9, "nesterov": True}),
        (keras.optimizers.RMSprop, "RmspropByFactors", {"weight_decay": 0.1}),
        (keras.optimizers.AdamW, "AdamByFactors", {"weight_decay": 0.1}),
    ],
)
def test_other_optimizers_by_factors_are_keras(optimizer: type, operation: str, options: dict[str, object]) -> None:
    assert trained_alike(dense_model(), optimizer, **options).count(operation) == 2


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("clipping", [{"clipnorm": 0.01}, {"global_clipnorm": 0.01}, {"clipvalue": 0.001}])
def test_a_gradient_that_is_clipped_is_not_taken_by_its_factors(clipping: dict[str, float]) -> None:
    assert "AdamByFactors" not in trained_alike(dense_model(), **clipping)


@pytest.mark.slow
@needs_compiler
def test_a_gradient_with_a_second_term_is_not_taken_by_its_factors() -> None:
    regularized = dense_model(kernel_regularizer="l2")
    assert trained_alike(regularized).count("AdamByFactors") == 1
    inputs = layers.Input((8, 8, 1))
    twice = layers.Dense(64, "relu")
    outputs = layers.Dense(3, "softmax")(twice(twice(layers.Flatten()(inputs))))
    assert trained_alike(keras.Model(inputs, outputs)).count("AdamByFactors") == 1


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("optimizer", ["RMSprop", "Adafactor", "Lion", "AdamW"])
def test_every_optimizer_takes_the_gradients(optimizer: str) -> None:
    assert "PooledConvolution" in trained_alike(convolutional_model(), getattr(keras.optimizers, optimizer))


@pytest.mark.slow
def test_what_xla_compiles_is_left_to_keras() -> None:
    model = convolutional_model()
    trained_alike(model, jit=True)
    model.compile(model.optimizer, "sparse_categorical_crossentropy")
    x, y = RNG.random((70, 8, 8, 1), dtype="float32"), RNG.integers(0, 3, 70)
    model.fit(x, y)
    model.compile(model.optimizer, "sparse_categorical_crossentropy", jit_compile=True)
    assert np.isfinite(model.fit(x, y).history["loss"]).all()


@pytest.mark.slow
@needs_compiler
def test_an_exported_model_has_keras_operations_alone(tmp_path: Path) -> None:
    class Export(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self.model.export(tmp_path / "exported", verbose=False)

    model = convolutional_model()
    model.compile("adam", "sparse_categorical_crossentropy")
    patches.accelerate(model, seed=0)
    x = RNG.random((32, 8, 8, 1), dtype="float32")
    model.fit(x, RNG.integers(0, 3, 32), callbacks=[Export()])
    read = "import sys, tensorflow as tf; tf.saved_model.load(sys.argv[1])"
    subprocess.run([sys.executable, "-c", read, tmp_path / "exported"], capture_output=True, check=True)


@needs_compiler
def test_a_step_of_ones_own_that_reads_the_gradients_gets_them() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.flatten, self.dense = layers.Flatten(), layers.Dense(3)
            self.norms = keras.metrics.Sum("norms")

        def call(self, x: tf.Tensor) -> tf.Tensor:
            return self.dense(self.flatten(x))

        def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(x, y, self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.norms.update_state([tf.norm(gradient) for gradient in gradients])
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"norms": self.norms.result()}

    x, y = RNG.random((64, 8, 8, 1), dtype="float32"), RNG.integers(0, 3, 64)
    found = []
    for is_fast in (False, True):
        keras.utils.set_random_seed(0)
        model = Own()
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        if is_fast:
            patches.accelerate(model, seed=0)
        found.append(model.fit(x, y, epochs=2, shuffle=False, verbose=0).history["norms"])
    assert found[0] == pytest.approx(found[1], rel=1e-4)


@needs_compiler
def test_a_tensor_that_somebody_holds_stays_as_it_was() -> None:
    weight, *moments = (tf.Variable(abs(random(6, 5))) for _ in range(3))
    held = weight.read_value()
    before = held.numpy().copy()
    left, right = random(4, 6), random(4, 5)
    handles = [variable.handle for variable in (weight, *moments)]
    operations.load().adam_by_factors(handles, NUMBERS, left, right)
    np.testing.assert_array_equal(held, before)
    assert np.isfinite(weight).all()
    assert not np.allclose(weight, before)


@needs_compiler
def test_another_thread_never_sees_half_an_update() -> None:
    variables = [tf.Variable(tf.ones((400, 64))) for _ in range(3)]
    handles = [variable.handle for variable in variables]
    left, right = random(8, 400), random(8, 64)
    is_over = threading.Event()

    def read() -> list[bool]:
        stayed = []
        while not is_over.is_set():
            held = variables[0].read_value()
            before = held.numpy().copy()
            time.sleep(0.001)
            stayed.append(bool((held.numpy() == before).all()))
        return stayed

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            for _ in range(1000):
                operations.load().adam_by_factors(handles, NUMBERS, left, right)
        finally:
            is_over.set()
    assert all(reading.result())


@needs_compiler
def test_factors_of_something_else_are_refused() -> None:
    handles = [tf.Variable(tf.ones((4, 3))).handle for _ in range(3)]
    for left, right in ((random(2, 4), random(2, 2)), (random(2, 4), random(1, 3))):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"the (factors are|gradient is not)"):
            operations.load().adam_by_factors(handles, NUMBERS, left, right)
