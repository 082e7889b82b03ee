"""Every oracle and every pruner through the command line, on a conditional space, killed and asked for again."""

import csv
import importlib.util
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_search.tuner import oracles
from keras_search.tuner.trial import pruners
from tests.helpers import ROOT, kill_cli, run_cli

TRIALS = {"bayesian": 12, "tpe": 12, "gp": 12}  # they begin to learn after ten
DEFAULT_TRIALS = 9
HAS_TORCH = importlib.util.find_spec("torch") is not None
CASES = [(oracle, "none") for oracle in oracles.ORACLES if oracle != "gp" or HAS_TORCH]
CASES += [("random", pruner) for pruner in pruners.PRUNERS if pruner != "none"]
# Small networks and few images, so that a trial takes seconds.
SMALL = ["--dataset", "digits", "--train-samples", "300"]
for narrowed in ("blocks=1:2", "filters_1=8", "filters_2=16", "dense_units=32", "batch_size=128", "epochs=2:3"):
    SMALL += ["--set", narrowed]


def search(oracle: str, pruner: str, workers: int) -> list[str]:
    trials = TRIALS.get(oracle, DEFAULT_TRIALS)
    named = ["--oracle", oracle, "--pruner", pruner, "--workers", str(workers), "--trials", str(trials)]
    return ["search", "--space", "deep_cnn", "--run", "run", *named, *SMALL]


def rows(path: Path) -> list[dict[str, str]]:
    """The lines of a table, without empty cells: a later line may bring another column."""
    with path.open(newline="") as file:
        return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file)]


def completed(run: Path) -> dict[str, dict[str, str]]:
    """The rows of the trials that have ended."""
    return {row["trial_id"]: row for row in rows(run / "summary.csv") if row["status"] == "COMPLETED"}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("oracle", "pruner"), CASES)
def test_it_is_killed_and_goes_on(oracle: str, pruner: str, workers: int, tmp_path: Path) -> None:
    command = search(oracle, pruner, workers)
    trials = TRIALS.get(oracle, DEFAULT_TRIALS)
    process = subprocess.Popen(
        [sys.executable, "-u", str(ROOT / "cli.py"), *command], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert any(line.startswith(f"[4/{trials}]") for line in process.stdout)
    run = tmp_path / "runs" / "run"
    told = time.monotonic()
    while len(completed(run)) < 4:
        assert time.monotonic() - told < 2, "the table comes within a second"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = completed(run)

    done = run_cli(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert f"of {trials} trials are done" in done.stdout
    table = rows(run / "summary.csv")
    assert [row["status"] for row in table] == ["COMPLETED"] * trials
    assert [row["is_baseline"] for row in table] == ["True"] + ["False"] * (trials - 1)
    assert {row["trial_id"]: row for row in table if row["trial_id"] in finished} == finished, "a trial ran twice"
    for row in table:
        assert ("hp_momentum" in row) == (row["hp_optimizer"] == "sgd")
        assert ("hp_filters_2" in row) == (row["hp_blocks"] == "2")
    # Under Hyperband a point has a trial a round.
    scratch = [row for row in table if "tuner/trial_id" not in row]
    points = {tuple(sorted(cell for cell in row.items() if cell[0].startswith("hp_"))) for row in scratch}
    assert len(points) == len(scratch)
    if pruner == "none" or workers == 1:  # with two, who falls behind depends on who came first
        assert any(row["pruned"] == "True" for row in table) == (pruner != "none")
    assert run_cli("best", "--run", "run", cwd=tmp_path).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_confirmation_is_killed_and_goes_on(workers: int, tmp_path: Path) -> None:
    kill_cli(*search("random", "none", workers), "--confirm", after="[4/10]", cwd=tmp_path)
    again = tmp_path / "runs" / "run" / "confirmation"
    ended = completed(again)
    assert len(ended) >= 3

    best = run_cli("best", "--run", "run", "--confirm", "--workers", str(workers), cwd=tmp_path)
    assert best.returncode == 0, best.stderr
    assert "of 10 trials are done" in best.stdout
    assert "Of the best 5 by one score, trial" in best.stdout
    table = rows(again / "summary.csv")
    assert [row["status"] for row in table] == ["COMPLETED"] * 10
    assert {row["trial_id"]: row for row in table if row["trial_id"] in ended} == ended, "a training ran twice"
