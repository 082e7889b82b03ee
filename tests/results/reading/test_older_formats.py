"""Projects in the formats that Keras Tuner has written since 1.0; written_by_keras_tuner has that of today."""

import json
import math
from pathlib import Path
from typing import Any

import pandas
import pytest

from keras_search import results
from keras_search.results.reading import trial_rows
from keras_search.search_spaces.space import Hyperparameter
from tests.results.projects import hyperparameter, metric, metrics, write_trial

NAN = math.nan


def test_ids_are_texts_and_numbers_among_them_count_as_such(tmp_path: Path) -> None:
    ids = ["ffee0123456789abcdef0123456789ab", "0a00123456789abcdef0123456789abc", "10", "0009", "2"]
    for trial_id in ids:
        write_trial(tmp_path, trial_id)
    assert results.read(tmp_path).trials["trial_id"].tolist() == ["2", "0009", "10", ids[1], ids[0]]


def test_the_oldest_space_has_no_conditions_and_no_sampling(tmp_path: Path) -> None:
    space = [
        hyperparameter("Int", "dense/units", default=None, min_value=8, max_value=64, step=8, sampling=None),
        hyperparameter("Float", "rate", default=0.01, min_value=0.001, max_value=0.1, step=None, sampling="log"),
        hyperparameter("Choice", "optimizer", default=None, values=["adam", "sgd"], ordered=False),
        hyperparameter("Boolean", "norm", default=False),
        hyperparameter("Fixed", "seed", value=7),
        hyperparameter(
            "Float", "momentum", default=0.9, min_value=0.0, max_value=1.0, step=0.1, sampling="linear",
            conditions=[{"class_name": "Parent", "config": {"name": "optimizer", "values": ["sgd"]}}],
        ),
    ]  # fmt: skip
    write_trial(tmp_path, "0", hyperparameters={"space": space[:3], "values": {"dense/units": 8, "gone": 1}})
    write_trial(tmp_path, "1", hyperparameters={"space": space, "values": {"dense/units": 16}})
    expected = [
        Hyperparameter("Int", "dense/units", 8, 8, 64, 8),
        Hyperparameter("Float", "rate", 0.01, 0.001, 0.1, sampling="log"),
        Hyperparameter("Choice", "optimizer", "adam", values=("adam", "sgd")),
        Hyperparameter("Boolean", "norm", False, values=(True, False)),
        Hyperparameter("Fixed", "seed", 7, values=(7,)),
        Hyperparameter("Float", "momentum", 0.9, 0.0, 1.0, 0.1, conditions=(("optimizer", ("sgd",)),)),
    ]
    assert results.read(tmp_path).space == expected
    (tmp_path / "oracle.json").write_text(json.dumps({"hyperparameters": {"space": space[3:], "values": {}}}))
    run = results.read(tmp_path)
    assert run.space == expected[3:]
    assert run.trials["hp_dense/units"].tolist() == [8, 16]
    assert run.trials["hp_gone"].isna().tolist() == [False, True]


def test_executions_are_averaged_and_the_best_step_counts(tmp_path: Path) -> None:
    curves = {
        "val_accuracy": metric("max", [0.1, 0.75, NAN], [0.3, 0.5, 0.9]),
        "loss": metric("min", [3, 1, 9], [4, 2, 9]),
    }
    write_trial(tmp_path, "0", metrics={"metrics": curves}, score=0.625, best_step=1)
    run = results.read(tmp_path)
    assert run.trials.loc[0, ["val_accuracy", "loss", "best_epoch"]].tolist() == [0.625, 1.5, 2]
    assert run.objective == results.Objective("val_accuracy", "max")
    rows = run.epochs[["trial_id", "execution", "epoch", "val_accuracy"]].values.tolist()
    assert rows[:2] == [["0", 0, 1, 0.1], ["0", 0, 2, 0.75]]
    assert math.isnan(rows[2][3])
    assert rows[3:] == [["0", 1, 1, 0.3], ["0", 1, 2, 0.5], ["0", 1, 3, 0.9]]
    assert run.epochs["loss"].iloc[:2].tolist() == [3, 1]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ({"status": "RUNNING", "score": None, "best_step": 0, "metrics": {"metrics": {}}}, "RUNNING"),
        ({"status": "RUNNING", "score": None, "metrics": metrics(val_loss=0.1)}, "RUNNING"),
        ({"status": "FAILED", "score": NAN, "best_step": None, "metrics": metrics(val_loss=NAN)}, "FAILED"),
        ({"status": "INVALID", "score": None, "message": None, "metrics": metrics(val_loss=None)}, "INVALID"),
        ({"status": "COMPLETED", "score": None, "best_step": None}, "COMPLETED"),
        ({"status": "COMPLETED", "score": NAN}, "COMPLETED"),
    ],
)
def test_a_trial_without_a_score_is_shown_and_never_the_best(
    tmp_path: Path, state: dict[str, Any], status: str
) -> None:
    write_trial(tmp_path, "0", **state)
    write_trial(tmp_path, "1")
    write_trial(tmp_path, "2", score=0.4, metrics=metrics(val_loss=0.4))
    run = results.read(tmp_path)
    assert run.problems == ()
    assert run.trials["status"].tolist() == [status, "COMPLETED", "COMPLETED"]
    assert run.trials["score"].isna().tolist() == [True, False, False]
    assert run.trials["best_epoch"].isna().tolist() == [True, False, False]
    assert run.best["trial_id"] == "2"


