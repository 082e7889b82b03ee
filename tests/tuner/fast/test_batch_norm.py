"""The fused batch normalisation computes what Keras does: outputs, gradients and moving averages."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_search.tuner.fast.acceleration import step
from keras_search.tuner.fast.batch_norm import BatchNorm

IMAGES = tf.constant(np.random.default_rng(0).normal(2.0, 3.0, (6, 5, 4, 3)), tf.float32)


def layer(fused: bool, shape: tuple[int | None, ...] = (None, 5, 4, 3), **arguments: object) -> keras.Layer:
    made = keras.layers.BatchNormalization(**arguments)
    made.build(shape)
    for number, variable in enumerate(made.variables):
        variable.assign(np.random.default_rng(number).random(variable.shape) + 0.5)
    if fused:
        BatchNorm().replace_in(made)
    return made


def outcome(normalisation: keras.Layer, training: bool) -> list[np.ndarray]:
    """The outputs, the gradients by images and weights, and the variables afterwards."""
    with tf.GradientTape() as tape:
        tape.watch(IMAGES)
        outputs = step(normalisation)(IMAGES, training=training)
        loss = tf.reduce_sum(tf.sin(outputs))
    gradients = tape.gradient(loss, [IMAGES, *normalisation.trainable_variables])
    return [outputs.numpy(), *map(np.asarray, gradients), *map(np.asarray, normalisation.variables)]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("arguments", [{}, {"momentum": 0.8, "epsilon": 0.1}])
def test_it_is_keras(arguments: dict[str, float], training: bool) -> None:
    fused = layer(True, **arguments)
    assert "call" in vars(fused)
    for one, other in zip(outcome(fused, training), outcome(layer(False, **arguments), training), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_frozen_layer_keeps_its_averages() -> None:
    fused, plain = layer(True), layer(False)
    fused.trainable = plain.trainable = False
    for one, other in zip(outcome(fused, True), outcome(plain, True), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("arguments", [{"scale": False}, {"center": False}, {"axis": 1}])
def test_what_the_kernel_lacks_is_left_to_keras(arguments: dict[str, int]) -> None:
    fused, plain = layer(True, **arguments), layer(False, **arguments)
    for one, other in zip(outcome(fused, True), outcome(plain, True), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_renormalisation_is_left_to_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which Keras knows nothing before 3.14."""
    normalisation = keras.layers.BatchNormalization()
    monkeypatch.delattr(normalisation, "renorm", raising=False)
    assert BatchNorm().covers(normalisation)
    normalisation.renorm = True
    assert not BatchNorm().covers(normalisation)


def test_vectors_and_subclasses_are_left_to_keras() -> None:
    class Own(keras.layers.BatchNormalization):
        pass

    own = Own()
    BatchNorm().replace_in(own)
    assert "call" not in vars(own)
    x = np.random.default_rng(0).random((8, 3), dtype="float32")
    fused, plain = layer(True, (None, 3)), layer(False, (None, 3))
    np.testing.assert_array_equal(step(fused)(x, training=True), plain(x, training=True))
