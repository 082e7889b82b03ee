"""A search goes on though nobody sees it any more, or its names cannot be shown."""

import contextlib
import fcntl
import io
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import results
from keras_search.tuner import Tuner
from tests.faults.searches import SMALL
from tests.helpers import ROOT, mostly_slow

X, Y = np.zeros((8, 2), dtype="float32"), np.zeros(8)
NAME = "größe 数"


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    print("built", flush=True)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int(NAME, 1, 4)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[keras.metrics.MeanSquaredError(NAME)])
    return model


def search(folder: Path, out: io.TextIOWrapper, workers: int = 0) -> results.Run:
    """A search that prints to `out`, as does what it trains."""
    objective = keras_tuner.Objective(f"val_{NAME}", "min")
    tuner = Tuner(build, objective, 3, oracle="grid", workers=workers, directory=folder, project_name="run")
    with contextlib.redirect_stdout(out):
        tuner.search(X, Y, epochs=1, validation_data=(X, Y), verbose=1)
        assert sys.stdout is out
    return results.read(folder / "run")


@pytest.fixture
def closed_pipe() -> Iterator[io.TextIOWrapper]:
    reader, writer = os.pipe()
    os.close(reader)
    out = os.fdopen(writer, "w", encoding="utf-8")
    yield out
    # What is in its buffer has no way out.
    os.dup2(os.open(os.devnull, os.O_WRONLY), writer)
    out.close()


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_encoding_without_its_names(encoding: str, tmp_path: Path) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    run = search(tmp_path, out)
    assert out.errors == "strict"
    assert len(run.finished) == 3
    assert f"val_{NAME}" in run.epochs.columns
    out.flush()
    printed = out.buffer.getvalue()
    assert printed.count(b"built") >= 3
    assert NAME.encode(encoding, "backslashreplace") in printed


@pytest.mark.slow
@pytest.mark.parametrize("workers", mostly_slow([0, 1], 1))
def test_a_pipe_that_is_closed(workers: int, closed_pipe: io.TextIOWrapper, tmp_path: Path) -> None:
    run = search(tmp_path, closed_pipe, workers)
    assert list(run.trials["status"]) == ["COMPLETED"] * 3


@pytest.mark.slow
def test_a_terminal_that_hangs_up(tmp_path: Path) -> None:
    """It sends SIGHUP to all processes of the session, and nothing can be written to it any more."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, ROOT / "cli.py", *SMALL, "--workers", "1"],
        cwd=tmp_path,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    shown = b""
    while b"[1/5]" not in shown:
        shown += os.read(master, 1000)
    os.close(master)
    assert process.wait(120) == 0
    assert list(results.read(tmp_path / "runs" / "run").trials["status"]) == ["COMPLETED"] * 5
