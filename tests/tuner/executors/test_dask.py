"""A Dask cluster of real processes on loopback, over TLS: workers come, go and die, and share no file system."""

import contextlib
import csv
import functools
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import dask
import distributed
import keras
import keras_tuner
import numpy as np
import psutil
import pytest
import tensorflow as tf

from keras_search.tuner import InputError, SearchError, Tuner
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.base import WorkerDied, run_all
from keras_search.tuner.executors.dask import cluster as dask_cluster
from keras_search.tuner.executors.pool import WorkerPool
from keras_search.tuner.transport import settings
from tests.helpers import ROOT, Cli, is_alive, refused, run_process
from tests.pages import READERS_OWN

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
        (self.notes / f"{time.time_ns()} {units} {what} {os.getpid()} {os.getppid()}").touch()


def notes(folder: Path, units: int) -> list[tuple[str, int, int]]:
    """What was noted of the trials of so many units, by which process and by whose child, in order."""
    lines = [path.name.split()[1:] for path in sorted(folder.glob("* *"))]
    return [(what, int(process), int(parent)) for noted, what, process, parent in lines if int(noted) == units]


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


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What tells Dask its certificates in the environment; in this process, Dask's configuration has them."""
    folder = tmp_path_factory.mktemp("certificates")
    command = "openssl req -x509 -newkey rsa:2048 -sha256 -days 2 -nodes -subj /CN=search -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    tls = {"ca-file": f"{folder}/cert.pem"}
    for role in ("scheduler", "worker", "client"):
        tls |= {f"{role}.cert": f"{folder}/cert.pem", f"{role}.key": f"{folder}/key.pem"}
    with dask.config.set({f"distributed.comm.tls.{name}": path for name, path in tls.items()}):
        names = {name: name.replace("-", "_").replace(".", "__").upper() for name in tls}
        yield {f"DASK_DISTRIBUTED__COMM__TLS__{names[name]}": path for name, path in tls.items()}


