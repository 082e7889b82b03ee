"""Hyperparameters whose values are no plain numbers: `epochs` as a text, a float or 0; choices of infinity."""

import math
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import results
from keras_search.search_spaces import SpaceError, epochs
from keras_search.tuner import Tuner
from keras_search.tuner.command.options import SearchOptions
from keras_search.tuner.command.search import search
from keras_search.tuner.errors import InputError
from tests.helpers import mostly_slow

RNG = np.random.default_rng(0)
X, Y = RNG.random((64, 4), dtype="float32"), RNG.integers(0, 2, 64)
EPOCHS = {
    "texts": 'hp.Choice("epochs", ["1", "2"])',
    "whole floats": 'hp.Choice("epochs", [1.0, 2.0])',
    "steps of a float": 'hp.Float("epochs", 1, 2, step=1)',
    "fixed": 'hp.Fixed("epochs", "2")',
}
NO_EPOCHS = {
    "0": ('hp.Choice("epochs", [0, 1, 2])', "0"),
    "a range from 0": ('hp.Int("epochs", 0, 2, default=1)', "0"),
    "negative": ('hp.Int("epochs", -1, 2, default=1)', "-1"),
    "half": ('hp.Choice("epochs", [1.0, 2.5])', "2.5"),
    "any float": ('hp.Float("epochs", 1, 2)', "1.5"),
    "half steps": ('hp.Float("epochs", 1, 2, step=0.5)', "1.5"),
    "words": ('hp.Choice("epochs", ["few", "many"])', "'few'"),
    "boolean": ('hp.Boolean("epochs")', "True"),
    "infinity": ('hp.Choice("epochs", [1.0, float("inf")])', "inf"),
    "not a number": ('hp.Choice("epochs", [1.0, float("nan")])', "nan"),
}


class OfEpochs(keras_tuner.HyperModel):
    """Its `fit` trains for as many epochs as its hyperparameter says, as one has to write it for Keras Tuner."""

    def __init__(self, declared: str) -> None:
        super().__init__()
        self._declared = declared

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        eval(self._declared, {"hp": hp})
        hp.Int("units", 1, 50)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        return model.fit(*args, epochs=int(hp.get("epochs")), **kwargs)


@pytest.mark.parametrize(
    ("kind", "oracle"), mostly_slow([("texts", "random"), *((kind, "hyperband") for kind in EPOCHS)], 1)
)
def test_epochs_may_be_of_any_type_that_fit_makes_whole_numbers_of(kind: str, oracle: str, tmp_path: Path) -> None:
    tuner = Tuner(OfEpochs(EPOCHS[kind]), max_trials=3, oracle=oracle, workers=0, keep_weights=0, directory=tmp_path)
    tuner.search(X, Y, validation_data=(X, Y), verbose=0)
    trials = results.read(tmp_path / "untitled").trials
    assert trials["status"].tolist() == ["COMPLETED"] * 3
    if oracle == "random":
        assert trials["epochs_run"].tolist() == [int(float(value)) for value in trials["hp_epochs"]]
    else:
        assert tuner.oracle.max_epochs == 2
        assert trials["epochs_run"][1] == trials["tuner/epochs"][1]
    assert trials["epochs_run"][0] == int(float(trials["hp_epochs"][0]))


@pytest.mark.parametrize("kind", NO_EPOCHS)
def test_what_is_no_number_of_epochs_is_refused_before_the_search(kind: str, tmp_path: Path) -> None:
    declared, named = NO_EPOCHS[kind]
    with pytest.raises(InputError, match=rf"`epochs` for its budget, and {named} is no number of epochs"):
        Tuner(OfEpochs(declared), oracle="hyperband", workers=0, directory=tmp_path)
    (tmp_path / "own.py").write_text(
        "import keras\n\ndef build(hp, input_shape, num_classes):\n"
        f"    {declared}\n"
        "    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(num_classes)])\n"
        "    model.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy'])\n    return model\n"
    )
    run = tmp_path / "run"
    with pytest.raises(SpaceError, match=rf"has the hyperparameter `epochs`, and {named} is no number of epochs"):
        search(SearchOptions(space=f"{tmp_path / 'own.py'}:build", dataset="digits", run=str(run), workers=0))
    assert not run.exists()


def test_like_gives_the_type_that_a_fit_reckons_with() -> None:
    assert [epochs.like(value, 3) for value in (5, 5.0, "5")] == [3, 3.0, "3"]
    assert [epochs.whole(value) for value in (5, 5.0, "5", "5.0", 0, -1, 2.5, True, None, "x", math.inf, math.nan)] == (
        [5] * 4 + [None] * 8
    )


class Infinite(keras_tuner.HyperModel):
    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Choice("clip", [1.0, math.inf])
        hp.Choice("floor", [-math.inf, 0.0, math.nan], ordered=False)
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        return {"val_accuracy": float(hp["clip"] > 1) + 0.1 * float(hp["floor"] == 0)}


@pytest.mark.slow
@pytest.mark.parametrize("oracle", mostly_slow(["tpe", "grid", "random", "bayesian", "cmaes", "qmc"], 1))
def test_a_choice_of_infinity_is_searched_and_gone_on_with(oracle: str, tmp_path: Path) -> None:
    for trials in (4, 12):
        tuner = Tuner(
            Infinite(),
            max_trials=trials,
            oracle=oracle,
            workers=0,
            keep_weights=0,
            tensorboard=True,
            directory=tmp_path,
        )
        tuner.search(verbose=0)
    table = results.read(tmp_path / "untitled").trials
    assert table["status"].tolist() == ["COMPLETED"] * 6
    assert len({(clip, str(floor)) for clip, floor in zip(table["hp_clip"], table["hp_floor"], strict=True)}) == 6
    assert tuner.get_best_hyperparameters()[0].values == {"clip": math.inf, "floor": 0.0}
    plain = keras_tuner.RandomSearch(Infinite(), "val_accuracy", 12, directory=tmp_path, project_name="untitled")
    assert len(plain.oracle.trials) == 6
    assert plain.get_best_hyperparameters()[0].get("clip") == math.inf
