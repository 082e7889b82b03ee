"""Names, values and messages that a spreadsheet or a terminal would act upon: files and lines are harmless."""

import contextlib
import csv
import io
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import results
from keras_search.tuner import Tuner
from keras_search.tuner.executors.base import Executor
from tests.helpers import without_compiling

X, Y = np.zeros((8, 2), dtype="float32"), np.zeros(8)
ESCAPE = "\x1b]0;title\x07\r\n"
MESSAGE = f"@SUM(1,2){ESCAPE}"
METRIC = f"=metric{ESCAPE}"
METRIC_TO_MINIMISE = keras_tuner.Objective(f"val_{METRIC}", "min")


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    if hp.Choice(f"-name{ESCAPE}", ["=1+1", f"+good{ESCAPE}", "-5"]) == "-5":
        raise ValueError(MESSAGE)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[keras.metrics.MeanSquaredError(METRIC)])
    return model


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The run directory, and what the search printed."""
    folder, printed = tmp_path_factory.mktemp("hostile"), io.StringIO()
    tuner = Tuner(build, METRIC_TO_MINIMISE, 3, oracle="grid", workers=0, directory=folder, project_name="run")
    with contextlib.redirect_stdout(printed):
        tuner.search(X, Y, epochs=1, validation_data=(X, Y))
    return folder / "run", printed.getvalue()


@pytest.mark.slow
def test_no_cell_is_a_formula_and_every_row_is_a_line(searched: tuple[Path, str]) -> None:
    folder, _ = searched
    for name in ("summary.csv", "epochs.csv"):
        text = (folder / name).read_text()
        rows = list(csv.reader(text.splitlines()))
        assert {len(row) for row in rows} == {len(rows[0])}
        assert all(cell.isprintable() for row in rows for cell in row)
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]
    with (folder / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    name = "hp_-name\\x1b]0;title\\x07\\r\\n"
    assert [row[name] for row in rows] == ["'=1+1", "'+good\\x1b]0;title\\x07\\r\\n", "-5"]
    assert [row["'=metric\\x1b]0;title\\x07\\r\\n"] for row in rows] == ["0.0", "0.0", ""]
    assert rows[2]["error"].startswith("ValueError: @SUM(1,2)")
    assert float(rows[0]["loss"]) == 0.0


@pytest.mark.slow
def test_a_table_has_them_as_they_are(searched: tuple[Path, str]) -> None:
    run = results.read(searched[0])
    assert run.trials[f"hp_-name{ESCAPE}"].tolist() == ["=1+1", f"+good{ESCAPE}", "-5"]
    assert run.epochs[METRIC].tolist() == [0.0, 0.0]


def test_a_line_of_progress_is_one(searched: tuple[Path, str]) -> None:
    lines = without_compiling(searched[1])
    assert [line[:5] for line in lines[1:]] == ["[1/3]", "[2/3]", "[3/3]"]
    assert all(line.isprintable() for line in lines)
    escape = "\\x1b]0;title\\x07\\r\\n"
    assert f"| val_=metric{escape} 0.0000 at epoch 1 of 1 | -name{escape}==1+1 (baseline) |" in lines[1]
    assert "FAILED: ValueError: @SUM(1,2)\\x1b]0;title\\x07" in lines[3]


class OneThread(Executor):
    """Lets the display be drawn while a trial runs."""

    slots = 1
    shares_memory = True
    is_local = True

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        return self._thread.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True) -> None:
        super().shutdown(wait)
        self._thread.shutdown(wait)


@pytest.mark.slow
def test_the_lines_of_a_terminal_hold_no_escapes_of_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    # The display is drawn four times a second.
    slow = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: time.sleep(0.6))
    with OneThread() as executor, contextlib.redirect_stdout(io.StringIO()) as printed:
        settings = {"oracle": "grid", "executor": executor, "directory": tmp_path, "project_name": "run"}
        tuner = Tuner(build, METRIC_TO_MINIMISE, 2, **settings)
        tuner.search(X, Y, epochs=1, validation_data=(X, Y), callbacks=[slow])
    assert "trial 1 | epoch 1 of 1 | -name\\x1b]0;title\\x07" in printed.getvalue()
    assert ESCAPE[:9] not in printed.getvalue()
