"""Trainings that are interrupted in the midst of an epoch: models, data and callbacks with a state of every kind."""

import csv
import signal
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
from keras import layers

from keras_search.tuner import Tuner
from keras_search.tuner.trial.callbacks import BestWeights

RNG = np.random.default_rng(0)
X = RNG.random((96, 6, 6, 1), dtype="float32")
Y = RNG.integers(0, 3, 96)
EPOCHS = 5


class Noise(layers.Layer):
    """Draws from Keras's global generator, which belongs to no layer."""

    def call(self, x: Any, training: bool = False) -> Any:
        return x + 0.1 * keras.random.normal((6, 6, 1)) if training else x


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    units = hp.Int("units", 4, 40, default=8)
    model = keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.RandomTranslation(0.2, 0.2),
            Noise(),
            layers.Flatten(),
            layers.Dense(units, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Jitter(keras.callbacks.Callback):
    """Depends on NumPy's generator, and on what it did before."""

    def __init__(self) -> None:
        super().__init__()
        self.sum = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.sum += np.random.random()
        self.model.optimizer.learning_rate = 0.001 * (1 + self.sum)


class TrainsTwice(keras_tuner.HyperModel):
    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return build(hp)

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        model.fit(*args, **kwargs)
        return model.fit(*args, **kwargs)


class AddsCallbacks(TrainsTwice):
    """Callbacks of its own come after those that it is given."""

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        return model.fit(*args, **kwargs | {"callbacks": [*kwargs["callbacks"], Jitter()]})


class OwnFit(keras.Sequential):
    """Takes what it is given without names."""

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        return super().fit(*args, **kwargs)


def with_own_fit(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = OwnFit(build(hp).layers)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Unbuilt(TrainsTwice):
    """Its model is built by its first batch."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        model = keras.Sequential([layers.Flatten(), layers.Dense(8), layers.Dropout(0.5), layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        return model.fit(*args, **kwargs)


class NamesItsData(Unbuilt):
    def fit(
        self, hp: keras_tuner.HyperParameters, model: keras.Model, *, images: Any, held_out: Any, **kwargs: Any
    ) -> Any:
        return model.fit(images, validation_data=held_out, shuffle=False, **kwargs)


def arrays() -> dict[str, Any]:
    return {"x": X, "y": Y, "validation_data": (X, Y)}


def weighted() -> dict[str, Any]:
    return {"x": X, "y": Y, "validation_split": 0.25, "class_weight": {0: 1.0, 1: 3.0}}


def shuffled_dataset() -> dict[str, Any]:
    import tensorflow as tf

    keras.utils.set_random_seed(0)  # part of a dataset's own
    return {
        "x": tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(96, seed=3).batch(16),
        "validation_data": tf.data.Dataset.from_tensor_slices((X, Y)).batch(16),
    }


def shuffled_twice() -> dict[str, Any]:
    data = shuffled_dataset()
    return data | {"x": data["x"].shuffle(4, seed=5)}


def of_unknown_length() -> dict[str, Any]:
    data = shuffled_dataset()
    return data | {"x": data["x"].filter(lambda x, y: True)}


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(16 * index, 16 * index + 16)
        return X[part], Y[part]


def batches() -> dict[str, Any]:
    # Keras shuffles batches ahead of time, in a thread of its own.
    return {"x": Batches(), "validation_data": (X, Y), "shuffle": False}


def named_otherwise() -> dict[str, Any]:
    return {"images": Batches(), "held_out": (X, Y)}


def early_stopping() -> list[keras.callbacks.Callback]:
    return [keras.callbacks.EarlyStopping("val_loss", patience=2, min_delta=0.01, restore_best_weights=True)]


def too_small_a_gain() -> list[keras.callbacks.Callback]:
    return [keras.callbacks.EarlyStopping("val_loss", patience=3, min_delta=10)]


def plateau() -> list[keras.callbacks.Callback]:
    return [keras.callbacks.ReduceLROnPlateau("val_loss", patience=1, min_delta=0.05), Jitter()]


def killing(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Ctrl-C comes in the midst of an epoch, `after` epochs having been begun."""
    begun = iter(range(after))

    def on_epoch_begin(self: Any, epoch: int, logs: Any = None) -> None:
        if next(begun, None) is None:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(BestWeights, "on_epoch_begin", on_epoch_begin)


def tuner(folder: Path, hypermodel: Any, executions: int = 1) -> Tuner:
    return Tuner(
        hypermodel, "val_loss", 1, workers=0, executions_per_trial=executions, directory=folder, project_name="run"
    )


def outcome(tuner: Tuner) -> dict[str, Any]:
    """The learning curve without its times, the score, the record without its times, and the kept weights."""
    run = Path(tuner.project_dir)
    with (run / "epochs.csv").open(newline="") as file:
        curve = [{name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)]
    (row,) = csv.DictReader((run / "summary.csv").open(newline=""))
    row = {name: cell for name, cell in row.items() if name not in ("duration_s", "started_at", "ended_at")}
    weights = [array.tolist() for array in tuner.get_best_models()[0].get_weights()]
    return {"curve": curve, "row": row, "weights": weights}
