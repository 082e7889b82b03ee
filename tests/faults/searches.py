"""A small search, what it should come to, and what must not change while it is disturbed."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.helpers import ROOT, run_process

TIMES = ("duration_s", "started_at", "ended_at", "seconds")
SMALL = ["search", "--run", "run", "--dataset", "digits", "--train-samples", "300", "--trials", "5"]
for narrowed in ("filters=4:8", "dense_units=32:64", "epochs=2:4"):
    SMALL += ["--set", narrowed]

Tables = dict[str, list[dict[str, str]]]


def tables(run: Path) -> Tables:
    """Both tables of a run, without the times."""
    found: Tables = {}
    for name in ("summary.csv", "epochs.csv"):
        with (run / name).open(newline="") as file:
            found[name] = [
                {column: cell for column, cell in row.items() if column not in TIMES} for row in csv.DictReader(file)
            ]
    return found


def finished(run: Path) -> dict[str, str]:
    """The record, with its times, of each trial that is recorded as completed."""
    records = {}
    for path in run.glob("trial_*/trial.json"):
        if json.loads(path.read_text())["status"] == "COMPLETED":
            records[path.parent.name] = path.with_name("record.json").read_text()
    return records


def undisturbed(folder: Path, *more: str) -> Path:
    """The run directory of a search that nothing disturbs."""
    done = run_process(*SMALL, "--workers", "1", *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "run"


def started(*command: str, until: str, cwd: Path, **more: Any) -> subprocess.Popen[str]:
    """The command line in a process of its own, which has printed a line that holds `until`."""
    process = subprocess.Popen(
        [sys.executable, "-u", str(ROOT / "cli.py"), *command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "160"},
        **more,
    )
    assert process.stdout is not None
    assert any(until in line for line in process.stdout), process.communicate()[1]
    return process


def wait_for_state(run: Path) -> None:
    """Waits until a trial is under way that has finished an epoch and is to train others."""
    until = time.monotonic() + 60
    while time.monotonic() < until and not list(run.glob("trial_*/state.npz")):
        time.sleep(0.02)


def anew(run: Path) -> None:
    shutil.rmtree(run, ignore_errors=True)