def test_infinite_scores_stand_bare_in_the_file(tmp_path: Path) -> None:
    write_trial(tmp_path, "0", score=math.inf, metrics=metrics(val_loss=math.inf))
    write_trial(tmp_path, "1", score=3.0, metrics=metrics(val_loss=3.0))
    run = results.read(tmp_path)
    assert run.trials["score"].tolist() == [math.inf, 3.0]
    assert run.best["trial_id"] == "1"


def test_metrics_that_agree_in_all_trials_may_each_be_the_objective(tmp_path: Path) -> None:
    for number, score in enumerate([0.5, 0.25]):
        write_trial(tmp_path, str(number), score=score, metrics=metrics(loss=score, mse=score, val_mse=score, acc=0.5))
    objective = results.read(tmp_path).objective
    assert objective == results.Objective("val_mse", "min", ("loss", "mse"))
    assert str(objective) == "val_mse or loss or mse"


def test_keras_tuners_own_names_are_the_objective(tmp_path: Path) -> None:
    write_trial(tmp_path, "0", score=0.5, metrics=metrics(val_loss=0.5, default_objective=0.5))
    assert results.read(tmp_path).objective == results.Objective("default_objective", "min")


@pytest.mark.parametrize(
    "measured", [metrics(val_loss=0.3), metrics(val_loss=0.5, val_accuracy=0.5)], ids=["none fits", "directions differ"]
)
def test_no_best_where_the_objective_is_not_known(tmp_path: Path, measured: dict[str, Any]) -> None:
    write_trial(tmp_path, "0", score=0.5, metrics=measured)
    run = results.read(tmp_path)
    assert run.objective is None
    assert len(run.finished) == 1
    with pytest.raises(results.RunError, match=r"which trial of .* is the best is not known"):
        _ = run.best


def test_values_of_several_kinds_are_kept_as_they_are(tmp_path: Path) -> None:
    for number, value in enumerate([1, 2.5, "three", True, None, [4], 10**30]):
        values = {"mixed": value, "number": number or 0.5, "whole": number}
        write_trial(tmp_path, str(number), hyperparameters={"space": [], "values": values})
    trials = results.read(tmp_path).trials
    assert trials["hp_mixed"].tolist() == [1, 2.5, "three", True, None, "[4]", 10**30]
    assert trials["hp_number"].tolist() == [0.5, 1, 2, 3, 4, 5, 6]
    assert str(trials["hp_whole"].dtype) == "Int64"


def test_a_metric_called_as_a_column_of_another_meaning_has_one_of_its_own(tmp_path: Path) -> None:
    measured = metrics(error=0.2, epoch=0.4, hp_units=0.1, val_loss=0.5)
    write_trial(tmp_path, "0", metrics=measured, hyperparameters={"space": [], "values": {"units": 8}})
    run = results.read(tmp_path)
    row = run.trials.iloc[0]
    assert row[["metric_error", "epoch", "metric_hp_units", "hp_units"]].tolist() == [0.2, 0.4, 0.1, 8]
    assert row["error"] is None
    assert run.epochs.loc[0, ["epoch", "metric_epoch"]].tolist() == [2, 0.4]


