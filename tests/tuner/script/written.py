"""Runs that a script is written of, and what it does."""

import json
import sys
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import pytest

from keras_search import results, search_spaces
from keras_search.tuner.data import datasets
from tests.results.made_run import make_run


def hyperparameters(values: dict[str, Any]) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return hp


def executed(code: str) -> dict[str, Any]:
    """The variables that a script leaves which is called without arguments."""
    variables: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["script.py"])
        exec(code, variables)
    return variables


def evaluated_part(code: str) -> str:
    """A script up to its training."""
    return code.partition("model.fit(")[0]


def made(folder: Path, dataset: str | Path, space: str, values: dict[str, Any]) -> results.Run:
    """A run on `dataset` whose best trial is `values`."""
    make_run(folder, [{"values": values, "score": 0.9}])
    data = datasets.load(str(dataset))
    described = json.loads((folder / "run.json").read_text())
    described["dataset"] |= {"name": data.name, "source": data.source, "fingerprint": data.fingerprint}
    described["asked"] |= {"space": space, "space_code": search_spaces.fingerprint(space), "seed": 5}
    (folder / "run.json").write_text(json.dumps(described))
    return results.read(folder)


HEAD = """\
import keras, keras_tuner
from keras import layers
def compiled(model, **arguments):
    model.compile(**({"optimizer": "adam", "loss": "sparse_categorical_crossentropy"} | arguments))
    return model
def small(*more):
    return keras.Sequential([keras.Input((10, 12, 1)), *more, layers.Flatten(), layers.Dense(3, "softmax")])
class Fits(keras_tuner.HyperModel):
    def build(self, hp):
        return compiled(small())
"""


def own(folder: Path, text: str, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> results.Run:
    """A run of the space `thing` in `text`."""
    np.savez(folder / "data.npz", **arrays)
    (folder / "own.py").write_text(HEAD + text)
    return made(folder / "run", folder / "data.npz", f"{folder / 'own.py'}:thing", values)
