"""A Dask cluster whose workers and scheduler, and searches on it, die or are out of reach."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keras_search.tuner import SearchError
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.dask import cluster as dask_cluster
from keras_search.tuner.executors.pool import WorkerPool
from tests.helpers import ROOT, Cli, is_alive
from tests.tuner.executors.cluster import (
    BASELINE_UNITS,
    Noted,
    Workers,
    curves,
    notes,
    running,
    scheduling,
    search,
    trials_of,
    until,
)


@pytest.mark.faults
def test_the_trial_of_a_killed_worker_goes_on_elsewhere(
    tmp_path: Path,
    scheduler: str,
    workers: Workers,
    local: WorkerPool,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One of two workers is killed in the middle of a trial; the scores are those of a local search.

    The other sees nothing of the run directory.
    """
    cluster, seen = tmp_path / "cluster", tmp_path / "notes"
    cluster.mkdir()
    seen.mkdir()
    processes = {process.pid: process for process in (workers.start(), workers.start(hides=cluster))}

    def kill() -> None:
        try:
            until(lambda: len(notes(seen, BASELINE_UNITS)) >= 2)
            # The search is sent what the first epoch has come to while the second one runs.
            until(lambda: (cluster / "run" / "trial_0" / "state.npz").exists())
            _, process, worker = notes(seen, BASELINE_UNITS)[1]
            processes[worker].kill()
            until(lambda: not is_alive(process))
        finally:
            (seen / "go").touch()  # or the search would wait for ever

    with choice.make("auto", scheduler=scheduler) as executor, ThreadPoolExecutor(1) as thread:
        until(lambda: executor.slots == 2)
        killed = thread.submit(kill)
        rows = search(cluster, Noted(seen, held=True), executor=executor)
        killed.result()
    assert [row["status"] for row in rows] == ["COMPLETED"] * 3
    assert [what for what, *_ in notes(seen, BASELINE_UNITS)] == ["0", "1", "1", "2", "end"]
    for row in rows[1:]:
        assert [what for what, *_ in notes(seen, int(row["hp_units"]))].count("end") == 1
    assert "Warning: after the loss of Dask worker " in capfd.readouterr().err
    assert list(cluster.glob("run/.data*")) == []
    assert rows == search(tmp_path / "local", Noted(tmp_path / "local_notes"), executor=local)
    assert curves(cluster) == curves(tmp_path / "local")


SPACE = """
import os, pathlib, time
import keras, keras_tuner

class Held(keras_tuner.HyperModel):
    def build(self, hp):
        layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
        model = keras.Sequential(layers)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        hp.Int("epochs", 1, 2)
        hp.Float("unused", 0, 1)
        return model

    def fit(self, hp, model, *args, **kwargs):
        (pathlib.Path({folder!r}) / "begun" / str(os.getpid())).touch()
        while not os.path.exists(os.path.join({folder!r}, "go")):
            time.sleep(0.1)
        return model.fit(*args, epochs=hp["epochs"], **kwargs)
"""


@pytest.mark.faults
def test_a_search_that_is_killed_leaves_no_trial_behind(
    tmp_path: Path, scheduler: str, workers: Workers, certificates: dict[str, str]
) -> None:
    """Its trials would go on, and hold the cluster's room."""
    worker = workers.start("--nthreads", "2")  # a nanny and its worker, which has two at once
    script = (
        "import sys, time; from keras_search.tuner.executors import choice\n"
        "with choice.make('auto', scheduler=sys.argv[1]) as executor:\n"
        "    executor.submit(time.sleep, 1000)\n"
        "    executor.submit(time.sleep, 1000).result()\n"
    )
    with running(sys.executable, "-c", script, scheduler, log=tmp_path / "log", **certificates) as search:
        until(lambda: len(trials_of(worker)) == 2)
        search.kill()
        until(lambda: len(trials_of(worker)) == 0, 20)
    until(lambda: list((tmp_path / "workers").rglob("call-*")) == [], 20)


@pytest.mark.faults
def test_a_search_that_was_killed_goes_on(
    tmp_path: Path, scheduler: str, workers: Workers, certificates: dict[str, str], cli: Cli
) -> None:
    """A search of a space of one's own, whose trials end with it; the same again goes on where it stopped."""
    (tmp_path / "space.py").write_text(SPACE.format(folder=str(tmp_path)))
    (tmp_path / "begun").mkdir()
    command = ["search", "--space", "space.py:Held", "--dataset", "digits", "--train-samples", "300", "--trials", "3"]
    command += ["--scheduler", scheduler, "--run", "run"]
    workers.start("--nthreads", "2")  # a nanny and its worker, which has two trials at once
    with (tmp_path / "log").open("w") as log:
        search = subprocess.Popen(
            [sys.executable, ROOT / "cli.py", *command],
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            env=os.environ | certificates,
        )
        until(lambda: len(list((tmp_path / "begun").iterdir())) == 2)
        search.send_signal(signal.SIGKILL)
        search.wait()
    processes = [int(path.name) for path in (tmp_path / "begun").iterdir()]
    until(lambda: not any(map(is_alive, processes)), 20)
    until(lambda: list((tmp_path / "workers").rglob("call-*")) == [], 20)
    (tmp_path / "go").touch()
    done = cli(*command, **certificates)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    with (tmp_path / "runs" / "run" / "summary.csv").open(newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["COMPLETED"] * 3


@pytest.mark.faults
def test_a_search_ends_with_its_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dask_cluster, "_CONNECT_S", 1)
    with scheduling(tmp_path, "tcp") as (address, process), choice.make("auto", scheduler=address) as executor:
        assert "has no worker yet" in capsys.readouterr().err
        waiting = executor.submit(int)
        time.sleep(0.5)
        process.kill()
        with pytest.raises(SearchError, match="is gone: start it, and the same search goes on"):
            waiting.result(30)


@pytest.mark.faults
def test_a_worker_that_is_out_of_reach_spoils_nothing(tmp_path: Path, local: WorkerPool) -> None:
    """It goes on with its trial, which is run elsewhere meanwhile: what counts is what comes from there."""
    seen, folder = tmp_path / "notes", tmp_path / "workers"
    seen.mkdir()
    folder.mkdir()

    def cut_off(workers: Workers, first: subprocess.Popen) -> None:
        try:
            until(lambda: len(notes(seen, BASELINE_UNITS)) >= 2)
            workers.start()
            first.send_signal(signal.SIGSTOP)  # and not the process of its trial
            until(lambda: len({process for _, process, _ in notes(seen, BASELINE_UNITS)}) == 2)
            (seen / "go").touch()
            until(lambda: [what for what, *_ in notes(seen, BASELINE_UNITS)].count("end") == 2)
        finally:
            (seen / "go").touch()  # or the search would wait for ever
            first.send_signal(signal.SIGCONT)

    with (
        scheduling(tmp_path, "tcp", DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL="5s") as (address, _),
        Workers(address, folder, {}) as workers,
        choice.make("auto", scheduler=address) as executor,
        ThreadPoolExecutor(1) as thread,
    ):
        done = thread.submit(cut_off, workers, workers.start())
        rows = search(tmp_path / "cluster", Noted(seen, held=True), executor=executor)
        done.result()
    first, *_, second = dict.fromkeys(process for _, process, _ in notes(seen, BASELINE_UNITS))
    assert json.loads((tmp_path / "cluster" / "run" / "trial_0" / "record.json").read_text())["worker"] == second
    assert first != second
    assert rows == search(tmp_path / "local", Noted(tmp_path / "local_notes"), executor=local)
