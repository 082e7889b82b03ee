"""Trials, their oracle asked and told by hand: what is to be done for each, and what is kept of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from keras_search.results import layout
from keras_search.tuner.search.trials import Trials
from keras_search.tuner.trial import pruners
from keras_search.tuner.trial.task import TrialResult, TrialTask
from tests.tuner.oracles import by_hand


def made(folder: Path, oracle: str = "random", **more: Any) -> Trials:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 1000, default=7)
    if oracle == "hyperband":
        hp.Int("epochs", 1, 9)
    asked = {"executions": 1, "keep_weights": 2, "pruner": None, "timeout": None, "retries": 1, "tensorboard": None}
    return Trials(
        oracle=by_hand.made(oracle, folder, hp, trials=30),
        hypermodel=keras_tuner.HyperModel(),
        run=folder / "run",
        baseline=dict(hp.values),
        seed=0,
        **asked | more,
    )


def begun(trials: Trials) -> TrialTask:
    """The next trial, which has begun."""
    trial = trials.ask()
    assert trial is not None
    task = trials.begin(trials.task(trial))
    task.directory.mkdir(exist_ok=True)
    return task


def ends(trials: Trials, score: float | None, error: str = "ValueError: no") -> TrialTask:
    """The next trial, which has ended with this score and has weights, or has failed."""
    task = begun(trials)
    if score is None:
        trials.tell(task, TrialResult({}, 0, error))
    else:
        (task.directory / layout.TRIAL_WEIGHTS).touch()
        (task.directory / layout.TRIAL_RECORD).write_text("{}")
        trials.tell(task, TrialResult({"val_accuracy": score}, 2))
    return task


def kept(trials: Trials) -> list[str]:
    return sorted(path.parent.name for path in trials.run.rglob(layout.TRIAL_WEIGHTS))


def test_the_first_is_the_documented_point_which_nothing_prunes(tmp_path: Path) -> None:
    trials = made(tmp_path, pruner=pruners.get("median"))
    first, second = begun(trials), begun(trials)
    assert (first.values, first.is_baseline, first.pruner) == ({"units": 7}, True, None)
    assert (second.is_baseline, second.pruner) == (False, trials.pruner)
    assert first.seed != second.seed
    assert first.directory == tmp_path.resolve() / "run" / f"trial_{first.trial_id}"


def test_a_trial_waits_before_it_runs(tmp_path: Path) -> None:
    trials = made(tmp_path)
    trial = trials.ask()
    assert trial is not None
    assert trial.status == "IDLE"
    trials.begin(trials.task(trial))
    assert trials.oracle.get_trial(trial.trial_id).status == "RUNNING"


def test_the_weights_of_the_best_are_kept(tmp_path: Path) -> None:
    trials = made(tmp_path)
    assert begun(trials).weights_from is None, "any is among the best two"
    ids = [ends(trials, score).trial_id for score in (0.5, 0.2, 0.9)]
    assert kept(trials) == sorted(f"trial_{ids[place]}" for place in (0, 2))
    assert begun(trials).weights_from == 0.5
    assert [trial.score for trial in trials.best()] == [0.9, 0.5, 0.2]


def test_what_an_earlier_search_has_kept_beyond_that_is_removed_when_a_trial_ends(tmp_path: Path) -> None:
    trials = made(tmp_path, keep_weights=None)
    ids = [ends(trials, score).trial_id for score in (0.5, 0.2, 0.9, 0.1)]
    keras_tuners = trials.directory(ids[1])  # which it has trained itself
    (keras_tuners / layout.TRIAL_RECORD).unlink()
    fewer = replace(trials, keep_weights=1)
    assert len(kept(trials)) == 4, "nothing is removed before"
    ends(fewer, 0.3)
    assert kept(trials) == sorted(f"trial_{ids[place]}" for place in (1, 2))


def test_none_are_kept_where_none_are_wanted(tmp_path: Path) -> None:
    trials = made(tmp_path, keep_weights=0)
    assert not ends(trials, 0.5).keeps_weights
    assert kept(trials) == []
    assert begun(trials).weights_from is None


def test_metrics_that_are_no_numbers_are_not_told(tmp_path: Path) -> None:
    trials = made(tmp_path)
    task = begun(trials)
    trials.tell(task, TrialResult({"val_accuracy": 0.5, "f1": float("nan")}, 2))
    trial = trials.oracle.get_trial(task.trial_id)
    assert (trial.status, trial.score, trial.best_step) == ("COMPLETED", 0.5, 2)
    assert set(trial.metrics.metrics) == {"val_accuracy"}


def test_what_a_trial_had_reported_before_it_was_interrupted_does_not_count(tmp_path: Path) -> None:
    trials = made(tmp_path)
    task = begun(trials)
    trials.oracle.update_trial(task.trial_id, {"val_accuracy": 0.1}, step=2)
    trials.tell(task, TrialResult({"val_accuracy": 0.5}, 2))
    assert trials.oracle.get_trial(task.trial_id).score == 0.5


def test_what_a_trial_asked_for_is_known_from_then_on(tmp_path: Path) -> None:
    trials = made(tmp_path)
    task = begun(trials)
    asked = task.hyperparameters.copy()
    asked.Boolean("norm")
    trials.tell(task, TrialResult({"val_accuracy": 0.5}, 0, hyperparameters=asked))
    assert trials.known() == {"units", "norm"}
    assert "norm" in begun(trials).values


@pytest.mark.parametrize(
    ("errors", "failure"),
    [
        (["ValueError: no"] * 2, None),
        (["ValueError: no"] * 3, "ValueError: no"),
        ([f"ValueError: no column {number}" for number in range(3)], "ValueError: no column 0"),
        (["ValueError: no", "ValueError: no", "KeyError: no"], None),
        ([f"Diverged: the loss became nan in epoch {number}" for number in range(3)], None),
        (["ValueError: no", None, "ValueError: no", "ValueError: no"], None),
    ],
)
def test_three_failures_of_one_kind_are_a_failure_of_all(
    errors: list[str | None], failure: str | None, tmp_path: Path
) -> None:
    trials = made(tmp_path)
    for error in errors:
        ends(trials, 0.5 if error is None else None, error or "")
    assert trials.common_failure() == failure


def test_a_promoted_trial_goes_on_from_the_one_before_under_its_seed(tmp_path: Path) -> None:
    trials = made(tmp_path, "hyperband")
    tasks = {}
    while (trial := trials.ask()) and trials.oracle.predecessor(trial) is None:
        task = trials.begin(trials.task(trial))
        task.directory.mkdir(exist_ok=True)
        (task.directory / layout.TRIAL_CHECKPOINT.format(execution=0)).touch()
        tasks[task.trial_id] = task
        trials.tell(task, TrialResult({"val_accuracy": 0.01 * len(tasks)}, 0))
    assert trial is not None
    promoted, before = trials.task(trial), tasks[trials.oracle.predecessor(trial)]
    assert before.keeps_checkpoint
    assert (promoted.continues, promoted.seed) == (before.directory, before.seed)
    assert promoted.budget > promoted.initial_epoch == before.budget
    checkpoints = {path.parent for path in trials.run.rglob(layout.TRIAL_CHECKPOINT.format(execution=0))}
    assert before.directory in checkpoints
    assert len(checkpoints) < len(tasks), "of one that no trial can go on with nothing is left"


def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path) -> None:
    trials = made(tmp_path)
    ended = ends(trials, 0.5)
    (ended.directory / layout.TRIAL_STATE).touch()
    damaged = ended.directory / layout.TRIAL
    damaged.write_text("{")
    said: list[str] = []
    again = replace(trials, oracle=made(tmp_path).oracle)
    again.set_aside(said.append)
    assert said == [f"{damaged} is damaged: it is kept as trial.json.damaged, and what it held is worked out again"]
    assert (ended.directory / "trial.json.damaged").read_text() == "{"
