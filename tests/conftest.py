"""Fixtures of many tests - the command line, data made on the spot, one finished search - and how pytest runs them."""

import gc
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import SEARCH, Cli, run_cli, run_process


def pytest_configure() -> None:
    """Lets Ctrl-C arrive, here and in processes that tests begin, where a shell's background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is imported stays: the trials of tests, each of which collects garbage, need not look through it."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command line, run in an empty folder."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        if environment:
            return run_process(*arguments, cwd=tmp_path, **environment)
        return run_cli(*arguments, cwd=tmp_path)

    return run


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A finished search: the folder that it was run in, and what it printed."""
    folder = tmp_path_factory.mktemp("searched")
    done = run_cli(*SEARCH, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder, done.stdout


@pytest.fixture(scope="session")
def run_directory(searched: tuple[Path, str]) -> Path:
    """The run directory of the finished search; to be read only."""
    return searched[0] / "runs" / "digits-baseline_cnn-random-seed0"


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Random images of three classes, as an `.npz` file would hold them."""
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (60, 10, 12), dtype="uint8"),
        "y_train": np.arange(60) % 3,
        "x_test": rng.integers(0, 256, (9, 10, 12), dtype="uint8"),
        "y_test": np.arange(9) % 3,
    }