TRACEBACK = """Traceback (most recent call last):
  File "base_tuner.py", line 274, in _try_run_and_update_trial
    self._run_and_update_trial(trial, *fit_args, **fit_kwargs)
ValueError: inner

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "model.py", line 3, in build
    raise ValueError
          ^^^^^^^^^^
ValueError: \x1b[31mwidth 0\x1b[0m
  is not a width
[Op:MatMul]
"""


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (TRACEBACK, "ValueError: \\x1b[31mwidth 0\\x1b[0m"),
        ("No traceback.\nThe end.\n", "The end."),
        ("Traceback (most recent call last):\n  cut", "cut"),
        ("", None),
        (None, None),
    ],
)
def test_a_failure_is_told_in_one_line(tmp_path: Path, message: str | None, error: str | None) -> None:
    write_trial(tmp_path, "0", status="FAILED", message=message)
    write_trial(tmp_path, "1", status="FAILED", message="other")
    told = results.read(tmp_path).trials["error"].iloc[0]
    assert told == error if error else pandas.isna(told)


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "null", "7", '{"metrics": 7}', '{"metrics": {"metrics": {"loss": {}}}}', '{"score": "good"}',
        "[" * 99999, '{"hyperparameters": {"values": [1]}}', '{"score": 1' + "0" * 400 + "}", "\x00",
        '{"trial_id": "\xe9"',
    ],
)  # fmt: skip
def test_what_is_no_trial_is_left_out_and_told(tmp_path: Path, content: str) -> None:
    write_trial(tmp_path, "0")
    write_trial(tmp_path, "1").write_text(content, encoding="latin-1")
    run = results.read(tmp_path)
    assert run.trials["trial_id"].tolist() == ["0"]
    (problem,) = run.problems
    assert problem.startswith("trial_1 is left out: trial.json is ")
    # A resumed search reads the trial too, and must not fail on it either.
    assert trial_rows.read_trial(tmp_path / "trial_1")["status"] is None
    assert trial_rows.count_ended(tmp_path) == 1


@pytest.mark.parametrize("entry", [{"config": 1}, hyperparameter("Choice", "units", values=[])])
def test_a_space_that_is_none_costs_the_space_alone(tmp_path: Path, entry: dict[str, Any]) -> None:
    write_trial(tmp_path, "0", hyperparameters={"space": [entry], "values": {"units": 3}})
    run = results.read(tmp_path)
    assert run.trials["hp_units"].tolist() == [3]
    assert run.space == []
    assert "search space is not one that Keras Tuner writes" in run.problems[0]


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    write_trial(tmp_path, "0", hyperparameters={"space": [], "values": {"mark": "\ud83d", "smile": "\U0001f600"}})
    trials = results.read(tmp_path).trials
    assert trials.loc[0, ["hp_mark", "hp_smile"]].tolist() == ["?", "\U0001f600"]


def test_one_name_under_two_conditions_is_two_hyperparameters(tmp_path: Path) -> None:
    space = [
        hyperparameter("Fixed", "rate", value=value, conditions=[{"class_name": "Parent", "config": parent}])
        for value, parent in [(0.1, {"name": "kind", "values": ["a"]}), (0.2, {"name": "kind", "values": ["b"]})]
    ]
    write_trial(tmp_path, "0", hyperparameters={"space": space, "values": {}})
    write_trial(tmp_path, "1", hyperparameters={"space": space[1:], "values": {}})
    assert [(declared.default, declared.conditions) for declared in results.read(tmp_path).space] == [
        (0.1, (("kind", ("a",)),)),
        (0.2, (("kind", ("b",)),)),
    ]


def test_no_trial_with_a_score_is_no_best(tmp_path: Path) -> None:
    write_trial(tmp_path, "0", score=None)
    with pytest.raises(results.RunError, match="has no finished trial yet"):
        _ = results.read(tmp_path).best


def test_no_trial_that_can_be_read(tmp_path: Path) -> None:
    write_trial(tmp_path, "0").write_text("{")
    with pytest.raises(results.RunError, match="has no trial that can be read: trial_0 is left out"):
        results.read(tmp_path)
