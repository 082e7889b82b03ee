"""What a confirmation says of a run, read from its directory."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from keras_search import results
from keras_search.results.telling import sentences
from tests.results.made_run import make_run

TRIALS = ("0000", "0001", "0002")


def made(folder: Path, scores: Sequence[float], objective: str = "val_accuracy:max") -> Path:
    make_run(folder, [{"values": {}, "score": score} for score in scores], objective)
    return folder


def confirm(
    run: Path, fresh: Sequence[Sequence[float | None]], objective: str = "val_accuracy:max", **plan: Any
) -> results.Run:
    """Writes a confirmation of the first trials with these scores, None for a failed one; reads the run."""
    again = run / "confirmation"
    again.mkdir()
    whole = {"objective": objective, "trials": TRIALS[: len(fresh)], "seeds": 2, "data": None}
    (again / "plan.json").write_text(json.dumps(whole | plan))
    pairs = [(trial, seed, score) for trial, own in zip(TRIALS, fresh) for seed, score in enumerate(own, 1)]
    for number, (trial, seed, score) in enumerate(pairs):
        folder = again / f"trial_{number}"
        folder.mkdir()
        status = "FAILED" if score is None else "COMPLETED"
        values = {"tuner/confirms": trial, "tuner/seed": seed}
        written = {"trial_id": str(number), "hyperparameters": {"values": values}, "score": score, "status": status}
        (folder / "trial.json").write_text(json.dumps(written))
        (folder / "record.json").write_text(json.dumps({"best_epoch": 3 + number}))
    return results.read(run)


def test_all_scores_of_a_trial_count(tmp_path: Path) -> None:
    # By the fresh scores alone it would be the last one.
    run = confirm(made(tmp_path / "run", [0.9, 0.8, 0.6]), [[0.5, 0.5], [0.7, 0.7], [0.7, 0.72]])
    assert run.confirmed == run.best["trial_id"] == "0001"
    assert run.confirmation is not None
    assert run.confirmation.epoch("0001") == 6


def test_the_smaller_is_better_where_the_objective_is_minimised(tmp_path: Path) -> None:
    run = confirm(made(tmp_path / "run", [0.1, 0.2], "val_loss:min"), [[0.5, 0.5], [0.3, 0.3]], "val_loss:min")
    assert run.best["trial_id"] == "0001"
    assert sentences.confirmed(run) == (
        "Of the best 2 by one score, trial 0001 is the best when 2 more seeds count: 0.3000 and 0.3000 on these, "
        "0.3000 on average, after 0.2000 in the search, number 2 there."
    )


@pytest.mark.parametrize(
    ("fresh", "plan"),
    [
        ([[0.5, 0.5], [0.7]], {}),
        ([[0.5, 0.5], [0.7, 0.7]], {"trials": ["0001", "0002"]}),
        ([[0.5, 0.5], [0.7, 0.7]], {"objective": "val_loss:min"}),
        ([[0.5, 0.5], [None, 0.7]], {"trials": ["0000", "gone"]}),
    ],
    ids=["not ended", "a better trial has come", "another objective", "a trial is gone"],
)
def test_what_does_not_count_changes_nothing(fresh: list[list[float | None]], plan: Any, tmp_path: Path) -> None:
    run = confirm(made(tmp_path / "run", [0.9, 0.8, 0.6]), fresh, **plan)
    assert run.best["trial_id"] == "0000"
    assert sentences.confirmed(run) == ""
    assert run.problems == ()


def test_where_each_has_failed_the_best_by_one_score_stays(tmp_path: Path) -> None:
    run = confirm(made(tmp_path / "run", [0.9, 0.8]), [[None, 0.5], [0.7, None]])
    assert run.best["trial_id"] == "0000"
    assert sentences.confirmed(run).startswith("Each of the best by one score has failed on a fresh seed: ")


@pytest.mark.parametrize("plan", ["", "[]", "{}", '{"objective": "a:max", "trials": [1], "seeds": 2}'])
def test_a_damaged_plan_is_told_and_left_out(plan: str, tmp_path: Path) -> None:
    run = made(tmp_path / "run", [0.9, 0.8])
    confirm(run, [[0.5, 0.5], [0.7, 0.7]])
    (run / "confirmation" / "plan.json").write_text(plan)
    read = results.read(run)
    assert read.best["trial_id"] == "0000"
    assert len(read.problems) == 1
    assert read.problems[0].endswith("the best trials count as not confirmed")
