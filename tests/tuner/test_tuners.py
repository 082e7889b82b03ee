"""The tuners by Keras Tuner's names: its arguments, each with its effect, and its names for everything."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

import keras_search as kt
from keras_search.tuner import TUNERS, SearchError, names
from tests.helpers import ROOT, mostly_slow
from tests.tuner.keras_tuner_names import MODULES

X = np.random.default_rng(0).random((40, 4), dtype="float32")
Y = X.sum(axis=1)
CLASSES = [getattr(kt, name) for name in TUNERS]


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 1, 9)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(hp.Float("rate", 1e-4, 1e-1, sampling="log")), "mse")
    return model


def searched(tuner: kt.Tuner, **fit: Any) -> kt.Tuner:
    tuner.search(X, Y, **{"epochs": 1, "validation_split": 0.25, "verbose": 0} | fit)
    return tuner


def statuses(tuner: kt.Tuner) -> list[str]:
    return [trial.status for trial in tuner.oracle.trials.values()]


@pytest.mark.parametrize("module", ["keras_tuner", *MODULES])
def test_every_name_of_keras_tuner_is_here(module: str) -> None:
    theirs, ours = (
        importlib.import_module(module),
        importlib.import_module(module.replace("keras_tuner", "keras_search")),
    )
    for name in names.public(vars(theirs)):
        mine, their = getattr(ours, name), getattr(theirs, name)
        if name in TUNERS:
            assert mine.__module__.startswith("keras_search."), name
        elif not inspect.ismodule(their):
            assert mine is their, name
        assert name in dir(ours)


def test_all_names_of_a_module_can_be_imported_at_once() -> None:
    space: dict[str, Any] = {}
    exec("from keras_search.oracles import *", space)
    assert space["RandomSearchOracle"] is keras_tuner.oracles.RandomSearchOracle


@pytest.mark.parametrize("kind", CLASSES)
def test_a_tuner_has_the_arguments_and_defaults_of_keras_tuner(kind: type) -> None:
    theirs = inspect.signature(getattr(keras_tuner, kind.__name__)).parameters
    ours = inspect.signature(kind).parameters
    told = {name: (at.kind, at.default) for name, at in theirs.items() if at.kind is not at.VAR_KEYWORD}
    same = {name: (at.kind, at.default) for name, at in ours.items() if name in told}
    assert list(same.items()) == list(told.items()), "in another order, or with other defaults"
    assert all(at.kind in (at.KEYWORD_ONLY, at.VAR_KEYWORD) for name, at in ours.items() if name not in told)


@pytest.mark.parametrize(
    "kind", mostly_slow([kt.RandomSearch, kt.Hyperband, kt.GridSearch, kt.BayesianOptimization], 1)
)
def test_a_tuner_searches_where_keras_tuner_would(kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    limit = {"max_epochs": 2} if kind is kt.Hyperband else {"max_trials": 2}
    tuner = searched(kind(build, "val_loss", workers=0, **limit))
    assert set(statuses(tuner)) == {"COMPLETED"}
    assert Path("untitled_project/oracle.json").exists()
    assert tuner.get_best_models()[0].predict(X, verbose=0).shape == (40, 1)


@pytest.mark.slow
def test_a_search_without_a_seed_is_another_each_time_and_goes_on_with_its_own(tmp_path: Path) -> None:
    def tuner(name: str, trials: int) -> kt.Tuner:
        return searched(kt.RandomSearch(build, "val_loss", trials, directory=tmp_path, project_name=name, workers=0))

    points = [trial.hyperparameters.values for trial in tuner("first", 2).oracle.trials.values()]
    assert [trial.hyperparameters.values for trial in tuner("other", 2).oracle.trials.values()] != points
    longer = tuner("first", 3)
    assert [trial.hyperparameters.values for trial in longer.oracle.trials.values()][:2] == points
    seeds = kt.read(tmp_path / "first").trials["seed"]
    assert len(set(seeds)) == 3


def test_the_seed_0_is_a_seed(tmp_path: Path) -> None:
    def points(name: str) -> list[dict[str, Any]]:
        tuner = kt.RandomSearch(build, "val_loss", 2, seed=0, directory=tmp_path, project_name=name, workers=0)
        return [trial.hyperparameters.values for trial in searched(tuner).oracle.trials.values()]

    assert points("first") == points("second")


def test_the_space_of_hyperparameters_is_searched_in_place_of_the_hypermodels(tmp_path: Path) -> None:
    hp = kt.HyperParameters()
    hp.Int("units", 3, 4)
    tuner = kt.RandomSearch(
        build, "val_loss", 3, hyperparameters=hp, tune_new_entries=False, directory=tmp_path, workers=0
    )
    points = [trial.hyperparameters.values for trial in searched(tuner).oracle.trials.values()]
    assert {point["units"] for point in points} == {3, 4}
    assert {point.get("rate", 1e-4) for point in points} == {1e-4}


class Fails(keras_tuner.HyperModel):
    """Builds what fails in the trials whose numbers are given, the first of them 0."""

    def __init__(self, log: Path, *numbers: int) -> None:
        super().__init__()
        self.log, self.numbers = log, numbers

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return build(hp)

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        with self.log.open("a") as log:
            log.write("trained\n")
        if len(self.log.read_text().splitlines()) - 1 in self.numbers:
            raise ValueError(f"bad luck {len(self.log.read_text())}")
        return model.fit(*args, **kwargs)


def test_a_trial_that_fails_is_tried_again_with_another_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuner = kt.RandomSearch(
        Fails(tmp_path / "log", 0, 2), "val_loss", 2, max_retries_per_trial=1, directory=tmp_path, workers=0
    )
    tuner.search(X, Y, epochs=1, validation_split=0.25)
    assert statuses(tuner) == ["COMPLETED", "COMPLETED"]
    assert len((tmp_path / "log").read_text().splitlines()) == 4
    assert "trial 0 failed: ValueError: bad luck" in capsys.readouterr().out
    assert len(tuner.get_best_models(2)) == 2
    assert kt.read(tmp_path / "untitled_project").trials["status"].tolist() == ["COMPLETED", "COMPLETED"]


def test_failures_in_a_row_end_the_search(tmp_path: Path) -> None:
    tuner = kt.RandomSearch(
        Fails(tmp_path / "log", 1, 2, 3), "val_loss", 9, max_consecutive_failed_trials=2, directory=tmp_path, workers=0
    )
    with pytest.raises(
        SearchError, match=r"^the last 2 trials have failed \(max_consecutive_failed_trials\), the last"
    ):
        searched(tuner)
    assert statuses(tuner) == ["COMPLETED", "FAILED", "FAILED"]


def test_models_are_compiled_as_the_arguments_say(tmp_path: Path) -> None:
    tuner = kt.RandomSearch(
        build,
        "val_mean_absolute_error",
        2,
        optimizer=keras.optimizers.Adam(0.5),
        loss="mae",
        metrics=[keras.metrics.MeanAbsoluteError()],
        directory=tmp_path,
        workers=0,
    )
    [model] = searched(tuner).get_best_models()
    assert (model.optimizer.name, float(model.optimizer.learning_rate), model.loss) == ("adam", 0.5, "mae")
    assert tuner.oracle.get_best_trials()[0].metrics.exists("val_mean_absolute_error")


def test_a_model_that_is_too_large_fails_its_trial(tmp_path: Path) -> None:
    space = kt.HyperParameters()
    space.Choice("units", [1, 9])
    tuner = searched(
        kt.GridSearch(
            build,
            "val_loss",
            2,
            hyperparameters=space,
            tune_new_entries=False,
            max_model_size=10,
            directory=tmp_path,
            workers=0,
        )
    )
    assert statuses(tuner) == ["COMPLETED", "FAILED"]
    error = kt.read(tmp_path / "untitled_project").trials["error"].dropna().item()
    assert error == "FailedTrialError: the model has 55 parameters, more than max_model_size (10)"


def test_a_distribution_strategy_trains_in_this_process(tmp_path: Path) -> None:
    import tensorflow as tf

    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    seen: list[Any] = []

    def noting(hp: keras_tuner.HyperParameters) -> keras.Model:
        seen.append(tf.distribute.get_strategy())
        return build(hp)

    searched(kt.RandomSearch(noting, "val_loss", 1, distribution_strategy=strategy, directory=tmp_path))
    assert strategy in seen
    with pytest.raises(kt.InputError, match=r"^distribution_strategy trains in this process, and workers=2 was asked"):
        kt.RandomSearch(build, "val_loss", 1, distribution_strategy=strategy, workers=2, directory=tmp_path)


def test_both_forms_of_the_arguments_are_taken(tmp_path: Path) -> None:
    oracle = keras_tuner.oracles.RandomSearchOracle("val_loss", max_trials=1)
    theirs = kt.Tuner(oracle, build, directory=tmp_path, project_name="theirs", tuner_id="mine", workers=0)
    assert (theirs.tuner_id, theirs.keep_weights, theirs.oracle) == ("mine", None, oracle)
    ours = kt.Tuner(build, "val_loss", 1, directory=tmp_path, project_name="ours", workers=0)
    assert (ours.oracle.max_trials, ours.keep_weights) == (1, 3)
    assert statuses(searched(theirs)) == statuses(searched(ours)) == ["COMPLETED"]
    with pytest.raises(TypeError, match=r"^Tuner got objective twice$"):
        kt.Tuner(build, "val_loss", objective="loss")


def predictions(tuner: Any) -> list[Any]:
    return [model.predict(X, verbose=0) for model in tuner.get_best_models(3)]


@pytest.mark.slow
def test_keras_tuner_and_the_toolkit_load_each_others_models(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"objective": "val_loss", "max_trials": 3, "directory": tmp_path}
    theirs = searched(keras_tuner.RandomSearch(build, project_name="theirs", **arguments))
    ours = searched(kt.RandomSearch(build, project_name="ours", workers=0, **arguments))
    assert len(list(tmp_path.glob("ours/trial_*/checkpoint.weights.h5"))) == 3
    np.testing.assert_array_equal(
        predictions(kt.RandomSearch(build, project_name="theirs", **arguments)), predictions(theirs)
    )
    np.testing.assert_array_equal(
        predictions(keras_tuner.RandomSearch(build, project_name="ours", **arguments)), predictions(ours)
    )


@pytest.mark.slow
def test_a_search_in_a_project_of_keras_tuners_leaves_its_weights_alone(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"directory": tmp_path, "project_name": "theirs"}
    searched(keras_tuner.RandomSearch(build, "val_loss", 2, **arguments))
    tuner = searched(kt.Tuner(build, "val_loss", 3, keep_weights=1, workers=0, **arguments))
    assert len(list(tmp_path.glob("theirs/trial_*/checkpoint.weights.h5"))) >= 2
    assert statuses(tuner) == ["COMPLETED"] * 3


@pytest.mark.slow
def test_weights_of_an_older_run_are_loaded_and_removed(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"directory": tmp_path, "project_name": "run", "workers": 0, "keep_weights": 1}
    before = predictions(searched(kt.Tuner(build, "val_loss", 1, **arguments)))
    [kept] = tmp_path.glob("run/trial_*/checkpoint.weights.h5")
    kept.rename(kept.with_name("best.weights.h5"))
    np.testing.assert_array_equal(predictions(kt.Tuner(build, "val_loss", 1, **arguments)), before)
    searched(kt.Tuner(build, "val_loss", 5, **arguments))
    assert len(list(tmp_path.glob("run/trial_*/*.weights.h5"))) == 1


def test_a_name_costs_nothing_until_it_is_used() -> None:
    command = "import sys, keras_search as kt; kt.oracles, kt.engine, kt.tuners; assert 'tensorflow' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", command], cwd=ROOT).returncode == 0


def test_what_only_an_oracle_takes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"^Hyperband got max_trials, which only its oracle may take: leave it out$"):
        kt.Hyperband(build, "val_loss", max_trials=2, directory=tmp_path)


def test_failures_are_told_by_a_silent_search_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    searched(kt.RandomSearch(Fails(tmp_path / "log", 1), "val_loss", 2, directory=tmp_path, workers=0))
    assert capsys.readouterr().out.startswith("1 trial failed, the first with ValueError: bad luck 16")


def test_a_metric_of_another_name_is_suggested(tmp_path: Path) -> None:
    searched(kt.RandomSearch(build, "val_los:min", 1, directory=tmp_path, workers=0))
    error = kt.read(tmp_path / "untitled_project").trials["error"].item()
    assert error.endswith("is not among the metrics loss, val_loss: write val_loss, or compile with that metric")


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        (kt.RandomSearch, {"max_trial": 3}, "RandomSearch has no argument 'max_trial': is it max_trials?"),
        (kt.Hyperband, {"max_epoch": 3}, "Hyperband has no argument 'max_epoch': is it max_epochs?"),
        (kt.Tuner, {"objectives": "loss"}, "Tuner has no argument 'objectives': is it objective?"),
        (kt.GridSearch, {"colour": 3}, "GridSearch has no argument 'colour'"),
    ],
)
def test_an_argument_of_another_name_is_suggested(
    kind: type[kt.Tuner], given: dict[str, Any], told: str, tmp_path: Path
) -> None:
    objective = {} if kind is kt.Tuner else {"objective": "loss"}
    with pytest.raises(TypeError, match=f"^{re.escape(told)}$"):
        kind(build, directory=tmp_path, **objective, **given)
    assert list(tmp_path.iterdir()) == []
