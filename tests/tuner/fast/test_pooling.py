"""A convolution, its ReLU and max pooling in one operation are TensorFlow's."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.acceleration import step
from keras_search.tuner.fast.pooling import Pooling
from tests.tuner.fast.trained_alike import (
    convolutional_model,
    needs_compiler,
    operation_types,
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


@needs_compiler
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("images", "filters", "kernel"),
    [
        ((5, 28, 28, 1), 28, 3),
        ((33, 7, 8, 1), 3, 3),
        ((2, 9, 11, 3), 17, (2, 5)),
        ((9, 6, 6, 4), 64, 1),
        ((1, 13, 12, 2), 83, 4),
    ],
)
def test_a_pooled_convolution_is_tensorflows(
    images: tuple[int, ...], filters: int, kernel: int | tuple[int, int], padding: str
) -> None:
    """Its outputs, and its gradients by the images, the filters and the bias."""
    convolution = layers.Conv2D(filters, kernel, padding=padding, activation="relu")
    convolution.build(images)
    convolution.bias.assign(random(filters))
    x = random(*images)
    found = []
    for fused in (False, True):
        pooling = layers.MaxPooling2D(2)
        if fused:
            Pooling().replace_in(pooling)

        @tf.function
        @step
        def outcome(x: tf.Tensor, pooling: keras.Layer = pooling) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(x)
                outputs = pooling(convolution(x))
                loss = tf.reduce_sum(tf.sin(outputs))
            return [outputs, *tape.gradient(loss, [x, *convolution.trainable_variables])]

        assert ("PooledConvolution" in operation_types(outcome.get_concrete_function(x))) == fused
        found.append(outcome(x))
    assert found[0][0].shape == found[1][0].shape
    for one, other in zip(*found, strict=True):
        scale = float(tf.reduce_max(tf.abs(one)))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * scale)


@needs_compiler
def test_what_else_reads_the_convolution_gets_it_as_before() -> None:
    inputs = layers.Input((8, 8, 1))
    convolved = layers.Conv2D(5, 3, activation="relu", use_bias=False)(inputs)
    pooled = layers.MaxPooling2D(2)(convolved)
    outputs = layers.Concatenate()([layers.Flatten()(convolved), layers.Flatten()(pooled)])
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(outputs))
    assert "PooledConvolution" in trained_alike(model)


def test_other_poolings_are_left_alone() -> None:
    x = random(2, 9, 9, 1)
    for pooling, activation in (
        (layers.MaxPooling2D(3), "relu"),
        (layers.MaxPooling2D(2, strides=1), "relu"),
        (layers.MaxPooling2D(2, padding="same"), "relu"),
        (layers.AveragePooling2D(2), "relu"),
        (layers.MaxPooling2D(2), "elu"),
        (layers.MaxPooling2D(2), None),
    ):
        Pooling().replace_in(pooling)
        outputs = tf.function(step(lambda x, pooling, layer: pooling(layer(x))))
        convolution = layers.Conv2D(4, 3, activation=activation)
        convolution.build(x.shape)
        assert "PooledConvolution" not in operation_types(outputs.get_concrete_function(x, pooling, convolution))


@pytest.mark.slow
@needs_compiler
def test_images_of_many_channels_are_left_to_keras() -> None:
    assert "PooledConvolution" in trained_alike(convolutional_model(4))
    assert "PooledConvolution" not in trained_alike(convolutional_model(5))


@needs_compiler
def test_a_bias_a_row_is_no_bias_a_filter() -> None:
    """Traced alone: oneDNN cannot run TensorFlow's own operation for it."""

    @tf.function
    @step
    def outputs(x: tf.Tensor) -> tf.Tensor:
        shifted = keras.ops.relu(keras.ops.add(convolution(x), tf.ones((6, 1, 1))))
        return pooling(shifted)

    convolution, pooling = layers.Conv2D(40, 3, use_bias=False), layers.MaxPooling2D(2)
    Pooling().replace_in(pooling)
    types = operation_types(outputs.get_concrete_function(random(2, 8, 8, 1)))
    assert "BiasAdd" in types
    assert "PooledConvolution" not in types
