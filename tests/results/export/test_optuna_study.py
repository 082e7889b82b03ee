"""Runs as Optuna studies, read back with Optuna."""

import importlib
import logging
import math
import re
import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from keras_search import results
from keras_search.results.export import optuna_study
from keras_search.results.export.optuna_distributions import distribution, parameter
from keras_search.search_spaces import Hyperparameter
from tests.helpers import Cli, refused, tree
from tests.results.made_run import make_run, random_trials
from tests.results.projects import NASTY, hyperparameter, metric, write_trial

optuna.logging.set_verbosity(logging.ERROR)
URL = "sqlite:///study.db"


def load(folder: Path, name: str) -> optuna.Study:
    return optuna.load_study(study_name=name, storage=f"sqlite:///{folder / 'study.db'}")


def export(run: results.Run, folder: Path) -> optuna.Study:
    optuna_study.write(run, f"sqlite:///{folder / 'study.db'}", "study")
    return load(folder, "study")


def test_a_run_becomes_a_study(cli: Cli, run_directory: Path, tmp_path: Path) -> None:
    done = cli("export", run_directory, "--optuna", URL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{run_directory}: 3 trials (3 complete)",
        f"Written: study {run_directory.name} in {URL}",
    ]
    assert done.stderr == ""
    run = results.read(run_directory)
    study = load(tmp_path, run_directory.name)
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.metric_names == ["val_accuracy"]
    assert study.best_trial.user_attrs["trial_id"] == run.best["trial_id"]
    assert study.best_value == run.best["score"]
    for trial, row in zip(study.trials, run.trials.astype(object).to_dict("records"), strict=True):
        names = ("filters", "dense_units", "dropout", "epochs")
        assert trial.params == pytest.approx({name: row[f"hp_{name}"] for name in names}, rel=1e-9)
        assert all(type(trial.params[name]) is int for name in ("filters", "dense_units", "epochs"))
        assert (trial.state, trial.value) == (TrialState.COMPLETE, row["score"])
        curve = run.epochs[run.epochs["trial_id"] == row["trial_id"]]
        assert trial.intermediate_values == dict(zip(curve["epoch"], curve["val_accuracy"], strict=True))
        for name in ("is_baseline", "seed", "parameters", "best_epoch", "val_loss", "accuracy", "loss", "duration_s"):
            assert trial.user_attrs[name] == row[name]
        assert "error" not in trial.user_attrs
        for time, column in ((trial.datetime_start, "started_at"), (trial.datetime_complete, "ended_at")):
            assert time.astimezone() == datetime.fromisoformat(row[column])
    assert study.trials[0].distributions == {
        "filters": IntDistribution(4, 64, step=4),
        "dense_units": IntDistribution(32, 512, step=32),
        "dropout": FloatDistribution(0, 0.6, step=0.1),
        "epochs": IntDistribution(1, 2),
    }
    told = study.user_attrs
    assert (told["run"], told["space"], told["oracle"]) == (run_directory.name, "baseline_cnn", "random")
    assert told["dataset"]["fingerprint"] == run.dataset["fingerprint"]
    assert told["versions"]["keras-tuner"]
    assert str(run_directory.parent).encode() not in (tmp_path / "study.db").read_bytes()


def test_states_and_conditions(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", random_trials(40))
    study = export(run, tmp_path)
    for trial, row in zip(study.trials, run.trials.astype(object).to_dict("records"), strict=True):
        assert ("momentum" in trial.params) == (trial.params["optimizer"] == "sgd")
        assert trial.params["rate"] == row["hp_rate"]
        if row["status"] == "FAILED":
            assert (trial.state, trial.value, trial.intermediate_values) == (TrialState.FAIL, None, {})
        elif row["pruned"]:
            assert (trial.state, trial.value) == (TrialState.PRUNED, trial.intermediate_values[3])
        else:
            assert (trial.state, trial.value) == (TrialState.COMPLETE, row["score"])
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL}
    assert not run.best["pruned"]
    assert optuna_study.caution(run) == ""
    assert study.best_trial.user_attrs["trial_id"] == run.best["trial_id"]
    importances = optuna.importance.get_param_importances(study)
    assert next(iter(importances)) == "rate"


def test_a_sampler_goes_on_with_the_study(tmp_path: Path) -> None:
    study = export(make_run(tmp_path / "run", random_trials(20)), tmp_path)
    study.sampler = optuna.samplers.TPESampler(seed=0)
    asked = study.ask({name: declared for trial in study.trials for name, declared in trial.distributions.items()})
    study.tell(asked, 0.5)
    assert set(asked.params) == {"optimizer", "rate", "momentum", "batch", "norm"}


