"""Trials whose worker is killed, that hang, or that a signal interrupts; and two searches at once."""

import csv
import signal
import subprocess
from pathlib import Path

import pytest

from tests.faults.searches import SMALL, Tables, started, tables, wait_for_state
from tests.helpers import run_process

SPACE = """
import os, signal, time
import keras, keras_tuner

class Space(keras_tuner.HyperModel):
    def build(self, hp):
        hp.Choice("kind", {kinds!r})
        hp.Int("epochs", 1, {epochs}, default=1)
        model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp, model, *args, **kwargs):
        if hp["kind"] == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if hp["kind"] == "hangs":
            time.sleep(1000)
        return model.fit(*args, epochs=1, **kwargs)
"""


def search(
    folder: Path, kinds: list[str], *more: str, epochs: int = 1
) -> tuple[subprocess.CompletedProcess[str], list[dict[str, str]]]:
    (folder / "space.py").write_text(SPACE.format(kinds=kinds, epochs=epochs))
    command = ["search", "--space", "space.py:Space", "--dataset", "digits", "--train-samples", "300", "--run", "run"]
    command += ["--oracle", "grid", "--workers", "1", "--trials", "3"]
    done = run_process(*command, *more, cwd=folder)
    with (folder / "runs" / "run" / "summary.csv").open(newline="") as file:
        return done, list(csv.DictReader(file))


def test_a_trial_that_kills_its_worker_fails_with_the_reason(tmp_path: Path) -> None:
    done, rows = search(tmp_path, ["works", "dies", "fine"], "--trial-timeout", "5m")
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in rows] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert "SIGKILL" in rows[1]["error"]
    assert done.stdout.count("the worker process of trial 1 ended with SIGKILL(-9): the trial is begun again") == 1


def test_a_trial_that_hangs_fails_with_the_reason(tmp_path: Path) -> None:
    done, rows = search(tmp_path, ["works", "hangs", "fine"], "--trial-timeout", "10s")
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in rows] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert rows[1]["error"] == "TimeoutError: not done after 10.0 s; hung.txt says where it was"
    # A function that travelled by value may have lost the name of its file.
    assert " in fit\n" in (tmp_path / "runs" / "run" / "trial_1" / "hung.txt").read_text()
    assert "begun again" not in done.stdout


def test_every_worker_dies_the_same_way(tmp_path: Path) -> None:
    done, rows = search(tmp_path, ["dies"], "--retries", "0", "--trials", "9", epochs=9)
    assert done.returncode == 1
    assert len(rows) == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: every trial failed the same way: WorkerDied: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_signal_leaves_trials_that_go_on(
    number: signal.Signals, workers: str, expected: Tables, tmp_path: Path
) -> None:
    command = [*SMALL, "--workers", workers]
    process = started(*command, until="[1/5]", cwd=tmp_path)
    run = tmp_path / "runs" / "run"
    wait_for_state(run)
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "Stopped: the same command goes on.\n"
    assert "stopped: " in out
    assert "of 5 trials are done" in out
    assert "The best of" in out
    rows = tables(run)["summary.csv"]
    assert {"COMPLETED", "RUNNING"} <= {row["status"] for row in rows}
    done = run_process(*SMALL, "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert " goes on after " in done.stdout
    if workers != "0":  # which uses all cores for a trial and so adds in another order
        assert tables(run) == expected


def test_two_searches_of_one_run(tmp_path: Path) -> None:
    first = started(*SMALL, "--workers", "1", until="to train on", cwd=tmp_path)
    for more in ([], ["--overwrite"]):
        second = run_process(*SMALL, *more, cwd=tmp_path)
        assert second.returncode == 2
        (line,) = second.stderr.splitlines()
        assert line.startswith("Error: another search is at work on run")
        assert f"process {first.pid} on " in line
    first.kill()
    first.communicate()
    assert run_process(*SMALL, "--workers", "1", cwd=tmp_path).returncode == 0
