"""Models that are trained with the compiled operations and without, to the same weights."""

import shutil
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import patches
from keras_search.tuner.fast.acceleration import LayerAcceleration, step

needs_compiler = pytest.mark.skipif(shutil.which("c++") is None, reason="needs a C++ compiler")


def operation_types(function: tf.types.experimental.ConcreteFunction) -> set[str]:
    return {operation.type for operation in function.graph.get_operations()}


def trained_alike(
    model: keras.Model, optimizer: type[keras.Optimizer] = keras.optimizers.Adam, jit: bool = False, **options: object
) -> list[str]:
    """Checks that `model` trains to Keras's own weights; returns the operations of its accelerated step."""
    rng = np.random.default_rng(0)
    x, y = rng.random((70, 8, 8, 1), dtype="float32"), rng.integers(0, 3, 70)
    plain = keras.models.clone_model(model)
    plain.set_weights(model.get_weights())
    for one in (plain, model):
        one.compile(optimizer(**{"learning_rate": 0.01, **options}), "sparse_categorical_crossentropy", jit_compile=jit)
    patches.accelerate(model, seed=0)
    for one in (plain, model):
        one.fit(x, y, batch_size=32, epochs=3, shuffle=False, verbose=0)
    for ours, theirs in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=1e-5)

    @tf.function
    def train_step(x: tf.Tensor, y: tf.Tensor) -> dict[str, tf.Tensor]:
        return model.train_step((x, y))

    return [operation.type for operation in train_step.get_concrete_function(x[:32], y[:32]).graph.get_operations()]


def dense_model(**arguments: object) -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(37, "relu", **arguments), layers.Dense(3, "softmax")]
    )


def convolutional_model(channels: int = 1) -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(channels, 1),
            layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )


def outcomes(
    acceleration: LayerAcceleration, layer: keras.Layer, operation: str, given: list[tf.Tensor]
) -> list[list[tf.Tensor]]:
    """The outputs of `layer`, and the gradients of what it is `given` and of its weights, by Keras and accelerated."""
    rng = np.random.default_rng(0)
    layer(*given)
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(size=variable.shape) / 2)
    found = []
    for is_fast in (False, True):
        if is_fast:
            acceleration.replace_in(layer)

        @tf.function
        @step
        def outcome(*given: tf.Tensor) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(given)
                outputs = layer(*given)
                loss = tf.reduce_sum(tf.sin(outputs))
            return [outputs, *tape.gradient(loss, [*given, *layer.trainable_variables])]

        assert (operation in operation_types(outcome.get_concrete_function(*given))) == is_fast
        found.append(outcome(*given))
    return found


def all_alike(pair: list[list[Any]]) -> None:
    """Checks that two lists of arrays differ by rounding alone, even where sums of large numbers should be zero."""
    scale = max(float(np.max(np.abs(one), initial=1)) for one in pair[0])
    for one, other in zip(*pair, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6 * scale)
