"""The fused Adam is Keras's Adam: shown on the numbers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_search.tuner.fast.adam import Adam


def fuse(optimizer: keras.optimizers.Optimizer) -> None:
    if Adam().why_not_in(optimizer) is None:
        Adam().replace_in(optimizer)


@pytest.mark.parametrize("kind", [keras.optimizers.Adam, keras.optimizers.AdamW])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"learning_rate": 0.05, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3},
        {"learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 20)},
        {"weight_decay": 0.1, "clipnorm": 0.5},
        {"use_ema": True, "ema_momentum": 0.9},
        {"amsgrad": True},
    ],
)
def test_it_moves_weights_as_keras_does(kind: type, options: dict) -> None:
    rng = np.random.default_rng(0)
    start = rng.normal(size=(30, 20)).astype("float32")
    ours, theirs = kind(**options), kind(**options)
    fuse(ours)
    assert ("update_step" in vars(ours)) != options.get("amsgrad", False)
    weights = [keras.Variable(start), keras.Variable(start)]
    for _ in range(25):
        gradient = tf.constant(rng.normal(size=start.shape) * 10.0 ** rng.integers(-4, 3), tf.float32)
        for optimizer, variable in zip((ours, theirs), weights, strict=True):
            optimizer.apply([gradient], [variable])
    assert np.abs(weights[1].numpy() - start).max() > 1e-3
    np.testing.assert_allclose(weights[0].numpy(), weights[1].numpy(), rtol=1e-4, atol=1e-5)
    for one, other in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)


def test_sparse_gradients_take_keras_path() -> None:
    weights = []
    for fused in (True, False):
        optimizer, variable = keras.optimizers.Adam(0.1), keras.Variable(np.ones((5, 2), "float32"))
        if fused:
            fuse(optimizer)
        gradient = tf.IndexedSlices(tf.ones((2, 2)), tf.constant([1, 3]), tf.constant([5, 2]))
        optimizer.apply([gradient], [variable])
        weights.append(variable.numpy())
    np.testing.assert_array_equal(*weights)


def test_other_optimizers_are_left_alone() -> None:
    for optimizer in (keras.optimizers.Nadam(), keras.optimizers.SGD(), keras.optimizers.Adam(amsgrad=True)):
        fuse(optimizer)
        assert "update_step" not in vars(optimizer)


def test_a_saved_model_holds_plain_adam(tmp_path) -> None:  # noqa: ANN001
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    fuse(model.optimizer)
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is keras.optimizers.Adam
    assert int(loaded.optimizer.iterations) == 1
