"""A trace that models share is equal to the model's own: no figure tells whether a step was traced or used again."""

import gc
import weakref
from collections.abc import Callable, Iterator

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from keras_search.tuner.fast import constants, graphs, patches, traces
from keras_search.tuner.keras_private import of_tensorflow
from keras_search.tuner.transport import settings
from keras_search.tuner.trial import models
from tests.tuner.small_models import VALIDATION, X, Y


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    traces.forget()
    yield
    traces.forget()


def model(
    rate: float = 0.01, units: int = 5, dropout: float = 0.3, l2: float = 0.01, **arguments: object
) -> keras.Model:
    made = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(units, activation="relu", kernel_regularizer=keras.regularizers.L2(l2)),
            layers.Dense(3, activation="softmax"),
        ]
    )
    made.compile(keras.optimizers.Adam(rate, **arguments), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def trained(seed: int, rate: float = 0.01, epochs: int = 2, **arguments: float) -> tuple[keras.Model, dict]:
    models.begin_process(seed)
    made = model(rate, **arguments)
    patches.accelerate(made, seed)
    history = made.fit(X, Y, epochs=epochs, validation_data=VALIDATION).history
    assert patches.status(made)["sharing"] is True
    patches.restore(made)
    return made, history


def count_traces(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The purposes of the steps that are traced from now on."""
    traced: list[str] = []
    plain = traces._traced
    monkeypatch.setattr(traces, "_traced", lambda *given: traced.append("") or plain(*given))
    return traced


@pytest.mark.slow
def test_trials_of_one_graph_are_traced_once_and_each_is_what_it_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = count_traces(monkeypatch)
    points = [(1, 0.01), (2, 0.01), (1, 0.1)]
    shared = [trained(*points[0])]
    before = [variable.numpy() for variable in shared[0][0].variables]
    shared += [trained(*point) for point in points[1:]]
    for variable, value in zip(shared[0][0].variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    assert len(traced) == 2, "a train and a test step"
    for (seed, rate), (made, history) in list(zip(points, shared, strict=True))[1:]:
        traces.forget()
        alone, expected = trained(seed, rate)
        assert history == expected
        for one, other in zip(made.variables, alone.variables, strict=True):
            np.testing.assert_array_equal(one, other)
        for one, other in zip(made.optimizer.variables, alone.optimizer.variables, strict=True):
            np.testing.assert_array_equal(one, other)
    assert shared[0][1] != shared[1][1]
    assert shared[0][1] != shared[2][1]


NUMBERS = [
    {"dropout": 0.3, "l2": 0.01, "weight_decay": 0.004},
    {"dropout": 0.1, "l2": 0.3, "weight_decay": 0.1},
    {"dropout": 0.7, "l2": 0.0, "weight_decay": 0.0},
]


def test_trials_that_differ_in_common_numbers_are_traced_once_and_train_as_in_keras(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    traced = count_traces(monkeypatch)
    shared = [trained(1, epochs=1, **numbers) for numbers in NUMBERS]
    assert len(traced) == 2, "a train and a test step"
    monkeypatch.setattr(constants, "_parts", lambda model: ())
    for numbers, (made, history) in zip(NUMBERS, shared, strict=True):
        traces.forget()
        alone, expected = trained(1, epochs=1, **numbers)
        assert history == expected
        for one, other in zip(made.variables, alone.variables, strict=True):
            np.testing.assert_array_equal(one, other)
        assert made.get_config() == alone.get_config()
        assert made.optimizer.get_config() == alone.optimizer.get_config()
        assert set(map(str, vars(made.layers[4]))) == set(map(str, vars(alone.layers[4])))
    assert len({str(history) for _, history in shared}) == len(NUMBERS)
    assert len(traced) == 2 * (1 + len(NUMBERS))


def described(build: Callable[[], keras.Model]) -> str:
    models.begin_process(0)
    made = build()
    with constants.Constants(made).left_out() as shared:
        return f"{shared} {graphs.description(made)}"


def changed(change: Callable[[keras.Model], None]) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        made = model()
        change(made)
        return made

    return build


def test_what_is_a_variable_is_not_in_the_graph() -> None:
    assert described(model) == described(lambda: model(0.3, dropout=0.1, l2=0.3))
    assert described(lambda: model(weight_decay=0.1)) == described(lambda: model(weight_decay=0.2))


def test_whether_two_layers_share_a_regularizer_is_in_the_graph() -> None:
    def build(*regularizers: keras.regularizers.Regularizer) -> keras.Model:
        dense = [
            layers.Dense(3, kernel_regularizer=each, name=f"of_{place}") for place, each in enumerate(regularizers)
        ]
        made = keras.Sequential([layers.Input((8,)), *dense])
        made.compile("sgd", "mse")
        return made

    one, same, other = (keras.regularizers.L2(factor) for factor in (0.1, 0.1, 0.2))
    assert described(lambda: build(one, same)) == described(lambda: build(one, other))
    assert described(lambda: build(one, one)) != described(lambda: build(one, other))


@pytest.mark.parametrize(
    "other",
    [
        lambda: model(units=6),
        lambda: model(dropout=0.0),
        lambda: model(dropout=1.0),
        lambda: model(weight_decay=0.01),
        lambda: model(beta_1=0.8),
        lambda: model(clipnorm=1.0),
        lambda: model(keras.optimizers.schedules.CosineDecay(0.01, 20)),
        changed(lambda made: setattr(made.layers[0], "trainable", False)),
        changed(lambda made: setattr(made.layers[1], "momentum", 0.5)),
        changed(lambda made: setattr(made.optimizer, "beta_2", 0.5)),
        changed(lambda made: made.compile(made.optimizer, "mse", metrics=["accuracy"])),
        changed(lambda made: made.compile(made.optimizer, "sparse_categorical_crossentropy", metrics=["mae"])),
    ],
)
def test_what_is_in_the_graph_is_told_apart(other: Callable[[], keras.Model]) -> None:
    assert described(model) != described(other)


def test_a_setting_of_keras_is_told_apart() -> None:
    before = described(model)
    with settings.kept():
        keras.config.set_epsilon(1e-3)
        assert described(model) != before


def own_loss(y: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    return ops.mean(predicted)


class OwnRegularizer(keras.regularizers.Regularizer):
    def __call__(self, weights: keras.Variable) -> object:
        return ops.sum(weights)


class OwnLayer(layers.Layer):
    def call(self, x: tf.Tensor) -> tf.Tensor:
        return x


def status(*added: keras.Layer, change: Callable[[keras.Model], None] = lambda model: None, **compiled: object) -> str:
    made = keras.Sequential([layers.Input((8, 8, 1)), *added, layers.Flatten(), layers.Dense(3)])
    made.compile(**{"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | compiled)
    change(made)
    return str(graphs.why_not_decided(made))


def test_parts_of_the_users_own_are_traced_for_each_model() -> None:
    def activated(made: keras.Model) -> None:
        made.layers[-1].activation = lambda x: x

    def called(made: keras.Model) -> None:
        made.layers[-1].call = keras.layers.Dense(3).call

    assert status() == "None"
    assert status(OwnLayer()) == "the configuration of a OwnLayer may not tell all that it computes"
    assert "Lambda" in status(layers.Lambda(lambda x: x))
    assert "Normalization" in status(layers.Normalization())
    assert "has a part of its own" in status(layers.Dense(3, activation=lambda x: x))
    assert "has a part of its own" in status(layers.Dense(3, kernel_regularizer=OwnRegularizer()))
    assert "has a part of its own" in status(change=activated)
    assert "has a part of its own" in status(change=called)
    for compiled in (
        {"loss": own_loss},
        {"metrics": [own_loss]},
        {"optimizer": type("Own", (keras.optimizers.SGD,), {})()},
    ):
        assert status(**compiled) == "the optimizer, a loss or a metric has a part of its own"
    wrapped = keras.metrics.MeanMetricWrapper(own_loss)
    assert status(metrics=[wrapped]) == "the optimizer, a loss or a metric has a part of its own"
    assert (
        status(change=lambda made: setattr(made, "test_step", made.train_step))
        == "the model has a `test_step` of its own"
    )


def test_a_trace_that_is_kept_keeps_no_model() -> None:
    made = weakref.ref(trained(1, epochs=1)[0])
    gc.collect()
    assert traces._cache.traces
    assert made() is None


@pytest.mark.slow
def test_the_oldest_traces_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_MOST", 1)
    trained(1, epochs=1)
    assert [key.split()[0] for key in traces._cache.traces] == ["test"]
    monkeypatch.setattr(traces, "_MOST_BYTES", 1)
    trained(1, epochs=1)
    assert not traces._cache.traces


def test_what_is_not_kept_is_freed() -> None:
    """As Keras does between two models, but not while all that TensorFlow has cached is of traces that are kept."""
    trained(1, epochs=1)
    with traces.kept():
        assert "clear_kernel_cache" in vars(of_tensorflow._context())
    traces.forget()
    with traces.kept():
        assert "clear_kernel_cache" not in vars(of_tensorflow._context())
