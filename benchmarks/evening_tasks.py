"""What is tuned in `evening.py`: four tasks, each with data in three parts and a space; plain Keras, no toolkit.

Every peer trains the same models on the same data; what they do about it is in `evening_peers.py`.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from keras_search.search_spaces import baseline_cnn, deep_cnn

MNIST = "EVENING_MNIST"
_CLASSES = 10


@dataclass(frozen=True)
class Data:
    """Examples to train on, to validate on and to test on, each with labels."""

    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Task:
    """One problem.

    Attributes:
        declare: Declares the space, with the names of Keras Tuner's `HyperParameters`.
        build: Builds and compiles the model of a point.
        epochs: The most epochs that a point trains for; the space has `epochs`.
        callbacks: The callbacks of a point.
    """

    load: Callable[[], Data]
    declare: Callable[[Any], None]
    build: Callable[[Any], keras.Model]
    epochs: int
    callbacks: Callable[[Any], list[keras.callbacks.Callback]] = lambda hp: []


class Scores(keras.callbacks.Callback):
    """Appends a line to `path` after each epoch: the time, the validation accuracy, the point, and its epochs."""

    def __init__(self, path: str, values: Mapping[str, Any]) -> None:
        super().__init__()
        self._path = path
        self._values = dict(values)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        score, epochs = float((logs or {})["val_accuracy"]), (self.params or {})["epochs"]
        line = {"at": time.time(), "score": score, "values": self._values, "epochs": epochs}
        with Path(self._path).open("a") as file:
            file.write(json.dumps(line) + "\n")


def trained(
    task: Task, hp: Any, data: Data, callbacks: list[keras.callbacks.Callback], model: keras.Model | None = None
) -> keras.Model:
    """Trains the model of a point as every peer does."""
    model = model or task.build(hp)
    batch_size = hp.values.get("batch_size", 32)
    model.fit(
        *data.train,
        epochs=hp["epochs"],
        batch_size=batch_size,
        validation_data=data.validation,
        callbacks=[*callbacks, *task.callbacks(hp)],
        verbose=0,
    )
    return model


def mnist() -> Data:
    with np.load(os.environ[MNIST], allow_pickle=False) as arrays:
        x, y = (arrays["x_train"][..., None] / 255).astype("float32"), arrays["y_train"]
        test = (arrays["x_test"][..., None] / 255).astype("float32"), arrays["y_test"]
    return Data((x[:50_000], y[:50_000]), (x[50_000:], y[50_000:]), test)


def digits() -> Data:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return _parts((x / 16).astype("float32"), y, 900, 450)


def hastie() -> Data:
    """Ten normal variables; the class says whether the sum of their squares is above the median (ESL, example 10.2)."""
    from sklearn.datasets import make_hastie_10_2

    x, y = make_hastie_10_2(random_state=0)
    return _parts(x.astype("float32"), (y > 0).astype(int), 2_000, 4_000)


def _parts(x: np.ndarray, y: np.ndarray, train: int, validation: int) -> Data:
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    parts = np.split(np.arange(len(x)), [train, train + validation])
    return Data(*((x[part], y[part]) for part in parts))


def declare_dense(hp: Any) -> None:
    hp.Int("layers", 1, 4, default=1)
    hp.Int("units", 16, 256, sampling="log", default=64)
    hp.Choice("activation", ["relu", "gelu", "tanh"], default="relu")
    hp.Boolean("batch_norm", default=False)
    hp.Float("dropout", 0.0, 0.6, default=0.2)
    hp.Choice("optimizer", ["adam", "sgd"], default="adam")
    with hp.conditional_scope("optimizer", ["adam"]):
        hp.Float("learning_rate", 1e-4, 3e-2, sampling="log", default=1e-3)
    with hp.conditional_scope("optimizer", ["sgd"]):
        hp.Float("sgd_learning_rate", 1e-3, 5e-1, sampling="log", default=1e-2)
    hp.Float("l2", 1e-7, 1e-2, sampling="log", default=1e-6)
    hp.Choice("batch_size", [16, 32, 64, 128], default=32)
    hp.Int("epochs", 1, 60, default=30)


def _dense(inputs: int) -> Callable[[Any], keras.Model]:
    def build(hp: Any) -> keras.Model:
        stack: list[keras.Layer] = [layers.Input((inputs,))]
        for _ in range(hp["layers"]):
            stack.append(layers.Dense(hp["units"], kernel_regularizer=keras.regularizers.L2(hp["l2"])))
            if hp["batch_norm"]:
                stack.append(layers.BatchNormalization())
            stack += [layers.Activation(hp["activation"]), layers.Dropout(hp["dropout"])]
        model = keras.Sequential([*stack, layers.Dense(_CLASSES, activation="softmax")])
        is_adam = hp["optimizer"] == "adam"
        optimizer = (
            keras.optimizers.Adam(hp["learning_rate"])
            if is_adam
            else keras.optimizers.SGD(hp["sgd_learning_rate"], 0.9)
        )
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    return build


def _cnn(space: Any) -> Callable[[Any], keras.Model]:
    return lambda hp: space.build(hp, (28, 28, 1), _CLASSES)


TASKS = {
    "mnist-baseline": Task(mnist, baseline_cnn.declare, _cnn(baseline_cnn), 10),
    "mnist-deep": Task(mnist, deep_cnn.declare, _cnn(deep_cnn), 20, deep_cnn.callbacks),
    "digits": Task(digits, declare_dense, _dense(64), 60),
    "hastie": Task(hastie, declare_dense, _dense(10), 60),
}


def scores_path(folder: str | Path) -> str:
    return str(Path(folder).resolve() / "scores.jsonl")
