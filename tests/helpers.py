"""What tests share beside fixtures: the command line, folders and processes looked at, cases."""

import contextlib
import inspect
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).parent.parent
# Narrow and short, so that a trial takes seconds; three trials.
SEARCH = ["search", "--trials", "3", "--dataset", "digits", "--train-samples", "600", "--set", "epochs=1:2"]
SEARCH += ["--workers", "0"]  # one process, for the tests' own speed; workers are tested in test_workers.py
SEARCH += ["--tensorboard", "--explain-speed"]

# Click before 8.2 mixes standard error into standard output, unless it is told not to.
_APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}

Cli = Callable[..., subprocess.CompletedProcess[str]]


def kill_cli(*arguments: str | Path, after: str, cwd: Path) -> None:
    """Runs `python cli.py ARGUMENTS` in a process of its own, and kills it when a line begins with `after`."""
    command = [sys.executable, "-u", str(ROOT / "cli.py"), *map(str, arguments)]
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.startswith(after) for line in process.stdout)
        process.send_signal(signal.SIGKILL)


def run_cli(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs `python cli.py ARGUMENTS` in the folder `cwd`, within this process: nothing has to be imported anew."""
    from keras_search.commands import app as cli

    words = list(map(str, arguments))
    before = signal.getsignal(signal.SIGTERM)
    with contextlib.chdir(cwd), pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "160")
        patch.setattr(sys, "argv", ["cli.py", *words])
        try:
            done = CliRunner(**_APART).invoke(cli.app, words, prog_name="python cli.py")
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


def without_compiling(printed: str) -> list[str]:
    """The lines, but for what a search says of the operations that it compiles, once a machine."""
    return [line for line in printed.splitlines() if "compil" not in line]


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below `folder` with its content: what must not change."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended may be listed on where nobody waits for it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def worker_processes(parent: psutil.Process) -> list[psutil.Process]:
    """The processes below `parent` in which trials run, without the fork server that they are forked from."""
    workers = []
    for process in parent.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if _runs("work", process) or (_runs("fork_workers", process) and _runs("fork_workers", process.parent())):
                workers.append(process)
    return workers


def _runs(task: str, process: psutil.Process | None) -> bool:
    return process is not None and any(f"serving import {task};" in word for word in process.cmdline())


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
