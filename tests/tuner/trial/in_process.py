"""Searches in this process, and their trials as rows."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_search.results.reading import trial_rows
from keras_search.results.reading.trial_rows import Row
from keras_search.tuner import Tuner

RNG = np.random.default_rng(0)
X = RNG.random((32, 4), dtype="float32")
Y = RNG.integers(0, 2, 32)


def tuner(folder: Path, hypermodel: Any, objective: str | None = "val_loss", **arguments: Any) -> Tuner:
    settings = {"max_trials": 1, "workers": 0, **arguments}
    return Tuner(hypermodel, objective, directory=folder, project_name="run", **settings)


def rows(folder: Path) -> list[Row]:
    return [trial_rows.read_trial(directory) for directory in trial_rows.trial_directories(folder / "run")]
