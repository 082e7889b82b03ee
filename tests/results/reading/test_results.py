"""Reading runs, and the arithmetic of the verdict."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from keras_search import results
from keras_search.results import files
from keras_search.results.reading import trial_rows
from keras_search.results.telling import tables


def test_read_gives_the_tables_that_the_files_hold(run_directory: Path) -> None:
    run = results.read(run_directory)
    with (run_directory / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(run.trials.columns) == list(rows[0])
    assert run.trials["val_accuracy"].tolist() == [float(row["val_accuracy"]) for row in rows]
    assert run.trials["hp_filters"].tolist() == [int(row["hp_filters"]) for row in rows]
    assert run.best["score"] == max(float(row["score"]) for row in rows)
    assert len(run.epochs) == sum(int(row["epochs_run"]) for row in rows)


def test_equal_scores_rank_in_trial_order_as_in_keras_tuner(run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes((run_directory / "run.json").read_bytes())
    for number, score in enumerate([0.5, 0.9, 0.9]):
        trial = json.loads((run_directory / "trial_0" / "trial.json").read_text())
        trial |= {"trial_id": str(number), "score": score}
        (tmp_path / f"trial_{number}").mkdir()
        files.write_json(tmp_path / f"trial_{number}" / "trial.json", trial)
    assert results.read(tmp_path).finished["trial_id"].tolist() == ["1", "2", "0"]


def test_a_damaged_run_json_costs_what_was_asked_alone(run_directory: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    expected = results.read(run_directory)
    for directory in run_directory.glob("trial_*"):
        (copy / directory.name).mkdir(parents=True)
        for name in ("trial.json", "record.json", "epochs.csv"):
            (copy / directory.name / name).write_bytes((directory / name).read_bytes())
    (copy / "run.json").write_text('{"format"')
    reread = results.read(copy)
    assert reread.trials.equals(expected.trials)
    assert reread.epochs.equals(expected.epochs)
    assert reread.problems == ("run.json is cut off or damaged: what was asked for is not known",)
    assert expected.problems == ()
    assert (reread.objective.name, reread.objective.direction) == ("val_accuracy", "max")
    assert reread.space == expected.space
    assert [hyperparameter.name for hyperparameter in reread.space] == ["filters", "dense_units", "dropout", "epochs"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objective": {"name": "val_accuracy", "direction": "up"}}, "objective.direction is 'up'"),
        ({"objective": {"direction": "max"}}, "objective.name is None"),
        ({"objective": "val_accuracy"}, "objective is 'val_accuracy'"),
        ({"dataset": {"name": "digits"}}, "dataset.source is None"),
        ({"asked": {"space": "baseline_cnn", "seed": 2**63}}, "asked.seed is 9223372036854775808"),
        ({"asked": {"space": "baseline_cnn", "seed": True}}, "asked.seed is True"),
    ],
)
def test_a_run_json_of_another_shape_is_told(
    run_directory: Path, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy, ignore=shutil.ignore_patterns("*.h5"))
    (copy / "run.json").write_text(json.dumps(json.loads((copy / "run.json").read_text()) | change))
    run = results.read(copy)
    assert run.problems == (f"run.json is not one that `search` writes ({said}): what was asked for is not known",)
    assert run.info == {}
    assert run.trials.equals(results.read(run_directory).trials)


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "epochs.csv").write_text("epoch,execution,loss,val_loss\n1,0,0.5,NA\n2,0,0.")
    row = {"trial_id": tmp_path.name, "execution": 0, "epoch": 1, "loss": 0.5, "val_loss": None}
    assert trial_rows.read_epochs(tmp_path) == [row]


@pytest.mark.parametrize(
    "content",
    ["epoch,loss\n1,0.5\n", "epoch,execution\n1,x\n", "epoch,execution\n1,0,7\n", "epoch,execution\n1\n", "\xff\n1\n"],
)
def test_a_damaged_curve_is_left_out_and_told(run_directory: Path, tmp_path: Path, content: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy, ignore=shutil.ignore_patterns("*.h5"))
    (copy / "trial_1" / "epochs.csv").write_text(content, encoding="latin-1")
    assert trial_rows.read_epochs(copy / "trial_1") == []
    expected, reread = results.read(run_directory), results.read(copy)
    (problem,) = reread.problems
    assert problem.startswith("trial_1/epochs.csv is ")
    assert problem.endswith(": of the learning curve only what trial.json keeps is known")
    assert reread.trials.equals(expected.trials)
    for trial_id in "02":
        assert len(reread.epochs.query(f"trial_id == '{trial_id}'")) == expected.trials["epochs_run"][int(trial_id)]
    assert len(reread.epochs.query("trial_id == '1'")) == 1


def test_a_damaged_record_costs_times_and_sizes_alone(run_directory: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy, ignore=shutil.ignore_patterns("*.h5"))
    path = copy / "trial_1" / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"duration_s": 10**400}))
    expected, reread = results.read(run_directory), results.read(copy)
    assert reread.problems[0].startswith("trial_1/record.json is not one that `search` writes (duration_s is 1000")
    assert reread.problems[0].endswith("…")
    assert reread.trials["score"].equals(expected.trials["score"])
    assert reread.trials["seed"].isna().tolist() == [False, True, False]


def test_the_table_of_trials_is_legible_on_80_columns(run_directory: Path) -> None:
    console = Console(width=80, markup=False, file=io.StringIO())
    run = results.read(run_directory)
    console.print(tables.best_table(run))
    shown = console.file.getvalue()
    assert "…" not in shown
    for score, values in zip(run.trials["score"], run.trials["hp_dense_units"], strict=True):
        assert f"{score:.4f}" in shown
        assert str(values) in shown
