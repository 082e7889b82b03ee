"""Callbacks that write to one path in every trial, of trials that run at once."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

import keras_search as kt
from keras_search.tuner.trial import callback_files

X = np.random.default_rng(0).random((32, 4), dtype="float32")
Y = X.sum(axis=1)


def build(hp: Any) -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 1, 9)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def trained(folder: Path, callback: Any, trial: str, goes_on: bool = False, epochs: int = 2) -> None:
    callbacks = callback_files.redirected([callback], folder / trial, goes_on)
    build(kt.HyperParameters()).fit(X, Y, epochs=epochs, verbose=0, callbacks=callbacks)


def test_a_table_that_trials_append_to_has_one_header(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for trial in ("a", "b"):
        trained(tmp_path, keras.callbacks.CSVLogger(str(path), append=True), trial)
    table = pd.read_csv(path)
    assert table["epoch"].tolist() == [0, 1, 0, 1]
    assert table["loss"].dtype.kind == "f"


def test_a_table_that_is_written_anew_is_that_of_the_last_trial_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    trained(tmp_path, keras.callbacks.CSVLogger(str(path)), "a", epochs=3)
    trained(tmp_path, keras.callbacks.CSVLogger(str(path)), "b")
    assert pd.read_csv(path)["epoch"].tolist() == [0, 1]
    trained(tmp_path, keras.callbacks.CSVLogger(str(path)), "b", goes_on=True)
    assert pd.read_csv(path)["epoch"].tolist() == [0, 1, 0, 1], "what it wrote before it was interrupted"


def test_checkpoints_get_their_place_when_the_training_ends(tmp_path: Path) -> None:
    path = tmp_path / "models" / "{epoch:02d}.keras"
    callback = keras.callbacks.ModelCheckpoint(str(path))
    assert callback_files.redirected([callback], tmp_path / "a", False)[0].filepath != str(path)
    trained(tmp_path, keras.callbacks.ModelCheckpoint(str(path)), "b")
    assert sorted(file.name for file in (tmp_path / "models").iterdir()) == ["01.keras", "02.keras"]
    assert keras.saving.load_model(tmp_path / "models" / "02.keras").predict(X, verbose=0).shape == (32, 1)


def test_a_backup_is_each_trials_own(tmp_path: Path) -> None:
    first, second = (keras.callbacks.BackupAndRestore(str(tmp_path / "backup")) for _ in range(2))
    callback_files.redirected([first], tmp_path / "a", False)
    callback_files.redirected([second], tmp_path / "b", False)
    assert first.backup_dir != second.backup_dir


@pytest.mark.slow
def test_trials_at_once_leave_whole_files_at_the_users_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tuner = kt.RandomSearch(build, "val_loss", 4, workers=2)
    callbacks = [
        keras.callbacks.CSVLogger("log.csv", append=True),
        keras.callbacks.ModelCheckpoint("best.weights.h5", save_weights_only=True),
        keras.callbacks.ModelCheckpoint("best.keras"),
    ]
    tuner.search(X, Y, epochs=3, validation_split=0.25, callbacks=callbacks, verbose=0)
    assert [trial.status for trial in tuner.oracle.trials.values()] == ["COMPLETED"] * 4
    assert pd.read_csv("log.csv")["epoch"].tolist() == [0, 1, 2] * 4
    keras.saving.load_model("best.keras")
    assert not list(tmp_path.glob("untitled_project/trial_*/callbacks"))
