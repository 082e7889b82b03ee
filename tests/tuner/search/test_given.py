"""The data of a search where its trials are: the same numbers in workers as in this process, whatever is random."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from keras_search.tuner import Tuner
from keras_search.tuner.data import tf_graphs

RNG = np.random.default_rng(0)
X, Y = RNG.random((96, 6, 6, 1), dtype="float32"), np.arange(96) % 2


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    layers = [keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(hp.Int("units", 2, 9))]
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def augmented() -> tf.data.Dataset:
    images = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(96)
    cropped = images.map(lambda x, y: (tf.image.random_flip_left_right(x), y), num_parallel_calls=tf.data.AUTOTUNE)
    return cropped.map(lambda x, y: (x + tf.random.normal([6, 6, 1]), y)).batch(16).prefetch(tf.data.AUTOTUNE)


class Holding(keras_tuner.HyperModel):
    """Trains on a dataset of its own, which `search` does not see."""

    def __init__(self, dataset: tf.data.Dataset) -> None:
        super().__init__()
        self.dataset = dataset

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return build(hp)

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        return model.fit(self.dataset, validation_data=self.dataset, epochs=1, **kwargs)


def scores(folder: Path, workers: int, hypermodel: Any = build, *fit: Any, **given: Any) -> list[float]:
    tuner = Tuner(hypermodel, "val_loss", 2, seed=0, directory=folder, project_name="run", workers=workers)
    tuner.search(*fit, **given)
    assert not list((folder / "run").glob(".data*")), "the files of the data are gone"
    return [trial.score for trial in tuner.oracle.trials.values()]


@pytest.mark.slow
def test_augmented_data_without_a_seed_give_the_same_scores_in_workers_and_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tf.random.set_seed(None)
    monkeypatch.setattr(tf_graphs, "LARGE", 1000)
    validation = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    datasets = {workers: augmented() for workers in (0, 2)}  # a trial here sets TensorFlow's seed
    here, there = (
        scores(tmp_path / str(workers), workers, build, dataset, epochs=2, validation_data=validation)
        for workers, dataset in datasets.items()
    )
    assert there == pytest.approx(here, rel=1e-5)
    assert here[0] != here[1]


@pytest.mark.slow
def test_a_dataset_that_a_hypermodel_holds_goes_to_workers_as_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf_graphs, "LARGE", 1000)
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    here, there = (scores(tmp_path / str(workers), workers, Holding(dataset)) for workers in (0, 2))
    assert there == pytest.approx(here, rel=1e-5)
