"""Layer normalization of one operation is Keras's: outputs, gradients, and what it leaves to Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.acceleration import step
from keras_search.tuner.fast.layer_norm import LayerNorm
from tests.tuner.fast.trained_alike import all_alike, needs_compiler, operation_types, outcomes


@pytest.fixture(autouse=True, scope="module")
def prepared() -> None:
    operations.prepare(print)


def varied(*shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).normal(2.0, 3.0, shape), tf.float32)


@needs_compiler
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((32, 64, 32), {}),
        ((7, 5, 37), {"epsilon": 0.1}),
        ((1, 3), {}),
        ((130, 16), {"scale": False}),
        ((2, 3, 4, 5), {"center": False}),
        ((3, 33), {"scale": False, "center": False}),
        ((5, 1), {}),
    ],
)
def test_it_is_keras(shape: tuple[int, ...], options: dict) -> None:
    layer = layers.LayerNormalization(**options)
    all_alike(outcomes(LayerNorm(), layer, "LayerNorm", [varied(*shape)]))


@needs_compiler
def test_an_empty_batch_gives_nothing_and_gradients_of_zero() -> None:
    layer = layers.LayerNormalization()
    all_alike(outcomes(LayerNorm(), layer, "LayerNorm", [tf.zeros((0, 4, 3))]))


@needs_compiler
def test_the_number_of_threads_changes_no_digit() -> None:
    upstream, inputs = varied(1000, 21), varied(1000, 21)[::-1]
    compiled, gamma = operations.load(), varied(21)
    assert compiled is not None
    _, kept = compiled.layer_norm(inputs, gamma, gamma, 1e-3)
    sums = compiled.layer_norm_grad(upstream, inputs, gamma, kept)[1:]
    # Parts of 64 rows, added up in order.
    parts = [
        compiled.layer_norm_grad(upstream[at : at + 64], inputs[at : at + 64], gamma, kept[at : at + 64])[1:]
        for at in range(0, 1000, 64)
    ]
    for found, each in zip(sums, zip(*parts, strict=True), strict=True):
        expected = each[0].numpy()
        for part in each[1:]:
            expected = expected + part.numpy()
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("options", [{"axis": 1}, {"axis": [1, 2]}, {"dtype": "mixed_float16"}])
def test_other_layers_are_left_alone(options: dict) -> None:
    assert not LayerNorm().covers(layers.LayerNormalization(**options))
    built = layers.LayerNormalization(**options)
    built.build((2, 3, 4))
    assert not LayerNorm().covers(built)


def test_a_scaling_by_the_variance_is_left_alone(recwarn: pytest.WarningsRecorder) -> None:
    assert not LayerNorm().covers(layers.LayerNormalization(rms_scaling=True))


@needs_compiler
def test_inputs_of_another_type_and_calls_outside_of_steps_are_left_to_keras() -> None:
    layer = layers.LayerNormalization()
    layer.build((2, 3))
    LayerNorm().replace_in(layer)
    half = tf.function(step(layer)).get_concrete_function(tf.ones((2, 3), tf.float16))
    assert "LayerNorm" not in operation_types(half)
    assert "LayerNorm" not in operation_types(tf.function(lambda x: layer(x)).get_concrete_function(tf.ones((2, 3))))
    assert "LayerNorm" in operation_types(tf.function(step(lambda x: layer(x))).get_concrete_function(tf.ones((2, 3))))


@needs_compiler
def test_gamma_of_another_width_is_refused() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="of another layer"):
        operations.load().layer_norm(varied(2, 3), varied(4), varied(4), 1e-3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not that of the inputs"):
        operations.load().layer_norm_grad(varied(3, 3), varied(2, 3), varied(3), varied(2, 2))


@needs_compiler
def test_a_model_trains_as_in_keras() -> None:
    weights = []
    x, y = varied(40, 6, 5), varied(40, 6, 3)
    for is_fast in (False, True):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((6, 5)), layers.LayerNormalization(), layers.Dense(3)])
        model.compile(keras.optimizers.SGD(0.01), "mse")
        if is_fast:
            assert LayerNorm().why_not(model, None) is None
            LayerNorm().replace(model, None)
            model.train_step = step(model.train_step)
        model.fit(x, y, epochs=2, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    all_alike(weights)