def test_a_best_trial_that_was_pruned_is_told(cli: Cli, tmp_path: Path) -> None:
    values = {"optimizer": "adam", "rate": 0.01, "batch": 32, "norm": True}
    make_run(tmp_path / "run", [{"values": values, "score": 0.5}, {"values": values, "score": 0.75, "pruned": True}])
    done = cli("export", "./run", "--optuna", URL, "--name", "two")
    assert done.stdout.splitlines()[0] == "NOTE: the best trial, 0001, was pruned: Optuna calls another the best"
    assert "2 trials (1 complete, 1 pruned)" in done.stdout
    assert load(tmp_path, "two").best_value == 0.5


def test_what_has_no_number_and_what_has_not_ended(tmp_path: Path) -> None:
    path = tmp_path / "project"
    accuracy = {"val_accuracy": metric("max", [0.25, None, 0.5, math.inf], [0.75, 0.5, None, 0.25])}
    write_trial(path, "0", score=math.inf, best_step=3, metrics={"metrics": accuracy})
    write_trial(path, "1", score=math.nan, metrics={"metrics": {}})
    write_trial(path, "2", status="RUNNING", score=None, metrics={"metrics": {}})
    write_trial(path, "3", status="IDLE", score=None, metrics={"metrics": {}})
    write_trial(path, "4", status="INVALID", score=None, message="no such layer", metrics={"metrics": {}})
    study = export(results.read(path), tmp_path)
    states = ["COMPLETE", "FAIL", "RUNNING", "WAITING", "FAIL"]
    assert [trial.state.name for trial in study.trials] == states
    # The mean over those executions that have a number.
    assert study.trials[0].intermediate_values == {1: 0.5, 2: 0.5, 3: 0.5, 4: math.inf}
    assert study.trials[0].value == math.inf
    assert study.trials[4].user_attrs["error"] == "no such layer"


def test_texts_of_any_kind(project: Path, tmp_path: Path) -> None:
    study = export(results.read(project), tmp_path)
    first, failed, second, running = study.trials
    assert first.params == {"units": 8, "rate": -1e-7, "note": NASTY, "\x1b[31mred": "-5", "kind": 1}
    assert second.params == {"units": 4, "kind": "one"}
    assert (second.value, second.user_attrs["tuner/epochs"]) == (math.inf, 2)
    assert failed.user_attrs["error"].startswith("ValueError: long long")
    assert running.state == TrialState.RUNNING
    assert study.direction == optuna.study.StudyDirection.MINIMIZE
    assert study.best_trial.number == 0


def declared(kind: str, **about: Any) -> Hyperparameter:
    return Hyperparameter(kind, "x", default=0, **about)


INT = declared("Int", min_value=4, max_value=64, step=4)
FLOAT = declared("Float", min_value=0.0, max_value=0.6, step=0.1)
LOG = declared("Float", min_value=1e-4, max_value=0.1, sampling="log")
CHOICE = declared("Choice", values=("sgd", "adam"))


@pytest.mark.parametrize(
    ("space", "values", "expected"),
    [
        ([INT], [28, 64], IntDistribution(4, 64, step=4)),
        ([declared("Int", min_value=8, max_value=15, step=4)], [28], IntDistribution(8, 28, step=4)),
        ([declared("Int", min_value=8, max_value=16, step=4)], [6, 12], IntDistribution(6, 16)),
        (
            [declared("Int", min_value=2, max_value=64, step=2, sampling="log")],
            [32.0],
            IntDistribution(2, 64, log=True),
        ),
        ([declared("Int", min_value=0, max_value=9, sampling="reverse_log")], [3], IntDistribution(0, 9)),
        ([FLOAT], [0.30000000000000004, 0.6000000000000001], FloatDistribution(0, 0.6, step=0.1)),
        ([FLOAT], [0.25], FloatDistribution(0, 0.6)),
        ([FLOAT], [0.8], FloatDistribution(0, 0.8, step=0.1)),
        ([declared("Float", min_value=0.0, max_value=1.0, step=1 / 3)], [2 / 3, 1.0], FloatDistribution(0, 1)),
        ([LOG], [0.5], FloatDistribution(1e-4, 0.5, log=True)),
        ([LOG], [0.0], FloatDistribution(0, 0.1)),
        ([CHOICE], ["adam", "lion"], CategoricalDistribution(["sgd", "adam", "lion"])),
        ([declared("Boolean", values=(True, False))], [False], CategoricalDistribution([True, False])),
        ([declared("Fixed", values=(16,))], [16, 28], CategoricalDistribution([16, 28])),
        ([INT], [8, "many"], CategoricalDistribution([8, "many"])),
        ([INT], [2**60 + 1], CategoricalDistribution([2**60 + 1])),
        ([INT, declared("Int", min_value=1, max_value=3)], [2, 8], IntDistribution(1, 64)),
        ([INT, CHOICE], [8, "adam"], CategoricalDistribution(["sgd", "adam", 8])),
        ([], [3, 5], IntDistribution(3, 5)),
        ([], [0.5, 2], FloatDistribution(0.5, 2)),
        ([], [True], CategoricalDistribution([True])),
    ],
)
@pytest.mark.filterwarnings("error")
def test_the_distribution_holds_every_value(space: list[Hyperparameter], values: list[Any], expected: Any) -> None:
    stored = distribution(space, values)
    assert stored == expected
    for value in values:
        trial = optuna.trial.create_trial(params={"x": parameter(stored, value)}, distributions={"x": stored}, value=0)
        # Optuna stores its own representation.
        kept = stored.to_external_repr(stored.to_internal_repr(trial.params["x"]))
        assert kept == (pytest.approx(value) if isinstance(kept, float) else value)
        assert isinstance(kept, bool) == isinstance(value, bool)


