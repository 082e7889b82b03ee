"""Which weights are updated from the factors of their gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.adam import Adam
from tests.tuner.fast.trained_alike import needs_compiler


@pytest.fixture(autouse=True, scope="module")
def prepared() -> None:
    operations.prepare(print)


def updates(shape: tuple[int | None, ...], *hidden: keras.Layer) -> list[str]:
    """The operations that update the kernels, and the biases after each, of dense layers on inputs of a shape."""
    model = keras.Sequential([*hidden, layers.Dense(3)])
    model.build((None, *shape[1:]))
    model.compile("adam", "mse")
    Adam().replace(model, None)

    @tf.function(input_signature=[tf.TensorSpec(shape), tf.TensorSpec((*shape[:1], *model.output_shape[1:]))])
    def step(x: tf.Tensor, y: tf.Tensor) -> dict[str, tf.Tensor]:
        return model.train_step((x, y))

    types = [operation.type for operation in step.get_concrete_function().graph.get_operations()]
    return [each for each in types if each.startswith("AdamBy")]


@needs_compiler
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((None, 4), "AdamByFactors"),
        ((32, 4), "AdamByFactors"),
        ((33, 4), "AdamByGradient"),
        ((None, 5, 4), "AdamByGradient"),
        ((None, None, 4), "AdamByGradient"),
    ],
)
def test_where_the_factors_have_few_rows(shape: tuple[int | None, ...], expected: str) -> None:
    assert updates(shape) == [expected, "AdamByGradient"]


@needs_compiler
def test_flattened_images_are_one_row_each() -> None:
    assert updates((None, 5, 4, 2), layers.Flatten()) == ["AdamByFactors", "AdamByGradient"]


@pytest.mark.slow
@needs_compiler
def test_a_layer_of_tokens_trains_as_in_keras() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 40, 4)).astype("float32"), rng.normal(size=(8, 40, 3)).astype("float32")
    weights = []
    for is_fast in (False, True):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((40, 4)), layers.Dense(6, "relu"), layers.Dense(3)])
        model.compile(keras.optimizers.Adam(0.01), "mse")
        if is_fast:
            Adam().replace(model, None)
        model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
