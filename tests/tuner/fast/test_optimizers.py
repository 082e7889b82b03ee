"""The updates of one kernel are those of Keras's optimizers: shown on the numbers, with our operations and without."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.adam import Adam
from keras_search.tuner.fast.rmsprop import RmsProp
from keras_search.tuner.fast.sgd import Sgd

FUSED = (Adam(), Sgd(), RmsProp())
COMMON = [
    {},
    {"learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 20)},
    {"weight_decay": 0.1, "clipnorm": 0.5},
    {"use_ema": True, "ema_momentum": 0.9},
    {"gradient_accumulation_steps": 3, "weight_decay": 0.1},
]
OWN = {
    keras.optimizers.Adam: [{"learning_rate": 0.05, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}, {"amsgrad": True}],
    keras.optimizers.AdamW: [{"weight_decay": 0.5}],
    keras.optimizers.SGD: [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}],
    keras.optimizers.RMSprop: [
        {"rho": 0.5, "epsilon": 0.1},
        {"momentum": 0.9, "weight_decay": 0.1},
        {"centered": True, "momentum": 0.9, "weight_decay": 0.1},
    ],
}
# What is left to Keras.
LEFT = [{"amsgrad": True}, OWN[keras.optimizers.RMSprop][2]]


@pytest.fixture(autouse=True, scope="module")
def prepared() -> None:
    operations.prepare(print)


def fuse(optimizer: keras.optimizers.Optimizer) -> None:
    for each in FUSED:
        if each.why_not_in(optimizer) is None:
            each.replace_in(optimizer)


def applying(optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable]) -> Callable[..., None]:
    return tf.function(lambda *gradients: optimizer.apply(list(gradients), variables))


@pytest.mark.parametrize("is_compiled", [True, False])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param(kind, options, id=" ".join([kind.__name__, *options]))
        for kind in OWN
        for options in [*COMMON, *OWN[kind]]
    ],
)
def test_it_moves_weights_as_keras_does(
    kind: type, options: dict, is_compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_compiled:
        monkeypatch.setattr(operations, "load", lambda: None)
    rng = np.random.default_rng(0)
    start = rng.normal(size=(30, 20)).astype("float32")
    ours, theirs = kind(**options), kind(**options)
    fuse(ours)
    needs_compiled = kind is keras.optimizers.RMSprop and "momentum" not in options
    is_left = options in LEFT or (needs_compiled and operations.load() is None)
    assert ("update_step" in vars(ours)) != is_left
    weights = [keras.Variable(start), keras.Variable(start)]
    for optimizer, variable in zip((ours, theirs), weights, strict=True):
        optimizer.build([variable])
    steps = [applying(optimizer, [variable]) for optimizer, variable in zip((ours, theirs), weights, strict=True)]
    for _ in range(25):
        gradient = tf.constant(rng.normal(size=start.shape) * 10.0 ** rng.integers(-4, 3), tf.float32)
        for step in steps:
            step(gradient)
    assert np.abs(weights[1].numpy() - start).max() > 1e-3
    np.testing.assert_allclose(weights[0].numpy(), weights[1].numpy(), rtol=1e-4, atol=1e-5)
    for one, other in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)


def test_weights_that_are_excluded_do_not_decay() -> None:
    found = []
    for fused in (True, False):
        optimizer, variables = keras.optimizers.AdamW(0.0), [keras.Variable(np.ones((3, 2))) for _ in range(2)]
        optimizer.exclude_from_weight_decay(var_list=variables[:1])
        optimizer.learning_rate = 0.1
        optimizer.build(variables)
        if fused:
            fuse(optimizer)
        applying(optimizer, variables)(tf.zeros((3, 2)), tf.zeros((3, 2)))
        found.append([variable.numpy() for variable in variables])
    np.testing.assert_allclose(*found)
    assert (found[0][0] == 1).all()
    assert (found[0][1] < 1).all()


@pytest.mark.parametrize("kind", OWN)
def test_gradients_of_rows_are_keras(kind: type) -> None:
    """Some of the rows more than once, as in a batch of texts."""
    rng = np.random.default_rng(0)
    start, weights = rng.normal(size=(9, 4, 5)), []
    batches = [(tf.constant(rng.normal(size=(13, 4, 5)), tf.float32), rng.integers(0, 7, 13)) for _ in range(5)]
    for fused in (True, False):
        optimizer, variable = kind(0.1, weight_decay=0.1), keras.Variable(start)
        optimizer.build([variable])
        if fused:
            fuse(optimizer)

        apply = applying(optimizer, [variable])
        for values, rows in batches:
            apply(tf.IndexedSlices(values, tf.constant(rows), tf.constant(start.shape)))
        weights.append([variable.numpy(), *map(np.asarray, optimizer.variables)])
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_other_optimizers_are_left_alone() -> None:
    for optimizer in (keras.optimizers.Nadam(), keras.optimizers.Lion(), keras.optimizers.Adam(amsgrad=True)):
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
