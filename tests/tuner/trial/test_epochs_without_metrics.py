"""Epochs that lack a metric: by `validation_freq`, or because a callback tells it now and then."""

import signal
from pathlib import Path
from typing import Any, ClassVar

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search.results.reading import trial_rows
from keras_search.results.reading.trial_rows import Row
from keras_search.tuner import Tuner
from tests.helpers import mostly_slow

RNG = np.random.default_rng(0)
X = RNG.random((32, 4), dtype="float32")
Y = RNG.integers(0, 2, 32)


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    hp.Int("units", 2, 8)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def searched(folder: Path, *, executions: int = 1, **arguments: Any) -> tuple[Row, list[Row]]:
    """The row of the only trial, and its learning curve."""
    tuner = Tuner(
        build, "val_loss", 1, workers=0, executions_per_trial=executions, directory=folder, project_name="run"
    )
    tuner.search(**{"x": X, "y": Y, "validation_data": (X, Y), "verbose": 0} | arguments)
    directory = folder / "run" / "trial_0"
    return trial_rows.read_trial(directory), trial_rows.read_epochs(directory)


@pytest.mark.parametrize(("validation_freq", "validated"), mostly_slow([(2, [2, 4]), ([1, 4], [1, 4]), (5, [5])], 1))
def test_the_best_epoch_is_one_that_was_validated(validation_freq: Any, validated: list[int], tmp_path: Path) -> None:
    row, curve = searched(tmp_path, epochs=5, validation_freq=validation_freq)
    assert [epoch["epoch"] for epoch in curve if epoch["val_loss"] is not None] == validated
    assert [epoch["epoch"] for epoch in curve if epoch["loss"] is not None] == [1, 2, 3, 4, 5]
    best = min((epoch for epoch in curve if epoch["val_loss"] is not None), key=lambda epoch: epoch["val_loss"])
    assert (row["best_epoch"], row["epochs_run"]) == (best["epoch"], 5)
    for name in ("val_loss", "val_accuracy", "loss", "accuracy"):
        assert row[name] == best[name], "all metrics are of one epoch"


def test_a_validation_that_never_comes_is_told(tmp_path: Path) -> None:
    row, _ = searched(tmp_path, epochs=2, validation_freq=3)
    assert "with a validation_freq that is at most the epochs" in row["error"]


class Interrupting(keras.callbacks.Callback):
    """Ctrl-C in the third epoch of the second execution, once."""

    begun: ClassVar[int] = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        Interrupting.begun += 1
        if Interrupting.begun == 4 + 3:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.slow
def test_a_trial_that_is_not_validated_in_every_epoch_goes_on_after_a_stop(tmp_path: Path) -> None:
    arguments = {"epochs": 4, "validation_freq": [1, 4], "executions": 2}
    whole, whole_curve = searched(tmp_path / "whole", callbacks=[keras.callbacks.Callback()], **arguments)
    Interrupting.begun = 0
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "part", callbacks=[Interrupting()], **arguments)
    part, part_curve = searched(tmp_path / "part", callbacks=[Interrupting()], **arguments)
    assert Interrupting.begun == 4 + 3 + 2, "epochs were trained again"
    names = ("score", "best_epoch", "epochs_run", "val_loss", "loss")
    assert [part[name] for name in names] == [whole[name] for name in names]
    assert [epoch | {"seconds": 0} for epoch in part_curve] == [epoch | {"seconds": 0} for epoch in whole_curve]


class NowAndThen(keras.callbacks.Callback):
    """Tells another metric in the second epoch alone, and something that is no number."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs["note"] = "a, b"
        if epoch == 1:
            logs["f1"] = 0.5


def test_a_metric_may_come_late(tmp_path: Path) -> None:
    _, curve = searched(tmp_path, epochs=3, callbacks=[NowAndThen()])
    assert [(epoch["epoch"], epoch["f1"], epoch["note"]) for epoch in curve] == [
        (1, None, "a, b"), (2, 0.5, "a, b"), (3, None, "a, b")
    ]  # fmt: skip
