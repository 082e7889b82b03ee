"""Reads what the installed Keras Tuner writes, with each of its oracles, and compares it with what that reports."""

import gc
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pandas
import pytest

from keras_search import results
from keras_search.results.reading import trial_rows

PROJECTS = ["random", "grid", "bayesian", "hyperband", "multi", "returned"]


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    units = hp.Choice("dense/units", [2, 4, 8])
    if units == 4:
        raise keras_tuner.errors.FailedTrialError("4 is no good width\nat all")
    rate = hp.Float("rate", 0.01, 0.1, sampling="log")
    optimizer = hp.Choice("optimizer", ["sgd", "adam"])
    with hp.conditional_scope("optimizer", ["sgd"]):
        momentum = hp.Float("momentum", 0.0, 0.9, step=0.3) if optimizer == "sgd" else 0.0
    made = keras.optimizers.SGD(rate, momentum) if optimizer == "sgd" else keras.optimizers.Adam(rate)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units), keras.layers.Dense(1, "sigmoid")])
    model.compile(made, "mse", metrics=["accuracy"], run_eagerly=True)
    return model


class Returned(keras_tuner.HyperModel):
    """Its own `fit` returns a number, which is then the objective."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Float("rate", 0.0, 1.0)
        return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

    def fit(self, hp: keras_tuner.HyperParameters, *args: Any, **kwargs: Any) -> float:
        return (hp.get("rate") - 0.3) ** 2


@pytest.fixture(scope="module")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, keras_tuner.Oracle]:
    """The oracle of each finished search; its project must not be changed."""
    folder = tmp_path_factory.mktemp("keras_tuner")
    multi = ["val_loss", keras_tuner.Objective("val_accuracy", "max")]
    tuners = {
        "random": keras_tuner.RandomSearch(
            build, "val_accuracy", 3, seed=3, executions_per_trial=2, directory=folder, project_name="random"
        ),
        "grid": keras_tuner.GridSearch(build, "val_accuracy", 4, directory=folder, project_name="grid"),
        "bayesian": keras_tuner.BayesianOptimization(
            build, "val_loss", 3, 2, seed=2, directory=folder, project_name="bayesian"
        ),
        "hyperband": keras_tuner.Hyperband(
            build, "val_accuracy", 2, 2, seed=2, directory=folder, project_name="hyperband"
        ),
        "multi": keras_tuner.RandomSearch(build, multi, 2, seed=3, directory=folder, project_name="multi"),
        "returned": keras_tuner.RandomSearch(
            Returned(), max_trials=2, seed=1, directory=folder, project_name="returned"
        ),
    }
    random = np.random.default_rng(0)
    x, y = random.normal(size=(30, 3)), random.integers(0, 2, 30)
    gc.freeze()  # Keras Tuner collects garbage twice per trial; half of the time would go to imported modules
    for name, tuner in tuners.items():
        tuner.search(x[:20], y[:20], validation_data=(x[20:], y[20:]), epochs=2, verbose=int(name == "grid"))
    gc.unfreeze()
    return {name: tuner.oracle for name, tuner in tuners.items()}


@pytest.fixture
def oracle(oracles: dict[str, keras_tuner.Oracle], request: pytest.FixtureRequest) -> keras_tuner.Oracle:
    return oracles[request.param]


every_project = pytest.mark.parametrize("oracle", PROJECTS, indirect=True)


def known(values: dict[str, Any]) -> dict[str, Any]:
    """The values that are not missing, as Python's own types."""
    return {name: value for name, value in values.items() if not pandas.isna(value)}


