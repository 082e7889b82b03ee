"""Whatever data `fit` is called with, a model trains on them as Keras has it."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search.tuner.fast import patches
from tests.helpers import mostly_slow
from tests.tuner.small_models import (
    COUNT,
    VALIDATION,
    CountBatches,
    X,
    Y,
    model_with_an_autoencoders_step,
    small_model,
)

RNG = np.random.default_rng(1)


def test_words_are_trained_on() -> None:
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            layers.StringLookup(vocabulary=["red", "green"]),
            layers.Embedding(3, 2),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    patches.accelerate(model, seed=0)
    history = model.fit(np.array(["red", "green"] * 64).reshape(-1, 1), np.array([0, 1] * 64), epochs=3).history
    assert history["accuracy"][-1] == 1


@pytest.mark.parametrize(
    "arguments",
    mostly_slow(
        [
            {"validation_split": 0.25, "batch_size": 4},
            {"sample_weight": RNG.random(COUNT)},
            {"class_weight": {0: 1.0, 1: 2.0}, "validation_data": VALIDATION},
            {"validation_data": (*VALIDATION, RNG.random(701)), "validation_freq": 2},
            {"sample_weight": RNG.random(COUNT), "validation_split": 0.25, "initial_epoch": 1},
        ],
        1,
    ),
)
def test_weights_and_parts_held_back_are_as_keras_has_them(arguments: dict, calls: list[int]) -> None:
    plain, accelerated = small_model(), small_model()
    for model in (plain, accelerated):
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
    patches.accelerate(accelerated, seed=0)
    expected = plain.fit(X, Y, shuffle=False, epochs=2, verbose=0, **arguments).history
    history = accelerated.fit(X, Y, shuffle=False, epochs=2, verbose=0, **arguments).history
    assert calls, "it was left to Keras"
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-4), name


def model_of_two_inputs(seed: int | None) -> keras.Model:
    """Two inputs by name, two outputs; fast with a `seed`."""
    keras.utils.set_random_seed(0)
    inputs = {"image": keras.Input((8, 8, 1), name="image"), "number": keras.Input((1,), name="number")}
    joined = layers.Concatenate()([layers.Flatten()(inputs["image"]), inputs["number"]])
    model = keras.Model(inputs, [layers.Dense(3, "softmax", name="kind")(joined), layers.Dense(1, name="size")(joined)])
    model.compile("adam", ["sparse_categorical_crossentropy", "mse"], metrics=[["accuracy"], ["mae"]])
    if seed is not None:
        patches.accelerate(model, seed)
    return model


def test_inputs_and_outputs_in_any_nesting_are_trained_on(calls: list[int]) -> None:
    numbers = RNG.random((COUNT, 1))
    x, y = {"image": X, "number": numbers}, [Y, numbers[:, 0]]
    order = np.random.default_rng((4, 0)).permutation(COUNT)
    in_order = {name: array[order] for name, array in x.items()}, [array[order] for array in y]
    plain, fast = model_of_two_inputs(None), model_of_two_inputs(seed=4)
    expected = plain.fit(*in_order, shuffle=False, validation_data=(x, y), verbose=0).history
    history = fast.fit(x, y, validation_data=(x, y)).history
    assert calls, "it was left to Keras"
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-4), name


def test_a_model_that_learns_from_its_inputs_alone_needs_no_labels(calls: list[int]) -> None:
    found = []
    for is_fast in (False, True):
        keras.utils.set_random_seed(0)
        model = model_with_an_autoencoders_step()
        model.compile("adam", "mse")
        if is_fast:
            patches.accelerate(model, seed=0)
        found.append(model.fit(X, shuffle=False, verbose=0).history["loss"])
    assert calls, "it was left to Keras"
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_lengths_that_differ_are_refused_as_by_keras() -> None:
    model = small_model()
    patches.accelerate(model, seed=0)
    with pytest.raises(ValueError, match="Data cardinality is ambiguous"):
        model.fit(X, Y[:-1])


def dataset(count: int = COUNT, batch_size: int = 16) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((X[:count], Y[:count])).shuffle(count, seed=3).batch(batch_size)


def of_one_parent() -> dict:
    """Training and validation draw from the same generator."""
    parent = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(COUNT, seed=3)
    return {"x": parent.skip(100).batch(16), "validation_data": parent.take(100).batch(9)}


@pytest.mark.parametrize(
    ("given", "is_looped"),
    mostly_slow(
        [
            (lambda: {"x": dataset(), "validation_data": dataset(100, 9)}, True),
            (lambda: {"x": dataset(), "validation_data": VALIDATION, "validation_freq": 2}, True),
            (lambda: {"x": dataset(), "callbacks": CountBatches(), "initial_epoch": 1}, True),
            (of_one_parent, True),
            (lambda: {"x": dataset(), "class_weight": {0: 2.0, 1: 1.0, 2: 1.0}}, False),
            (lambda: {"x": dataset().filter(lambda x, y: True)}, False),
            (lambda: {"x": dataset(), "steps_per_epoch": 3}, False),
        ],
        1,
    ),
)
def test_a_dataset_is_gone_through_as_by_keras(given: Callable[[], dict], is_looped: bool, calls: list[int]) -> None:
    """In the order of its own that it has each time, of several calls of `fit` too."""
    found = []
    for is_fast in (False, True):
        model = small_model()
        if is_fast:
            patches.accelerate(model, seed=0)
        keras.utils.set_random_seed(0)
        arguments = given() | {"epochs": 3, "shuffle": False, "verbose": 0}
        found.append([*model.fit(**arguments).history.items(), *model.fit(**arguments).history.items()])
    assert bool(calls) == is_looped
    for (one, expected), (other, values) in zip(*found, strict=True):
        assert one == other
        if "loss" in one:  # rounding may decide between two classes
            assert values == pytest.approx(expected, rel=1e-4), one


def test_every_batch_has_the_size_that_it_always_has() -> None:
    """A step may ask for it, where Keras gives it."""
    sizes = []

    class Own(keras.Sequential):
        def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
            sizes.append(data[0].shape[0])
            return super().train_step(data)

    for batch_size in (16, 10):
        model = Own([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        patches.accelerate(model, seed=0)
        model.fit(X[:64], Y[:64], batch_size=batch_size)
    assert set(sizes[:1]) == {16}
    assert set(sizes[-1:]) == {None}
