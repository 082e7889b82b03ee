"""A scheduler for the tests of a file, and workers for one test."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest

from keras_search.tuner.executors.pool import WorkerPool
from tests.tuner.executors.cluster import Workers, scheduling


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


@pytest.fixture(scope="module")
def scheduler(certificates: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with scheduling(tmp_path_factory.mktemp("scheduler"), "tls", **certificates) as (address, _):
        yield address


@pytest.fixture
def workers(scheduler: str, tmp_path: Path, certificates: dict[str, str]) -> Iterator[Workers]:
    (tmp_path / "workers").mkdir()
    with Workers(scheduler, tmp_path / "workers", certificates) as started:
        yield started


@pytest.fixture(scope="module")
def local() -> Iterator[WorkerPool]:
    with WorkerPool(1) as pool:
        yield pool
