"""A Dask cluster of real processes on loopback, over TLS: workers come and go, and share no file system."""

import functools
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import dask
import distributed
import keras
import psutil
import pytest
import tensorflow as tf

from keras_search.tuner import InputError
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.base import WorkerDied, run_all
from keras_search.tuner.executors.dask import cluster as dask_cluster
from keras_search.tuner.executors.pool import WorkerPool
from keras_search.tuner.transport import settings
from tests.helpers import ROOT, refused, run_process
from tests.pages import READERS_OWN
from tests.tuner.executors.cluster import DASK, Noted, Workers, can_hide, curves, running, search, trials_of, until


@pytest.mark.parametrize("module", ["executors.dask.worker", "executors.worker_process", "transport.stamps"])
def test_what_scheduler_and_workers_load_is_light(module: str) -> None:
    """While they load Keras, they would answer nobody for seconds."""
    loaded = f"import sys, keras_search.tuner.{module}; print(*{{'keras', 'tensorflow'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == []


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


@pytest.mark.slow
def test_a_cluster_that_is_not_like_this_process_is_told(
    scheduler: str,
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    here = keras.__version__
    monkeypatch.setattr(keras, "__version__", "2.0")
    with choice.make("auto", scheduler=scheduler) as executor:
        assert capsys.readouterr().err.splitlines() == [
            f"Warning: the Dask cluster has keras {here}, the search 2.0: scores may differ",
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