@contextlib.contextmanager
def scheduling(folder: Path, protocol: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """A scheduler without workers: its address, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    command = [DASK, "scheduler", "--protocol", protocol, "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
    with running(*command, log=folder / "log", **environment) as process:
        until(lambda: "Scheduler at" in (folder / "log").read_text())
        yield f"{protocol}://127.0.0.1:{port}", process


@pytest.fixture(scope="module")
def scheduler(certificates: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with scheduling(tmp_path_factory.mktemp("scheduler"), "tls", **certificates) as (address, _):
        yield address


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


@pytest.fixture
def workers(scheduler: str, tmp_path: Path, certificates: dict[str, str]) -> Iterator[Workers]:
    (tmp_path / "workers").mkdir()
    with Workers(scheduler, tmp_path / "workers", certificates) as started:
        yield started


def search(folder: Path, hypermodel: Noted, **arguments: object) -> list[dict[str, str]]:
    """The summary of a search, without what clocks say."""
    hypermodel.notes.mkdir(exist_ok=True)
    tuner = Tuner(hypermodel, directory=folder, project_name="run", **{"max_trials": 3} | arguments)
    tuner.search(X, Y, validation_data=(X[:50], Y[:50]), verbose=0)
    with (folder / "run" / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    timed = ("duration_s", "started_at", "ended_at")
    return [{name: value for name, value in row.items() if name not in timed} for row in rows]


@pytest.fixture(scope="module")
def local() -> Iterator[WorkerPool]:
    with WorkerPool(1) as pool:
        yield pool


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
        until(lambda: len(notes(seen, BASELINE_UNITS)) == 2)
        # The search is sent what the first epoch has come to while the second one runs.
        until(lambda: (cluster / "run" / "trial_0" / "state.npz").exists())
        _, process, worker = notes(seen, BASELINE_UNITS)[1]
        processes[worker].kill()
        until(lambda: not is_alive(process))
        (seen / "go").touch()

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


def curves(folder: Path) -> list[dict[str, str]]:
    with (folder / "run" / "epochs.csv").open(newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.slow
@pytest.mark.skipif(not can_hide(), reason="needs a file system of the worker's own")
def test_nothing_is_shared_but_the_toolkit(tmp_path: Path, scheduler: str, workers: Workers, local: WorkerPool) -> None:
    """Data, predecessors' checkpoints and other trials' curves are sent, where the worker sees no run directory."""
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    workers.start(hides=cluster)
    with choice.make("auto", scheduler=scheduler) as executor:
        for name, settings in (
            ("hyperband", {"oracle": "hyperband", "max_trials": 12}),
            ("asha", {"pruner": "asha", "max_trials": 6}),
        ):
            hypermodel = Noted(tmp_path / "notes")
            expected = search(tmp_path / "local" / name, hypermodel, executor=local, **settings)
            assert search(cluster / name, hypermodel, executor=executor, **settings) == expected
            assert curves(cluster / name) == curves(tmp_path / "local" / name)
            if name == "hyperband":
                assert any(row["tuner/trial_id"] for row in expected), "a trial goes on with another"
            else:
                assert {row["pruned"] for row in expected} == {"True", "False"}
            kept = [path.relative_to(cluster / name) for path in cluster.glob(f"{name}/run/trial_*/*.weights.h5")]
            assert len(kept) == 3
    # Of the data, nothing is left there.
    assert list((tmp_path / "workers").glob("*/*/*/search-*")) == []


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


def trials_of(worker: subprocess.Popen) -> list[psutil.Process]:
    """The processes in which a Dask worker runs trials."""
    found = psutil.Process(worker.pid).children(recursive=True)
    return [process for process in found if _is_trial(process)]


def _is_trial(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return any("LokyProcess" in word for word in process.cmdline())
    return False


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


@pytest.mark.slow
def test_calls_go_to_the_gpus_of_workers_that_declare_them(scheduler: str, workers: Workers) -> None:
    with choice.make("auto", scheduler=scheduler) as executor:
        assert executor.slots == 1, "a call may wait for the first worker"
        workers.start("--nthreads", "4", "--resources", "GPU=2", CUDA_VISIBLE_DEVICES="5,7")
        until(lambda: executor.slots == 2)
        without = workers.start()
        until(lambda: len(executor._cluster.workers()) == 2)
        seen = run_all(executor, os.getenv, ["CUDA_VISIBLE_DEVICES"] * 2)
        assert sorted(seen) == ["5", "7"]
        assert trials_of(without) == []
        with pytest.raises(ValueError, match="invalid literal"):
            executor.submit(int, "x").result(60)
        with pytest.raises(WorkerDied, match="EXIT"):
            executor.submit(os._exit, 1).result(60)
        for settings, slots in (((1,), 1), ((9,), 9), (("auto", 3), 4)):
            with choice.make(*settings, scheduler=scheduler) as other:
                assert other.slots == slots


def settings_seen() -> list[object]:
    """Of Keras, of TensorFlow, of the environment when TensorFlow was loaded, and now."""
    at_first = psutil.Process().environ().get("A_VARIABLE_OF_THE_SCRIPT")
    now = os.environ.get("A_VARIABLE_OF_THE_SCRIPT")
    policy = keras.layers.Dense(1).dtype_policy.name
    return [keras.config.floatx(), policy, tf.config.functions_run_eagerly(), at_first, now]


@pytest.mark.slow
def test_calls_run_under_the_settings_of_the_script(
    scheduler: str, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers.start()
    with choice.make("auto", scheduler=scheduler) as executor:
        with settings.kept():
            keras.config.set_floatx("float64")
            keras.config.set_dtype_policy("mixed_bfloat16")
            tf.config.run_functions_eagerly(True)
            monkeypatch.setenv("A_VARIABLE_OF_THE_SCRIPT", "set")
            there = executor.submit(settings_seen).result()
        assert there == ["float64", "mixed_bfloat16", True, "set", "set"]
        assert executor.submit(settings_seen).result() == ["float32", "float32", False, "set", "set"]


@pytest.mark.parametrize(
    "address", ["host", "tcp://", "tls://host", "http://host:80", "tcp://host:x", "tcp://host:1/x"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="give tls://HOST:PORT"):
        choice.make("auto", scheduler=address)


@pytest.mark.slow
def test_a_scheduler_that_cannot_be_used_is_refused(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = ["search", "--dataset", "digits", "--scheduler"]
    without_certificates = functools.partial(run_process, cwd=tmp_path)
    assert "names no certificate" in refused(without_certificates, tmp_path, *search, scheduler)
    with pytest.raises(InputError, match=r"^workers is 0, for this process: with scheduler give"):
        choice.make(0, scheduler=scheduler)
    monkeypatch.setattr(dask_cluster, "_CONNECT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(InputError, match=r"no Dask scheduler answers at .*: nothing came back in 1 s"):
            choice.make("auto", scheduler=address)
    with pytest.raises(InputError, match="no Dask scheduler answers at "):
        choice.make("auto", scheduler=address)
    with pytest.raises(InputError, match="no Dask scheduler answers at "):
        choice.make("auto", scheduler=scheduler.replace("tls", "tcp"))
    tls = {f"distributed.comm.tls.{name}": "none.pem" for name in ("ca-file", "client.cert", "client.key")}
    with dask.config.set(tls), pytest.raises(InputError, match=r"none\.pem, cannot be read"):
        choice.make("auto", scheduler=scheduler)


def test_a_cluster_that_is_not_like_this_process_is_told(
    scheduler: str,
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    here = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "2.0" if name == "keras" else here(name))
    with choice.make("auto", scheduler=scheduler) as executor:
        assert capsys.readouterr().err.splitlines() == [
            f"Warning: the Dask cluster has keras {here('keras')}, the search 2.0: scores may differ",
            "Warning: the Dask cluster has no worker yet: trials wait for the first one",
        ]
        (tmp_path / "keras_search.py").touch()  # in place of the package
        workers.start(PYTHONPATH=str(tmp_path))
        with pytest.raises(
            InputError, match=r"Dask worker tls://.* lacks this toolkit \(.*keras_search.*\): install it there"
        ):
            until(lambda: executor.slots == 2)
    monkeypatch.setattr(platform, "python_version", lambda: "3.9.1")
    with pytest.raises(InputError, match=r"runs Python 3\..*, the search 3\.9\.1: code cannot travel"):
        choice.make("auto", scheduler=scheduler)


@pytest.mark.slow
def test_a_cluster_without_encryption_that_others_can_reach_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for host, is_open in (("127.0.0.1", False), ("0.0.0.0", True)):
        settings = {"n_workers": 0, "processes": False, "protocol": "tcp://", "dashboard_address": "127.0.0.1:0"}
        with distributed.LocalCluster(host=host, **settings) as cluster:
            address = f"tcp://127.0.0.1:{cluster.scheduler.port}"
            choice.make("auto", scheduler=address).shutdown()
        warned = f"Warning: {address} is not encrypted: whoever reaches it can run code" in capsys.readouterr().err
        assert warned is is_open


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
        until(lambda: len(notes(seen, BASELINE_UNITS)) == 2)
        workers.start()
        first.send_signal(signal.SIGSTOP)  # and not the process of its trial
        until(lambda: len({process for _, process, _ in notes(seen, BASELINE_UNITS)}) == 2)
        (seen / "go").touch()
        until(lambda: [what for what, *_ in notes(seen, BASELINE_UNITS)].count("end") == 2)
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


@pytest.mark.slow
def test_the_commands_of_the_guide(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "cluster.md").read_text()
    section = guide[guide.index("## By hand") : guide.index("## What happens when")]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    written = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    blocks = [block.replace("8786", port).replace("cli.py", str(ROOT / "cli.py")) for block in written]
    certificate, scheduler, worker, search = ([shutil.which("bash"), "-ec", f"cd {tmp_path}\n{one}"] for one in blocks)
    path = {"PATH": f"{DASK.parent}:{os.environ['PATH']}"}
    subprocess.run(certificate, check=True)
    python = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1].replace("8786", port)
    (tmp_path / "script.py").write_text(f"from keras_search import Tuner\n{READERS_OWN}\n{python}")
    script = shutil.which("bash"), "-ec", f"cd {tmp_path}\nsource search-tls/env.sh\npython script.py"
    with running(*scheduler, log=tmp_path / "scheduler", **path), running(*worker, log=tmp_path / "worker", **path):
        for command in search, script:
            done = subprocess.run(command, env=os.environ | path, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
            assert "[4/4]" in done.stdout
            assert done.stderr in ("", "Warning: the Dask cluster has no worker yet: trials wait for the first one\n")
