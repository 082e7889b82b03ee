"""Trials that pause until their oracle chooses them: they go on as if they had not, and count as they are meanwhile."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import results
from keras_search.results import layout
from keras_search.tuner import Tuner
from keras_search.tuner.search import wording

RNG = np.random.default_rng(0)
X = RNG.random((96, 6), dtype="float32")
Y = (X[:, 0] > X[:, 1]).astype(int)
EPOCHS = 6


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    units, rate = hp.Int("units", 2, 32), hp.Float("rate", 1e-4, 1e-1, sampling="log", default=1e-3)
    stack = [keras.layers.Dense(units, "relu"), keras.layers.Dropout(0.2)]
    model = keras.Sequential([keras.Input((6,)), *stack, keras.layers.Dense(2, "softmax")])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Ends(keras.callbacks.Callback):
    """Ends the search, as Ctrl-C does, in the first epoch with this number of any trial that has paused before."""

    def __init__(self, at: int, folder: Path) -> None:
        super().__init__()
        self.at = at
        self.folder = str(folder)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        has_paused = any(trial["paused"] for trial in read(Path(self.folder)))
        if epoch + 1 == self.at and has_paused and self.params["epochs"] == EPOCHS:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)


def tuner(folder: Path, **arguments: Any) -> Tuner:
    settings = {"oracle": "freeze-thaw", "objective": "val_loss", "max_trials": 9, "seed": 1, "workers": 0}
    return Tuner(build, directory=folder, project_name="run", **settings | arguments)


def searched(folder: Path, *callbacks: keras.callbacks.Callback, **arguments: Any) -> Tuner:
    made = tuner(folder, **arguments)
    made.search(X, Y, epochs=EPOCHS, validation_data=(X, Y), callbacks=[*callbacks])
    return made


def read(folder: Path) -> list[dict[str, Any]]:
    return results.read(folder / "run").trials.to_dict("records") if (folder / "run").exists() else []


def told(folder: Path) -> list[tuple[Any, ...]]:
    return [(trial["status"], trial["paused"], trial["epochs_run"], trial["score"]) for trial in read(folder)]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [{}, {"workers": 2}, {"executions_per_trial": 2}])
def test_some_trials_go_on_and_others_stay_paused(
    arguments: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    made = searched(tmp_path, **arguments)
    trials, printed = read(tmp_path), capsys.readouterr().out
    assert [trial["status"] for trial in trials] == ["COMPLETED"] * 9
    assert (trials[0]["paused"], trials[0]["epochs_run"]) == (False, EPOCHS), "the baseline is trained as documented"
    assert {trial["epochs_run"] for trial in trials if trial["paused"]} <= {1, 3}
    assert any(trial["epochs_run"] == EPOCHS for trial in trials[1:])
    assert any(trial["epochs_run"] == 1 for trial in trials)
    assert "goes on after 1 epoch\n" in printed
    assert f" at epoch 1 of 1, paused before its {EPOCHS * made.executions_per_trial} epochs |" in printed


def test_all_but_the_baseline_begin_with_an_epoch(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    made = searched(tmp_path, max_trials=3)
    assert [trial["epochs_run"] for trial in read(tmp_path)] == [EPOCHS, 1, 1]
    assert [trial["paused"] for trial in read(tmp_path)] == [False, True, True]
    assert f" at epoch 1 of 1, paused before its {EPOCHS} epochs |" in capsys.readouterr().out
    searched(tmp_path, max_trials=3)
    assert capsys.readouterr().out == "all 3 trials are done already\n"
    assert len(made.get_best_models(3)) == 3


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_training_without_a_pause_gives_the_same(workers: int, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A model that was not kept is trained once more, and refused if its score is another."""
    made = searched(tmp_path, workers=workers)
    for path in tmp_path.rglob(layout.TRIAL_WEIGHTS):
        path.unlink()
    assert len(made.get_best_models(9)) == 9
    assert "cannot" not in capsys.readouterr().out


@pytest.mark.slow
def test_one_that_is_killed_as_it_goes_on_counts_as_it_was_and_goes_on(tmp_path: Path) -> None:
    whole = searched(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "part", Ends(5, tmp_path / "part"))
    part = read(tmp_path / "part")
    going_on = [trial for trial in part if (tmp_path / "part/run" / f"trial_{trial['trial_id']}/state.npz").exists()]
    assert all((trial["status"], trial["paused"]) == ("COMPLETED", True) for trial in going_on)
    assert any(trial["epochs_run"] == 3 for trial in going_on), "it was in its fifth epoch"
    assert all(trial["score"] == trial["val_loss"] for trial in part)
    best = min(trial["score"] for trial in part)
    found = tuner(tmp_path / "part").get_best_models()[0].evaluate(X, Y, verbose=0)[0]
    assert found == pytest.approx(best, rel=1e-5)

    went_on = searched(tmp_path / "part")
    assert told(tmp_path / "part") == told(tmp_path / "whole")
    for one, other in zip(went_on.get_best_models()[0].weights, whole.get_best_models()[0].weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_with_more_trials_it_goes_on(tmp_path: Path) -> None:
    searched(tmp_path, max_trials=7)
    before = read(tmp_path)
    searched(tmp_path, max_trials=9)
    after = read(tmp_path)
    assert (len(before), len(after)) == (7, 9)
    for was, now in zip(before, after):
        assert was["epochs_run"] <= now["epochs_run"]
        assert was["score"] >= now["score"]


@pytest.mark.slow
def test_a_time_budget_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    made = Tuner(
        build, "val_loss", oracle="freeze-thaw", time_budget=8, directory=tmp_path, project_name="run", workers=1
    )
    made.search(X, Y, epochs=EPOCHS, validation_data=(X, Y))
    assert made.oracle.max_trials is None
    assert len(read(tmp_path)) > 3
    printed = capsys.readouterr().out
    assert "no further trial begins: the time" in printed
    assert " s left\n" in printed


def test_what_keeps_no_state_is_trained_to_its_end(tmp_path: Path) -> None:
    class OwnLoop(keras_tuner.HyperModel):
        def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
            return build(hp)

        def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> float:
            return float(hp["units"])

    made = Tuner(OwnLoop(), None, 8, 0, oracle="freeze-thaw", workers=0, directory=tmp_path, project_name="run")
    made.search()
    assert [(trial["status"], trial["paused"]) for trial in read(tmp_path)] == [("COMPLETED", False)] * 8


def test_a_pause_is_told_where_nobody_knows_how_many_epochs_there_are() -> None:
    assert wording.early({"paused": True, "planned": 9, "epochs_run": 3}) == ", paused before its 9 epochs"
    assert wording.early({"paused": True, "planned": 1, "epochs_run": 3}) == ", paused"
