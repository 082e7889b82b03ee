"""Models that are trained with the compiled operations and without, to the same weights."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import patches

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
    def step(x: tf.Tensor, y: tf.Tensor) -> dict[str, tf.Tensor]:
        return model.train_step((x, y))

    return [operation.type for operation in step.get_concrete_function(x[:32], y[:32]).graph.get_operations()]


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