@pytest.mark.slow
@every_project
def test_trials_are_those_that_keras_tuner_tells(oracle: keras_tuner.Oracle) -> None:
    run = results.read(oracle._project_dir)
    assert run.problems == ()
    assert run.info == {}
    assert run.dataset is None
    assert run.trials["trial_id"].tolist() == sorted(oracle.trials)
    tells_epochs = any(trial.best_step for trial in oracle.trials.values())
    for row in run.trials.astype(object).to_dict("records"):
        trial = oracle.trials[row["trial_id"]]
        assert row["status"] == trial.status
        assert known({"score": row["score"]}) == known({"score": trial.score})
        metrics = {name: trial.metrics.get_best_value(name) for name in trial.metrics.metrics}
        assert {name: row[name] for name in metrics} == pytest.approx(metrics)
        values = {
            f"hp_{name}".replace("hp_tuner", "tuner"): value for name, value in trial.hyperparameters.values.items()
        }
        assert {name: value for name, value in known(row).items() if name.startswith(("hp_", "tuner/"))} == values
        if trial.status == "COMPLETED":
            expected = {"epoch": trial.best_step + 1} if tells_epochs else {}
            assert known({"epoch": row["best_epoch"]}) == expected
        else:
            assert row["error"] == "keras_tuner.src.errors.FailedTrialError: 4 is no good width"


@every_project
def test_objective_and_best_are_those_that_keras_tuner_was_given(oracle: keras_tuner.Oracle) -> None:
    run = results.read(oracle._project_dir)
    assert run.objective == results.Objective(oracle.objective.name, oracle.objective.direction)
    assert run.best["trial_id"] == oracle.get_best_trials(1)[0].trial_id


@every_project
def test_the_space_is_the_oracles(oracle: keras_tuner.Oracle, tmp_path: Path) -> None:
    expected = [
        (
            hyperparameter.name,
            type(hyperparameter).__name__,
            [(condition.name, tuple(condition.values)) for condition in hyperparameter.conditions],
        )
        for hyperparameter in oracle.hyperparameters.space
    ]
    copy = Path(shutil.copytree(oracle._project_dir, tmp_path / "copy"))
    for damage in (lambda: None, lambda: (copy / "oracle.json").unlink()):
        damage()
        read = [
            (hyperparameter.name, hyperparameter.kind, list(hyperparameter.conditions))
            for hyperparameter in results.read(copy).space
        ]
        assert sorted(read) == sorted(expected)


def test_what_each_project_was_made_to_hold_is_in_it(oracles: dict[str, keras_tuner.Oracle]) -> None:
    """Guards the other tests, which prove little if all trials are alike."""
    grid, hyperband = (results.read(oracles[name]._project_dir) for name in ("grid", "hyperband"))
    display = json.loads(Path(oracles["grid"]._project_dir, "oracle.json").read_text())["display"]
    assert grid.trials["started_at"].tolist() == list(display["trial_start"].values())
    assert {"COMPLETED", "FAILED"} == set(hyperband.trials["status"])
    assert hyperband.trials["tuner/initial_epoch"].tolist() == [0, 0, 1, 0, 0]
    assert hyperband.trials["tuner/trial_id"].notna().tolist() == [False, False, True, False, False]
    assert not [name for name in hyperband.trials if name.startswith("hp_tuner")]
    assert str(hyperband.trials["tuner/epochs"].dtype) == "Int64"


def test_a_number_that_a_fit_returned_is_of_no_known_epoch(oracles: dict[str, keras_tuner.Oracle]) -> None:
    run = results.read(oracles["returned"]._project_dir)
    assert run.trials["best_epoch"].isna().all()
    assert run.epochs["epoch"].isna().all()
    assert run.epochs["default_objective"].tolist() == run.trials["score"].tolist()


def test_epochs_are_what_keras_tuner_kept_of_them(oracles: dict[str, keras_tuner.Oracle]) -> None:
    run = results.read(oracles["bayesian"]._project_dir)
    scored = run.trials[run.trials["score"].notna()]
    assert run.epochs["trial_id"].tolist() == scored["trial_id"].tolist()
    assert run.epochs["epoch"].tolist() == scored["best_epoch"].tolist()
    assert run.epochs["val_loss"].tolist() == scored["val_loss"].tolist()


