"""Killed at any moment, a search goes on and comes to what it would have come to."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.faults.searches import SMALL, Tables, anew, finished, started, tables
from tests.helpers import is_alive, run_process, worker_processes

KILLS = 15  # for each number of workers
PATIENCE_S = 120


def begun(workers: int, folder: Path) -> subprocess.Popen[str]:
    command = [*SMALL, "--workers", str(workers), "--retries", "99"]
    return started(*command, until="to train on", cwd=folder, start_new_session=True)


def kill(process: subprocess.Popen[str], whom: str) -> bool:
    """Kills the `parent`, a `worker`, or `all`, where there is one; those whose parent is killed end by themselves."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        children = psutil.Process(process.pid).children(recursive=True)
        if whom == "worker":
            workers = worker_processes(psutil.Process(process.pid))
            if workers:
                random.choice(workers).kill()
            return bool(workers)
        if whom == "all":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        until = time.monotonic() + PATIENCE_S
        while alive := [child for child in children if is_alive(child.pid)]:
            assert time.monotonic() < until, f"{alive} have outlived their search"
            time.sleep(0.05)
        return True
    return False


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_random_moments(workers: int, expected: Tables, tmp_path: Path) -> None:
    rng = random.Random(workers)
    random.seed(workers)
    run = tmp_path / "runs" / "run"
    kills = 0
    known: dict[str, str] = {}
    while kills < KILLS:
        process = begun(workers, tmp_path)
        whom = rng.choice(["parent", "all", "worker"])
        # From the first folder made to the last trial.
        time.sleep(rng.uniform(0, 12))
        if process.poll() is None:
            kills += kill(process, whom)
        if whom == "worker":
            _, errors = process.communicate(timeout=PATIENCE_S)
            assert (process.returncode, errors) == (0, "")
        process.kill()
        process.communicate()
        now = finished(run)
        assert known.items() <= now.items(), "a finished trial was lost, or ran twice"
        known = now
        if len(known) == len(expected["summary.csv"]):
            done = run_process(*SMALL, "--workers", str(workers), cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            assert tables(run) == expected
            anew(run)
            known = {}
    done = run_process(*SMALL, "--workers", str(workers), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert tables(run) == expected
    assert known.items() <= finished(run).items()


def test_killed_between_any_two_changes_on_disk(tmp_path: Path) -> None:
    """The parent's and the trial's, in one process: --workers 0."""
    command = [*SMALL, "--workers", "0", "--trials", "3"]

    def run_it(dies_at: int, run: str) -> subprocess.CompletedProcess[str]:
        script = [sys.executable, str(Path(__file__).parent / "dies_at.py"), str(dies_at)]
        return subprocess.run([*script, *command, "--run", run], cwd=tmp_path, capture_output=True, text=True)

    whole = run_it(0, "whole")
    assert whole.returncode == 0, whole.stderr
    changes = int(whole.stderr.split()[-2])
    assert changes > 50
    expected = tables(tmp_path / "runs" / "whole")
    # Two deaths a run, the second one of the search that goes on.
    deaths = random.Random(0).sample(range(1, changes), 8)
    for number, dies_at in enumerate(deaths):
        run = tmp_path / "runs" / f"run{number}"
        assert run_it(dies_at, run.name).returncode == -signal.SIGKILL
        before = finished(run)
        run_it(max(1, (changes - dies_at) // 2), run.name)
        assert before.items() <= finished(run).items()
        done = run_process(*command, "--run", run.name, cwd=tmp_path)
        assert done.returncode == 0, f"died at {dies_at} of {changes}: {done.stderr}"
        assert tables(run) == expected, f"died at {dies_at} of {changes}"
        assert before.items() <= finished(run).items()
        left = [
            path.name for path in run.rglob("*") if path.name.startswith((".", "writing.")) and path.name != ".lock"
        ]
        assert not left
