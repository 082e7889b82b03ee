"""Dask schedulers and workers in processes of their own, and a model that notes where it is trained."""

import contextlib
import csv
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import psutil

from keras_search.tuner import Tuner
from tests.helpers import ROOT, worker_processes

DASK = Path(sys.executable).with_name("dask")
RNG = np.random.default_rng(0)
X, Y = RNG.random((200, 6), dtype="float32"), RNG.integers(0, 3, 200)


BASELINE_UNITS = 8


class Noted(keras_tuner.HyperModel):
    """A small network; notes each epoch as it begins, and where, and the end of the training.

    The baseline waits in its second epoch for the file `go`, where it is `held`.
    """

    def __init__(self, notes: Path, held: bool = False) -> None:
        super().__init__()
        self.notes = notes
        self.held = held

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Int("epochs", 1, 4, default=3)
        units = hp.Int("units", BASELINE_UNITS, 1000, default=BASELINE_UNITS)
        model = keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Dense(units, "relu"),
                keras.layers.Dropout(0.3),
                keras.layers.Dense(3, "softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: object, **kwargs: object) -> object:
        def begins(epoch: int, logs: object) -> None:
            self.note(hp["units"], epoch)
            while self.held and hp["units"] == BASELINE_UNITS and epoch == 1 and not (self.notes / "go").exists():
                time.sleep(0.1)

        callbacks = [*kwargs.pop("callbacks"), keras.callbacks.LambdaCallback(on_epoch_begin=begins)]
        history = model.fit(*args, verbose=0, callbacks=callbacks, **{"epochs": hp["epochs"]} | kwargs)
        self.note(hp["units"], "end")
        return history

    def note(self, units: int, what: object) -> None:
        # A file each: two processes may write at once.
        (self.notes / f"{time.time_ns()} {units} {what} {os.getpid()} {_dask_worker()}").touch()


def _dask_worker() -> int:
    """The Dask worker that has started this process, itself or by its fork server; without one, the parent."""
    commands = {process.pid: [Path(part).name for part in process.cmdline()] for process in psutil.Process().parents()}
    return next((pid for pid, command in commands.items() if command[1:3] == ["dask", "worker"]), os.getppid())


def notes(folder: Path, units: int) -> list[tuple[str, int, int]]:
    """What was noted of the trials of so many units, by which process and which Dask worker's, in order."""
    lines = [path.name.split()[1:] for path in sorted(folder.glob("* *"))]
    return [(what, int(process), int(worker)) for noted, what, process, worker in lines if int(noted) == units]


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.1)


def can_hide() -> bool:
    """Whether a process can be given a file system of its own."""
    return (
        platform.system() == "Linux" and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0
    )


@contextlib.contextmanager
def running(*command: str | Path, log: Path, **environment: str) -> Iterator[subprocess.Popen]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    with log.open("w") as file:
        process = subprocess.Popen(list(map(str, command)), stdout=file, stderr=file, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # a Dask worker whose scheduler ends at the same moment may stay
            process.kill()


@contextlib.contextmanager
def scheduling(folder: Path, protocol: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """A scheduler without workers: its address, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    command = [DASK, "scheduler", "--protocol", protocol, "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
    with running(*command, log=folder / "log", **environment) as process:
        until(lambda: "Scheduler at" in (folder / "log").read_text())
        yield f"{protocol}://127.0.0.1:{port}", process


class Workers:
    """Starts Dask workers of one thread each."""

    def __init__(self, scheduler: str, folder: Path, certificates: dict[str, str]) -> None:
        self._stack = contextlib.ExitStack()
        self._command = [DASK, "worker", scheduler, "--host", "127.0.0.1", "--no-dashboard"]
        self._folder = folder
        self._environment = certificates

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def start(self, *options: str, hides: Path | None = None, **environment: str) -> subprocess.Popen:
        """Starts one; it sees nothing of the folder `hides`."""
        number = len(list(self._folder.iterdir()))
        local = self._folder / str(number)
        local.mkdir()
        command = [*self._command, "--local-directory", local, *(options or ["--nthreads", "1", "--no-nanny"])]
        if hides is not None and can_hide():
            command = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs none "{hides}" && exec "$@"', "sh", *command]
        started = running(*command, log=local / "log", **self._environment | environment)
        return self._stack.enter_context(started)


def search(folder: Path, hypermodel: Noted, **arguments: object) -> list[dict[str, str]]:
    """The summary of a search, without what clocks say."""
    hypermodel.notes.mkdir(exist_ok=True)
    tuner = Tuner(hypermodel, directory=folder, project_name="run", **{"max_trials": 3} | arguments)
    tuner.search(X, Y, validation_data=(X[:50], Y[:50]), verbose=0)
    with (folder / "run" / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    timed = ("duration_s", "started_at", "ended_at")
    return [{name: value for name, value in row.items() if name not in timed} for row in rows]


def curves(folder: Path) -> list[dict[str, str]]:
    with (folder / "run" / "epochs.csv").open(newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def trials_of(worker: subprocess.Popen) -> list[psutil.Process]:
    """The processes in which a Dask worker runs trials."""
    return worker_processes(psutil.Process(worker.pid))
