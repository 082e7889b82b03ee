"""What several tests share: the command line in a subprocess, data made on the spot, one finished search."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).parent.parent
MNIST = ROOT.parent / "shared" / "data" / "mnist.npz"
# Narrow and short, so that a trial takes seconds; three trials.
SEARCH = ["search", "--trials", "3", "--dataset", "digits", "--train-samples", "600", "--set", "epochs=1:2"]
SEARCH += ["--workers", "0"]  # one process, for the tests' own speed; workers are tested in test_workers.py
SEARCH += ["--tensorboard"]

Cli = Callable[..., subprocess.CompletedProcess[str]]


def pytest_configure() -> None:
    """Lets Ctrl-C arrive, here and in processes that tests begin, where a shell's background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is imported stays: the trials of tests, each of which collects garbage, need not look through it."""
    gc.collect()
    gc.freeze()


def mostly_slow(cases: Iterable[Any], quick: int) -> list[Any]:
    """The parameters of a test, of which the default suite tries the first `quick` alone."""
    parameters = []
    for number, case in enumerate(cases):
        slow = [] if number < quick else [pytest.mark.slow]
        if hasattr(case, "marks"):  # made by `pytest.param`
            parameters.append(pytest.param(*case.values, id=case.id, marks=[*case.marks, *slow]))
        else:
            parameters.append(pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=slow))
    return parameters


def run_cli(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs `python cli.py ARGUMENTS` in the folder `cwd`, within this process: nothing has to be imported anew."""
    from keras_search.commands import app as cli

    words = list(map(str, arguments))
    before = signal.getsignal(signal.SIGTERM)
    with contextlib.chdir(cwd), pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "160")
        patch.setattr(sys, "argv", ["cli.py", *words])
        try:
            done = CliRunner().invoke(cli.app, words, prog_name="python cli.py")
        finally:
            signal.signal(signal.SIGTERM, before)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def run_process(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own: where that is what is tested, or an environment that is read at import."""
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"COLUMNS": "160"} | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def offline(home: Path) -> dict[str, str]:
    """An environment in which Keras has nothing in its cache and can download nothing."""
    nowhere = "http://127.0.0.1:9"
    return {"KERAS_HOME": str(home), "HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "https_proxy": nowhere}


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


def without_compiling(printed: str) -> list[str]:
    """The lines, but for what a search says of the operations that it compiles, once a machine."""
    return [line for line in printed.splitlines() if "compil" not in line]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended may be listed on where nobody waits for it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below `folder` with its content: what must not change."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def refused(cli: Cli, folder: Path, *arguments: str | Path) -> str:
    """The one line that says why a command is refused, nothing on disk having changed."""
    before = tree(folder)
    done = cli(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert tree(folder) == before
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]
