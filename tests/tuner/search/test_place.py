"""Where trials run if what they need cannot go to worker processes: here, with a line, unless these were asked for."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import loky
import numpy as np
import pytest
import tensorflow as tf

from keras_search.tuner import InputError, Tuner
from keras_search.tuner.executors.in_process import InProcessExecutor
from tests.helpers import Cli, mostly_slow, tree

RNG = np.random.default_rng(0)
X, Y = RNG.random((40, 4), dtype="float32"), np.arange(40) % 2
HERE = ": trials run in this process, one after another"
GENERATOR = "(TypeError: cannot pickle 'generator' object)"


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 9)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    while True:
        yield X[:8], Y[:8]


class Recorder(keras.callbacks.Callback):
    """Writes into a database, which is this process's, under a lock, and for TensorBoard."""

    def __init__(self, board: Path | None = None) -> None:
        super().__init__()
        self.board = None if board is None else tf.summary.create_file_writer(str(board))
        self.database = sqlite3.connect(":memory:")
        self.database.execute("create table losses (loss)")
        self.lock = threading.Lock()
        self.epochs = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        with self.lock:
            self.epochs += 1
            self.database.execute("insert into losses values (?)", [self.epochs])
        if self.board is not None:
            with self.board.as_default():
                tf.summary.scalar("loss", (logs or {})["loss"], step=epoch)


def searched(folder: Path, hypermodel: Any = build, fit: tuple[Any, ...] = (X, Y), **given: Any) -> Tuner:
    arguments = {name: given.pop(name) for name in ("workers", "executor", "trial_timeout") if name in given}
    tuner = Tuner(hypermodel, "val_loss", 2, seed=0, directory=folder, project_name="run", **arguments)
    tuner.search(*fit, epochs=1, **{"validation_data": (X, Y), **given})
    return tuner


def statuses(tuner: Tuner) -> list[str]:
    return [trial.status for trial in tuner.oracle.trials.values()]


def of_python() -> tf.data.Dataset:
    signature = (tf.TensorSpec((8, 4), tf.float32), tf.TensorSpec((8,), tf.int64))
    return tf.data.Dataset.from_generator(batches, output_signature=signature).take(2)


@pytest.mark.parametrize(
    ("told", "fit", "given"),
    mostly_slow(
        [
            (
                "the attribute `database` of a Recorder in the argument `callbacks` cannot go to worker processes "
                "(TypeError: cannot pickle 'sqlite3.Connection' object)",
                (X, Y),
                {"callbacks": [Recorder()]},
            ),
            (f"the argument `x` cannot go to worker processes {GENERATOR}", (batches(),), {"steps_per_epoch": 2}),
            (
                "the argument `validation_data` cannot go to worker processes (ValueError: a tf.data.Dataset that runs "
                "Python code (from_generator, py_function))",
                (X, Y),
                {"validation_data": of_python()},
            ),
        ],
        1,
    ),
    ids=["callback", "generator", "dataset"],
)
def test_what_cannot_go_is_named_and_the_trials_run_here(
    told: str, fit: tuple[Any, ...], given: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuner = searched(tmp_path, fit=fit, **given)
    assert statuses(tuner) == ["COMPLETED"] * 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == told + HERE
    assert lines[1].startswith("search of 2 trials in this process, kept in ")
    assert tuner.get_best_models()


def test_each_trial_has_a_callback_of_its_own_even_if_parts_of_it_are_shared(tmp_path: Path) -> None:
    given = Recorder(tmp_path / "board")
    tuner = searched(tmp_path, callbacks=[given], workers=0, verbose=0)
    assert statuses(tuner) == ["COMPLETED"] * 2
    assert given.epochs == 0
    assert given.database.execute("select * from losses").fetchall() == [(1,), (1,)]


@pytest.mark.parametrize("asked", [{"workers": 1}, {"workers": 2}, {"executor": lambda: loky.ProcessPoolExecutor(1)}])
def test_processes_that_were_asked_for_are_not_replaced(asked: dict[str, Any], tmp_path: Path) -> None:
    asked = {name: value() if callable(value) else value for name, value in asked.items()}
    before = tree(tmp_path)
    tuner = Tuner(build, "val_loss", 2, directory=tmp_path, project_name="run", **asked)
    before = tree(tmp_path)
    with pytest.raises(InputError) as refusal:
        tuner.search(batches(), steps_per_epoch=2, epochs=1)
    told = f"the argument `x` cannot go to worker processes {GENERATOR}: search with workers=0, in this process"
    assert str(refusal.value) == told
    assert tree(tmp_path) == before


def test_a_time_limit_needs_a_process_that_it_can_end(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        searched(tmp_path, trial_timeout=60, callbacks=[Recorder()])
    message = ", and trial_timeout ends the process of a trial: search without trial_timeout"
    assert str(refusal.value).endswith(message)


@pytest.mark.slow
def test_this_process_takes_everything_and_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for asked in ({"workers": 0}, {"executor": InProcessExecutor()}):
        searched(tmp_path / next(iter(asked)), fit=(batches(),), steps_per_epoch=2, **asked)
        assert "cannot go" not in capsys.readouterr().out


class Breaks:
    """Can be sent, and cannot be received."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


@pytest.mark.slow
def test_what_does_not_arrive_is_named_and_the_trials_run_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    callback = keras.callbacks.Callback()
    callback.part = Breaks()
    tuner = searched(tmp_path, callbacks=[callback])
    assert statuses(tuner) == ["COMPLETED"] * 2
    with pytest.raises(InputError, match=r"does not arrive whole .*: search with workers=0, in this process$"):
        searched(tmp_path / "asked", callbacks=[callback], workers=1)
    told = "the argument `callbacks` does not arrive whole in worker processes (ValueError: invalid literal for int() "
    assert told + f"with base 10: 'no number'){HERE}" in capsys.readouterr().out


@pytest.mark.slow
def test_models_iterators_and_locks_train_in_workers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    base = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
    features, lock = base.layers[-1].output, threading.Lock()

    def on_top(hp: keras_tuner.HyperParameters) -> keras.Model:
        with lock:
            hidden = keras.layers.Dense(hp.Int("units", 2, 9))(features)
        model = keras.Model(base.inputs, keras.layers.Dense(1)(hidden))
        model.compile("adam", "mse")
        return model

    flow = ImageDataGenerator(rotation_range=9).flow(RNG.random((40, 6, 6, 1), dtype="float32"), Y, batch_size=8)
    tuner = searched(tmp_path, on_top, (flow,), validation_data=flow)
    assert statuses(tuner) == ["COMPLETED"] * 2
    assert " worker" in capsys.readouterr().out.splitlines()[0]


SPACE = """
import keras

reader = (number for number in range(9))

def build(hp, input_shape):
    units = hp.Int("units", 2, 9)
    next(reader, None)
    model = keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


@pytest.mark.slow
def test_the_command_line_does_the_same(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(SPACE)
    words = ["search", "--space", "own.py:build", "--dataset", "digits", "--train-samples", "300", "--trials", "1"]
    told = f"the variable `reader` that `build` uses cannot go to worker processes {GENERATOR}"
    refused = cli(*words, "--set", "epochs=1", "--workers", "1")
    assert refused.returncode == 2
    assert refused.stderr == f"Error: {told}: search with --workers=0, in this process\n"
    done = cli(*words, "--set", "epochs=1")
    assert done.returncode == 0, done.stderr
    assert told + HERE in done.stdout
