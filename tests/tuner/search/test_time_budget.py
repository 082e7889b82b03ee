"""A time budget: what runs when it is used up pauses, counts, and goes on when the same search is run again."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import results
from keras_search.results import layout
from keras_search.tuner import Tuner
from keras_search.tuner.search import stop
from tests.tuner.small_search import X, Y

EPOCHS = 8


class Slow(keras.callbacks.Callback):
    """Makes each epoch last a while."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        time.sleep(self.seconds)


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    layers = [keras.layers.Dense(hp.Int("units", 2, 64, default=8)), keras.layers.Dropout(0.2)]
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class OwnLoop(keras_tuner.HyperModel):
    """Trains in a loop of its own, of which no state is kept."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return build(hp)

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> float:
        for _ in range(600):
            time.sleep(0.1)
        return 1.0


def tuner(folder: Path, **arguments: Any) -> Tuner:
    settings = {"hypermodel": build, "objective": "val_loss", "max_trials": 1, "workers": 0}
    return Tuner(**settings | arguments, directory=folder, project_name="run")


def searched(folder: Path, seconds: float = 0.3, **arguments: Any) -> Tuner:
    made = tuner(folder, **arguments)
    made.search(X, Y, epochs=EPOCHS, validation_data=(X, Y), callbacks=[Slow(seconds)])
    return made


def ended(folder: Path) -> list[dict[str, Any]]:
    return results.read(folder / "run").trials.to_dict("records")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [{}, {"workers": 2, "max_trials": 2, "executions_per_trial": 2}])
def test_a_trial_pauses_and_counts_and_goes_on_as_if_it_had_not(
    arguments: dict, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    began = time.monotonic()
    seconds, budget = (0.5, 6) if arguments else (0.3, 1.6)
    paused = searched(tmp_path / "paused", seconds, time_budget=budget, **arguments)
    trials = ended(tmp_path / "paused")
    printed = capsys.readouterr().out
    if not arguments:
        assert time.monotonic() - began < 1.6 + 10
        assert [(trial["status"], trial["paused"]) for trial in trials] == [("COMPLETED", True)]
        assert 1 <= trials[0]["epochs_run"] < EPOCHS
        assert f" of {trials[0]['epochs_run']}, paused before its {EPOCHS} epochs |" in printed
        assert "no further trial begins: the time budget is used up\n" in printed
        assert printed.endswith("1 trial is paused, and goes on when the same search is run again\n")
        found = paused.get_best_models()[0].evaluate(X, Y, verbose=0)[0]
        assert found == pytest.approx(trials[0]["score"], rel=1e-5)
    assert any(trial["paused"] for trial in trials)

    went_on = searched(tmp_path / "paused", 0, **arguments)
    printed = capsys.readouterr().out
    assert "goes on after" in printed
    whole = searched(tmp_path / "whole", 0, **arguments)
    for one, other in zip(ended(tmp_path / "paused"), ended(tmp_path / "whole"), strict=True):
        assert (one["paused"], one["epochs_run"], one["score"]) == (False, EPOCHS, other["score"])
    for one, other in zip(went_on.get_best_models()[0].weights, whole.get_best_models()[0].weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not list(tmp_path.rglob(layout.TRIAL_STATE))


CALLBACKS: dict[str, Callable[[], keras.callbacks.Callback]] = {
    "CSVLogger": lambda: keras.callbacks.CSVLogger("log.csv"),
    "ModelCheckpoint": lambda: keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True),
    "ReduceLROnPlateau": lambda: keras.callbacks.ReduceLROnPlateau(patience=1),
    "LearningRateScheduler": lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.9 * rate),
    "BackupAndRestore": lambda: keras.callbacks.BackupAndRestore("backup"),
    "LambdaCallback": lambda: keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("name", CALLBACKS)
def test_a_trial_with_a_callback_of_keras_goes_on(
    name: str, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def search(folder: str, seconds: float, budget: float | None) -> dict[str, Any]:
        made = tuner(tmp_path / folder, workers=workers, time_budget=budget)
        callbacks = [CALLBACKS[name](), Slow(seconds)]
        made.search(X, Y, epochs=EPOCHS, validation_data=(X, Y), callbacks=callbacks, verbose=0)
        return ended(tmp_path / folder)[0]

    whole = search("whole", 0, None)
    logged = Path("log.csv").read_text() if name == "CSVLogger" else ""
    paused, went_on = search("paused", 0.5, 1.0), search("paused", 0, None)
    assert (paused["paused"], went_on["paused"]) == (True, False)
    assert paused["epochs_run"] < went_on["epochs_run"] == EPOCHS
    assert went_on["score"] == whole["score"]
    if name == "CSVLogger":
        assert Path("log.csv").read_text() == logged


def test_the_same_tuner_goes_on_with_what_it_has_paused(tmp_path: Path) -> None:
    made = searched(tmp_path, time_budget=1.0)
    paused = ended(tmp_path)[0]
    made._limits = stop.Limits()
    made.search(X, Y, epochs=EPOCHS, validation_data=(X, Y), callbacks=[Slow(0)], verbose=0)
    assert (paused["paused"], [trial["epochs_run"] for trial in ended(tmp_path)]) == (True, [EPOCHS])


@pytest.mark.slow
def test_no_trial_begins_that_has_too_little_time(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    searched(tmp_path, 0.1, max_trials=9, time_budget=3)
    trials = ended(tmp_path)
    took = sorted(trial["duration_s"] for trial in trials)
    assert 1 <= len(trials) < 9
    assert not any(trial["paused"] for trial in trials[:-1]), "at most the last was slower than those before"
    if not trials[-1]["paused"]:
        assert "no further trial begins: the time left is shorter than most trials take\n" in capsys.readouterr().out
        assert sum(took) < 3


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_what_cannot_pause_is_cut_off(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(stop, "_LATE_S", 0.5)
    began = time.monotonic()
    made = tuner(tmp_path, hypermodel=OwnLoop(), time_budget=1 if workers == 0 else 10, workers=workers)
    made.search(X, Y)
    assert time.monotonic() - began < 40, "it would take a minute"
    assert [trial["status"] for trial in ended(tmp_path)] == ["RUNNING"]
    assert capsys.readouterr().out.endswith(
        "1 trial cut off, as the time is used up: 0 to go on after the last finished epoch when the same search is run "
        "again; what keeps no state of its training begins anew\n"
    )


@pytest.mark.slow
def test_hyperband_goes_on_with_its_paused_trials(tmp_path: Path) -> None:
    def search(name: str, seconds: float, budget: float | None) -> list[dict[str, Any]]:
        oracle = keras_tuner.oracles.HyperbandOracle("val_loss", max_epochs=4, factor=2, seed=3)
        oracle.max_trials = 6
        made = tuner(tmp_path / name, oracle=oracle, time_budget=budget)
        made.search(X, Y, validation_data=(X, Y), callbacks=[Slow(seconds)], verbose=0)
        return ended(tmp_path / name)

    assert any(trial["paused"] for trial in search("paused", 1, 1.5))
    went_on, whole = search("paused", 0, None), search("whole", 0, None)
    assert [trial["score"] for trial in went_on] == [trial["score"] for trial in whole]
    assert not any(trial["paused"] for trial in went_on)
