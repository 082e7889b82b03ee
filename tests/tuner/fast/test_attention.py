"""Attention of one operation is Keras's: outputs, gradients, and what it leaves to Keras."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import operations, patches
from keras_search.tuner.fast.acceleration import step
from keras_search.tuner.fast.attention import Attention
from tests.tuner.fast.trained_alike import all_alike, needs_compiler, operation_types, outcomes


@pytest.fixture(autouse=True, scope="module")
def prepared() -> None:
    operations.prepare(print)


def varied(*shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(sum(shape)).normal(size=shape), tf.float32)


@needs_compiler
@pytest.mark.parametrize(
    ("batch", "queries", "keys", "heads", "size", "value_size"),
    [
        (3, 64, 64, 2, 16, 16),
        (2, 7, 19, 3, 5, 9),
        (1, 1, 1, 1, 1, 1),
        (1, 130, 33, 1, 17, 40),
        (4, 9, 2, 2, 33, 3),
    ],
)
def test_it_is_keras(batch: int, queries: int, keys: int, heads: int, size: int, value_size: int) -> None:
    layer = layers.MultiHeadAttention(heads, size, value_dim=value_size)
    given = [varied(batch, queries, 6), varied(batch, keys, 5), varied(batch, keys, 4)]
    all_alike(outcomes(Attention(), layer, "Attention", given))


@needs_compiler
def test_large_scores_saturate_and_those_that_are_no_numbers_stay_so() -> None:
    query, key, value = (varied(2, 11, 2, 3 + i) for i in (0, 0, 1))
    compiled = operations.load()
    assert compiled is not None
    outputs, _ = compiled.attention(query * 1e3, key, value, 1.0)
    scores = tf.einsum("btnh,bsnh->bnts", query * 1e3, key)
    np.testing.assert_allclose(
        outputs, tf.einsum("bnts,bsnh->btnh", tf.nn.softmax(scores), value), rtol=1e-5, atol=1e-6
    )
    for wrong in (np.nan, np.inf):
        spoilt = tf.tensor_scatter_nd_update(key, [[0, 4, 1, 0]], [wrong])
        outputs, _ = compiled.attention(tf.abs(query), spoilt, value, 1.0)
        assert np.isnan(outputs[0, :, 1]).all()
        assert np.isfinite(outputs[0, :, 0]).all()
        assert np.isfinite(outputs[1]).all()


@needs_compiler
def test_without_keys_there_is_nothing_to_attend_to() -> None:
    compiled = operations.load()
    assert compiled is not None
    query, nothing = varied(2, 11, 3, 4), tf.zeros((2, 0, 3, 4))
    outputs, probabilities = compiled.attention(query, nothing, nothing, 1.0)
    np.testing.assert_array_equal(outputs, tf.zeros_like(query))
    of_query, of_key, of_value = compiled.attention_grad(query, nothing, nothing, 1.0, probabilities, outputs)
    np.testing.assert_array_equal(of_query, tf.zeros_like(query))
    assert of_key.shape == of_value.shape == nothing.shape


def kinds(layer: keras.Layer, **given: Any) -> set[str]:
    """The operations of a layer in a step."""
    x = tf.ones((2, 4, 3))
    layer(x, x)
    Attention().replace_in(layer)
    return operation_types(tf.function(step(lambda x: layer(x, x, **given))).get_concrete_function(x))


@needs_compiler
def test_masks_and_scores_are_left_to_keras() -> None:
    mask = tf.constant([[[True, False, True, True]] * 4] * 2)
    assert "Attention" in kinds(layers.MultiHeadAttention(2, 3))
    for given in ({"attention_mask": mask}, {"use_causal_mask": True}, {"return_attention_scores": True}):
        assert "Attention" not in kinds(layers.MultiHeadAttention(2, 3), **given), given


@needs_compiler
def test_the_mask_of_an_embedding_is_left_to_keras() -> None:
    embedding, attention = layers.Embedding(9, 3, mask_zero=True), layers.MultiHeadAttention(2, 3)

    def outputs(x: tf.Tensor) -> tf.Tensor:
        tokens = embedding(x)
        return attention(tokens, tokens)

    x = tf.constant([[3, 1, 0, 0], [5, 0, 0, 0]])
    plain = outputs(x)
    Attention().replace_in(attention)
    fast = tf.function(step(outputs))
    assert "Attention" not in operation_types(fast.get_concrete_function(x))
    np.testing.assert_allclose(plain, fast(x), rtol=1e-5, atol=1e-6)


@needs_compiler
def test_more_axes_of_tokens_are_left_to_keras() -> None:
    x = tf.ones((2, 4, 3, 5))
    layer = layers.MultiHeadAttention(2, 3, attention_axes=(1, 2))
    layer(x, x)
    Attention().replace_in(layer)
    assert "Attention" not in operation_types(tf.function(step(lambda x: layer(x, x))).get_concrete_function(x))


def test_dropout_and_subclasses_are_left_alone() -> None:
    class Own(layers.MultiHeadAttention):
        pass

    assert Attention().covers(layers.MultiHeadAttention(2, 3))
    assert not Attention().covers(layers.MultiHeadAttention(2, 3, dropout=0.1))
    assert not Attention().covers(Own(2, 3))
    assert not Attention().covers(layers.GroupQueryAttention(2, 2, 1))


@needs_compiler
def test_factors_that_do_not_fit_are_refused() -> None:
    for query, key, value in (
        ((2, 4, 2, 3), (2, 5, 2, 4), (2, 5, 2, 3)),
        ((2, 4, 2, 3), (2, 5, 2, 3), (2, 6, 2, 3)),
        ((2, 4, 2, 3), (2, 5, 1, 3), (2, 5, 1, 3)),
        ((2, 4, 3), (2, 5, 3), (2, 5, 3)),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match="queries"):
            operations.load().attention(tf.ones(query), tf.ones(key), tf.ones(value), 1.0)


def transformer() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((9, 6))
    attended = layers.LayerNormalization()(inputs + layers.MultiHeadAttention(2, 4)(inputs, inputs))
    outputs = layers.LayerNormalization()(attended + layers.Dense(6)(layers.Dense(8, "relu")(attended)))
    model = keras.Model(inputs, layers.Dense(3, "softmax")(layers.GlobalAveragePooling1D()(outputs)))
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model


@pytest.mark.slow
@needs_compiler
def test_a_transformer_trains_as_in_keras_and_is_keras_own_afterwards() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 9, 6)).astype("float32"), rng.integers(0, 3, 40)
    plain, fast = transformer(), transformer()
    patches.accelerate(fast, seed=0)
    for model in (plain, fast):
        model.fit(x, y, validation_data=(x, y), batch_size=16, epochs=3, shuffle=False, verbose=0)
    assert patches.status(fast)["attention"] is patches.status(fast)["layer_norm"] is True
    all_alike([plain.get_weights(), fast.get_weights()])
    patches.restore(fast)
    for layer in fast.layers:
        assert not {"call", "_compute_attention"} & vars(layer).keys()