@every_project
def test_it_becomes_a_study_of_the_same_trials(oracle: keras_tuner.Oracle, tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    from keras_search.results.export import optuna_study

    url = f"sqlite:///{tmp_path / 'study.db'}"
    optuna_study.write(results.read(oracle._project_dir), url, "study")
    study = optuna.load_study(study_name="study", storage=url)
    assert study.direction.name == {"max": "MAXIMIZE", "min": "MINIMIZE"}[oracle.objective.direction]
    assert study.best_value == oracle.get_best_trials(1)[0].score
    assert len(study.trials) == len(oracle.trials)
    for exported in study.trials:
        trial = oracle.trials[exported.user_attrs["trial_id"]]
        assert (exported.state.name, exported.value) == (
            ("FAIL", None) if trial.status == "FAILED" else ("COMPLETE", trial.score)
        )
        values = {name: value for name, value in trial.hyperparameters.values.items() if not name.startswith("tuner/")}
        assert exported.params == pytest.approx(values)
        known = {trial.best_step + 1: trial.score} if trial.score is not None and trial.best_step else {}
        assert exported.intermediate_values == pytest.approx(exported.intermediate_values | known)


def undisturbed(project: Path) -> None:
    pass


def no_oracle(project: Path) -> None:
    (project / "oracle.json").unlink()


def no_tuner(project: Path) -> None:
    (project / "tuner0.json").unlink()


def garbage_oracle(project: Path) -> None:
    (project / "oracle.json").write_bytes(b"\x93NUMPY\x00garbage")


def cut_oracle(project: Path) -> None:
    path = project / "oracle.json"
    path.write_bytes(path.read_bytes()[:-40])


def oracle_of_another_kind(project: Path) -> None:
    (project / "oracle.json").write_text('{"hyperparameters": [], "display": {"trial_start": 3}}')


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (undisturbed, None),
        (no_oracle, None),
        (no_tuner, None),
        (oracle_of_another_kind, None),
        (garbage_oracle, "oracle.json is cut off or damaged: the search space is taken from the trials"),
        (cut_oracle, "oracle.json is cut off or damaged: the search space is taken from the trials"),
    ],
)
@every_project
def test_a_damaged_project_has_the_same_trials(
    oracle: keras_tuner.Oracle, damage: Callable[[Path], None], problem: str | None, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(oracle._project_dir, tmp_path / "copy"))
    damage(copy)
    expected, reread = results.read(oracle._project_dir), results.read(copy)
    assert reread.trials.drop(columns="started_at").equals(expected.trials.drop(columns="started_at"))
    assert reread.epochs.equals(expected.epochs)
    assert reread.best.name == expected.best.name
    assert reread.space == expected.space
    assert reread.problems == ((problem,) if problem else ())


@pytest.mark.parametrize("kept", [0, 1, 0.1, 0.5, 0.9, -1])
@every_project
def test_a_trial_that_is_cut_off_is_told_and_the_rest_is_read(
    oracle: keras_tuner.Oracle, kept: float, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(oracle._project_dir, tmp_path / "copy"))
    path = trial_rows.trial_directories(copy)[-1] / "trial.json"
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    expected, reread = results.read(oracle._project_dir), results.read(copy)
    assert reread.problems == (f"{path.parent.name} is left out: trial.json is cut off or damaged",)
    assert reread.trials["trial_id"].tolist() == expected.trials["trial_id"].tolist()[:-1]
    assert reread.trials["score"].equals(expected.trials["score"].iloc[:-1])


@pytest.mark.parametrize(
    "change",
    [{"score": math.nan}, {"score": None}, {"status": "RUNNING", "score": None}],
    ids=["NaN", "null", "RUNNING"],
)
@every_project
def test_the_best_without_its_score_is_no_longer_the_best(
    oracle: keras_tuner.Oracle, change: dict[str, Any], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(oracle._project_dir, tmp_path / "copy"))
    best, second = results.read(copy).finished["trial_id"].iloc[:2]
    path = copy / f"trial_{best}" / "trial.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    run = results.read(copy)
    assert run.problems == ()
    row = run.trials.set_index("trial_id").loc[best]
    assert row["status"] == change.get("status", "COMPLETED")
    assert math.isnan(row["score"])
    assert run.best["trial_id"] == second