def test_a_narrowed_range_has_the_baseline(tmp_path: Path) -> None:
    space = [hyperparameter("Fixed", "rate", value=0.5), hyperparameter("Int", "units", min_value=8, max_value=9)]
    trials = [{"values": {"rate": 0.1, "units": 4}, "score": 0.5}, {"values": {"rate": 0.5, "units": 9}, "score": 0.6}]
    study = export(make_run(tmp_path / "run", trials, space=space), tmp_path)
    assert [trial.params for trial in study.trials] == [trial["values"] for trial in trials]
    assert study.trials[0].distributions == study.trials[1].distributions


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("study.db", "url is 'study.db': give the URL of a database, such as sqlite:///study.db"),
        ("out/study.db", "such as sqlite:///out/study.db"),
        ("", "url is '': give the URL of a database"),
        ("sqlite://", "url is 'sqlite://', which names no file"),
        ("sqlite:///no/study.db", "there is no folder 'no'"),
        ("sqlite:///project", "cannot be written: it is no regular file"),
        ("sqlite:///text", "cannot be written: file is not a database"),
        ("nosuch://x", "cannot be written: Can't load plugin"),
        ("mssql+pymssql://me:secret@host/x", "url 'mssql+pymssql://me:***@host/x' cannot be written"),
    ],
)
def test_storages_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, said: str) -> None:
    write_trial(tmp_path / "project", "0")
    (tmp_path / "text").write_text("no database")
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(results.RunError, match=re.escape(said)):
        optuna_study.write(results.read("project"), url, "study")
    assert tree(tmp_path) == before


def test_a_study_that_is_there_is_left_as_it_is(cli: Cli, project: Path, tmp_path: Path) -> None:
    study = export(results.read(project), tmp_path)
    arguments = ("export", project, "--optuna", URL, "--name")
    message = refused(cli, tmp_path, *arguments, "study")
    assert message == f"Error: {URL!r} has a study 'study' already: give another --name"
    assert cli(*arguments, "another").returncode == 0
    assert load(tmp_path, "another").best_value == study.best_value
    assert load(tmp_path, "study").trials == study.trials


def test_what_cannot_be_a_study_is_refused(cli: Cli, tmp_path: Path) -> None:
    assert "write --optuna sqlite:///study.db" in refused(cli, tmp_path, "export")
    write_trial(tmp_path / "project", "0", score=0.25)
    message = refused(cli, tmp_path, "export", "./project", "--optuna", URL)
    assert "optimised is not known, and Optuna must know: no one metric equals the score" in message
    write_trial(tmp_path / "other", "0")
    with pytest.raises(results.RunError, match=r"^name is empty"):
        optuna_study.write(results.read(tmp_path / "other"), f"sqlite:///{tmp_path / 'study.db'}", " ")


def test_a_storage_that_fails_halfway_has_no_half_a_study(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", random_trials(5))
    url = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.create_study(storage=url, study_name="before")
    with sqlite3.connect(tmp_path / "study.db") as database:
        database.execute("CREATE TRIGGER full AFTER INSERT ON trials WHEN NEW.trial_id > 3 BEGIN "
                         "SELECT RAISE(ABORT, 'database or disk is full'); END")  # fmt: skip
    with pytest.raises(results.RunError, match="database or disk is full"):
        optuna_study.write(run, url, "study")
    assert optuna.get_all_study_names(url) == ["before"]


def test_without_optuna_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "keras_search.results.export.optuna_study")
    with pytest.raises(results.RunError, match=r"^an Optuna study needs the package optuna: python -m pip install -e"):
        importlib.import_module("keras_search.results.export.optuna_study")
