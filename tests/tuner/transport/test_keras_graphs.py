"""Models, layers and symbolic tensors in a pickle: whole, and connected as they were."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from keras_search.tuner.transport.parcels import pack, unpack
from tests.tuner.transport.test_parcels import made

X = np.random.default_rng(0).random((6, 4), dtype="float32")
Y = X.sum(1, keepdims=True)


def sent(value: Any) -> Any:
    """What arrives of `value`."""
    (arrived,) = unpack(pack(None, value)[0])
    return arrived


def connected() -> keras.Model:
    given = keras.Input((4,))
    hidden = layers.Dense(5, activation="relu")(given) + 1
    return keras.Model(given, layers.Dense(1)(layers.BatchNormalization()(hidden)))


OWN = """
import keras

def own_loss(given, predicted):
    return keras.ops.mean((given - predicted) ** 2)

def twice(x):
    return 2 * x

class Scale(keras.layers.Layer):
    def __init__(self, by=2.0):
        super().__init__()
        self.by = by
    def build(self, shape):
        self.weight = self.add_weight(shape=(), initializer="ones")
    def call(self, x):
        return x * self.weight * self.by

class Net(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(1)
    def call(self, x):
        return self.dense(x)

class Step(keras.Model):
    def train_step(self, data):
        return {"loss": self.compute_loss(y=data[1], y_pred=self(data[0]))}

def models():
    given = keras.Input((4,))
    scaled = Scale(5.0)(keras.layers.Dense(3, activation=twice)(given))
    yield keras.Model(given, keras.layers.Lambda(lambda x: x + 1)(scaled))
    yield Step(given, keras.layers.Dense(1, activation=lambda x: x - 1)(given))
    net = Net()
    net(keras.ops.zeros((1, 4)))
    yield net
"""


def test_a_tensor_inside_a_model_still_belongs_to_it() -> None:
    base = connected()
    base.trainable = False
    hidden = base.layers[2].output
    there, tensor, layer = sent([base, hidden, base.layers[1]])
    head = keras.Model(there.input, layers.Dense(2)(tensor))
    assert there.layers[1] is layer is head.layers[1]
    assert [part.trainable for part in head.layers[1:]] == [False, False, True]
    np.testing.assert_allclose(keras.Model(there.input, tensor)(X), keras.Model(base.input, hidden)(X), rtol=1e-6)
    np.testing.assert_allclose(there(X), base(X), rtol=1e-6)


def test_tensors_alone_are_connected_and_their_layers_shared() -> None:
    left, right, shared = keras.Input((4,)), keras.Input((4,)), layers.Dense(3)
    first, second = shared(left), shared(right)
    parts = {"inputs": [left, right], "both": layers.Concatenate()([first, second]), "first": first}
    there = sent(parts)
    model = keras.Model(there["inputs"], [there["both"], there["first"]])
    assert model.count_params() == shared.count_params()
    expected = keras.Model(parts["inputs"], [parts["both"], first])([X, X + 1])
    for given, arrived in zip(expected, model([X, X + 1]), strict=True):
        np.testing.assert_allclose(given, arrived, rtol=1e-6)


def test_a_deep_model_is_not_too_deep_for_pickle() -> None:
    given = tensor = keras.Input((4,))
    for _ in range(400):
        tensor = layers.Activation("linear")(tensor)
    assert len(sent(tensor).shape) == 2
    assert len(sent(keras.Model(given, tensor)).layers) == 401


def test_a_compiled_model_goes_on_training_where_it_was() -> None:
    model = connected()
    model.compile(keras.optimizers.Adam(0.01), made(OWN, "own_loss"), metrics=["mae", keras.metrics.MeanSquaredError()])
    model.fit(X, Y, epochs=2, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        there = sent(model)
    assert int(there.optimizer.iterations) == 2
    histories = [each.fit(X, Y, batch_size=6, epochs=2, verbose=0).history for each in (model, there)]
    assert histories[0].keys() == histories[1].keys()
    for name, curve in histories[0].items():
        assert histories[1][name] == pytest.approx(curve, rel=1e-4), name


def test_layers_outside_a_model_are_frozen_or_not_each_for_itself() -> None:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)])
    inner.layers[0].trainable = False
    outer = keras.Sequential([inner, layers.Dense(1)])
    there_outer, there_inner = sent((outer, inner))
    assert there_outer.layers[0] is there_inner
    assert [layer.trainable for layer in there_inner.layers] == [False, True]
    assert there_inner.trainable
    np.testing.assert_allclose(there_outer(X), outer(X), rtol=1e-6)


def test_an_unbuilt_model_is_built_there() -> None:
    augmenting = sent(keras.Sequential([layers.Rescaling(0.5), layers.Dense(3)]))
    assert not augmenting.built
    assert augmenting(X).shape == (6, 3)


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
def test_classes_and_functions_of_a_script_need_no_name_with_keras(tmp_path: Path) -> None:
    script = tmp_path / "own.py"
    script.write_text(OWN)  # Keras quotes the lines of a lambda
    for model in made(OWN, "models", str(script))():
        there = sent(model)
        assert type(there).train_step.__qualname__ == type(model).train_step.__qualname__
        np.testing.assert_allclose(there(X), model(X), rtol=1e-6)


def adapted(layer: Any, data: Any) -> Any:
    layer.adapt(data)
    return layer


@pytest.mark.parametrize(
    ("make", "data"),
    [
        (lambda: adapted(layers.Normalization(), X), X),
        (lambda: adapted(layers.StringLookup(), np.array(["a", "b"])), np.array(["b", "c"])),
        (lambda: adapted(layers.TextVectorization(), np.array(["a b", "b"])), np.array(["b a"])),
        (lambda: layers.Bidirectional(layers.LSTM(2)), X[:, :, None]),
        (lambda: layers.Dropout(0.5, seed=1), X),
    ],
    ids=["normalization", "lookup", "text", "recurrent", "dropout"],
)
def test_a_layer_is_as_it_was(make: Callable[[], Any], data: np.ndarray) -> None:
    layer = make()
    layer(data)
    there = sent(layer)
    assert there.name == layer.name
    np.testing.assert_allclose(np.asarray(there(data)), np.asarray(layer(data)))


def test_an_optimizer_a_loss_and_a_metric_go() -> None:
    optimizer, loss, metric = sent((keras.optimizers.SGD(0.5), keras.losses.Huber(2.0), keras.metrics.AUC()))
    assert float(optimizer.learning_rate) == 0.5
    assert float(loss(Y, Y)) == 0
    assert metric.name == "auc"
