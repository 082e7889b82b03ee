"""LSTM and GRU layers of one operation are Keras's: outputs, gradients, and what they leave to Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.acceleration import step
from keras_search.tuner.fast.recurrent import Recurrent
from tests.tuner.fast.trained_alike import needs_compiler, operation_types

KINDS = [layers.LSTM, layers.GRU]


@pytest.fixture(autouse=True, scope="module")
def prepared() -> None:
    operations.prepare(print)


def outcomes(kind: type[keras.Layer], shape: tuple[int, int, int], units: int, **options: object) -> list[list]:
    """The outputs and all gradients of a layer, accelerated and not, and whether it is one operation."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=shape), tf.float32)
    layer = kind(units, **options)
    layer(x)
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(size=variable.shape) / 2)
    found = []
    for fast in (False, True):
        if fast:
            Recurrent().replace_in(layer)

        @tf.function
        @step
        def outcome(x: tf.Tensor) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(x)
                outputs = layer(x, training=True)
                loss = tf.reduce_sum(tf.sin(outputs * 3))
            return [outputs, *tape.gradient(loss, [x, *layer.trainable_variables])]

        assert bool({"Lstm", "Gru"} & operation_types(outcome.get_concrete_function(x))) == fast
        found.append(outcome(x))
    return found


@needs_compiler
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("shape", "units", "options"),
    [
        ((19, 7, 5), 64, {}),
        ((8, 4, 3), 37, {"return_sequences": True}),
        ((1, 9, 2), 1, {"go_backwards": True, "return_sequences": True}),
        ((5, 1, 33), 20, {"use_bias": False}),
    ],
)
def test_it_is_keras(kind: type[keras.Layer], shape: tuple[int, int, int], units: int, options: dict) -> None:
    plain, fast = outcomes(kind, shape, units, **options)
    assert plain[0].shape == fast[0].shape
    for one, other in zip(plain, fast, strict=True):
        scale = float(tf.reduce_max(tf.abs(one)))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-6 * max(scale, 1))


@needs_compiler
@pytest.mark.parametrize("kind", KINDS)
def test_large_values_saturate_as_in_keras(kind: type[keras.Layer]) -> None:
    x = tf.constant(np.random.default_rng(0).normal(size=(9, 6, 4)) * 1e4, tf.float32)
    layer = kind(5)
    plain = layer(x)
    Recurrent().replace_in(layer)
    fast = tf.function(step(layer))(x)
    np.testing.assert_allclose(plain, fast, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [{"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}, {"return_state": True}, {"stateful": True}],
)
def test_other_layers_are_left_alone(kind: type[keras.Layer], options: dict) -> None:
    assert not Recurrent().covers(kind(3, **options))
    assert not Recurrent().covers(layers.GRU(3, reset_after=False))
    assert not Recurrent().covers(layers.SimpleRNN(3))


@needs_compiler
@pytest.mark.parametrize("kind", KINDS)
def test_masks_states_and_dropout_are_left_to_keras(kind: type[keras.Layer]) -> None:
    x, mask = tf.ones((4, 5, 3)), tf.constant([[True, True, False, False, False]] * 4)
    states = [tf.ones((4, 2))] * (2 if kind is layers.LSTM else 1)
    layer = kind(2)
    layer(x)
    Recurrent().replace_in(layer)

    def types(layer: keras.Layer, **given: object) -> set[str]:
        return operation_types(tf.function(step(lambda x: layer(x, **given))).get_concrete_function(x))

    own = kind.__name__.capitalize()
    assert own in types(layer)
    assert own not in types(layer, mask=mask)
    assert own not in types(layer, initial_state=states)
    dropping = kind(2, dropout=0.5)
    dropping(x)
    Recurrent().replace_in(dropping)
    assert own not in types(dropping, training=True)
    assert own in types(dropping, training=False)
