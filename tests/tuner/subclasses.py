"""Searches with subclasses of the tuner, in this process."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from keras_search.tuner import Tuner
from tests.tuner.trial.in_process import X, Y


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    units = hp.Int("units", 2, 16, default=4)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def made(kind: Any, folder: Path, hypermodel: Any = build, **arguments: Any) -> Any:
    settings = {"objective": "val_loss", "max_trials": 2, "workers": 0, "project_name": "run", **arguments}
    return kind(hypermodel, directory=folder, **settings)


def search(kind: Any, folder: Path, hypermodel: Any = build, **arguments: Any) -> Any:
    tuner = made(kind, folder, hypermodel, **arguments)
    tuner.search(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    return tuner


class Folds(Tuner):
    """Cross validation by the toolkit's own training."""

    def run_trial(self, trial: Any, x: Any, y: Any, **kwargs: Any) -> list[Any]:
        halves = np.array_split(np.arange(len(x)), 2)
        return [
            super(Folds, self).run_trial(trial, x[one], y[one], validation_data=(x[other], y[other]), **kwargs)
            for one, other in (halves, halves[::-1])
        ]
