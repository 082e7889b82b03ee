"""A search of small models, some of which fail."""

from pathlib import Path

import keras
import keras_tuner
import numpy as np

from keras_search.results.reading import trial_rows
from keras_search.tuner import Tuner

RNG = np.random.default_rng(0)
X, Y = RNG.random((64, 4), dtype="float32"), RNG.integers(0, 2, 64)


class Small(keras_tuner.HyperModel):
    """Two classes from four numbers; `fails` makes some points raise or diverge."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        units = hp.Int("units", 1, 64, default=7)
        behaviour = hp.Choice("behaviour", ["well", "raise", "diverge"])
        if behaviour == "raise":
            raise ValueError("no such layer")
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(2, "softmax")])
        rate = 1e38 if behaviour == "diverge" else 0.01
        model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


def tuner(folder: Path, oracle: keras_tuner.Oracle | str = "random", **arguments: object) -> Tuner:
    settings = {"max_trials": 4, "workers": 0, **arguments}
    return Tuner(Small(), oracle=oracle, directory=folder, project_name="run", **settings)


def run(folder: Path, **arguments: object) -> Tuner:
    made = tuner(folder, **arguments)
    made.search(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    return made


def trials(folder: Path) -> list[dict[str, object]]:
    directories = trial_rows.trial_directories(folder / "run")
    return [trial_rows.read_trial(directory) for directory in directories]
