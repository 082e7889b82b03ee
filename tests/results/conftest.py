"""A project that this toolkit did not make."""

import math
from pathlib import Path

import pytest

from tests.results.projects import NASTY, metrics, write_trial


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a trial of every kind, and with texts that a program might act upon."""
    path = tmp_path / "made" / "untitled_project"
    measured = metrics(val_loss=0.125, val_accuracy=1 / 3)
    values = {"units": 8, "rate": -1e-7, "note": NASTY, "\x1b[31mred": "-5", "kind": 1}
    write_trial(path, "0", score=0.125, metrics=measured, hyperparameters={"space": [], "values": values})
    message = f"Traceback (most recent call last):\n  File\nValueError: {'long ' * 50}\nmore\n"
    write_trial(path, "1", score=None, status="FAILED", message=message, metrics=metrics())
    values = {"units": 4, "tuner/epochs": 2, "kind": "one"}
    measured = metrics(val_loss=math.inf, val_accuracy=0.5)
    write_trial(path, "2", score=math.inf, metrics=measured, hyperparameters={"space": [], "values": values})
    write_trial(path, "3", status="RUNNING", score=None, metrics=metrics())
    return path
