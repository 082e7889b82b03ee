"""What a trial has asked for is known after it has failed, or its process has died."""

import os
import pickle
import signal
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import pytest

from keras_search.results import layout
from keras_search.search_spaces.custom import CustomHyperModel
from keras_search.tuner.trial.run import run_trial
from keras_search.tuner.trial.task import TrialTask
from tests.tuner.trial.in_process import rows, tuner


class AsksThenFails(keras_tuner.HyperModel):
    """Its `fit`, or its `build`, asks for what was not known, and fails for one value."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        if hp.Int("epochs", 1, 2) == 2 and self.where == "build":
            self._ask(hp)
        return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> float:
        if self.where == "fit":
            self._ask(hp)
        return 1.0

    def _ask(self, hp: keras_tuner.HyperParameters) -> None:
        if hp.Int("value", 1, 3) == 1:
            raise keras_tuner.errors.FailedTrialError("not this one")


@pytest.mark.parametrize(("where", "budget"), [("fit", None), ("fit", 1), ("build", None)])
def test_what_a_failed_trial_had_asked_for_comes_back(where: str, budget: int | None, tmp_path: Path) -> None:
    """Under a budget `fit` is told the epochs by a copy of the hyperparameters."""
    known = keras_tuner.HyperParameters()
    known.Fixed("epochs", 2)
    for hypermodel in (AsksThenFails(where), CustomHyperModel(AsksThenFails(where))):
        task = TrialTask(
            trial_id="0",
            hyperparameters=known.copy(),
            directory=tmp_path,
            hypermodel=hypermodel,
            objective=keras_tuner.Objective("default_objective", "min"),
            seed=0,
            is_baseline=False,
            budget=budget,
        )
        result = pickle.loads(pickle.dumps(run_trial(task)))  # as it comes from another process
        assert result.error is not None
        assert result.hyperparameters.values == {"epochs": 2, "value": 1}
        assert not (tmp_path / layout.TRIAL_ASKED).exists()


@pytest.mark.faults
def test_what_a_trial_had_asked_for_outlives_its_worker(tmp_path: Path) -> None:
    class Dies(AsksThenFails):
        def _ask(self, hp: keras_tuner.HyperParameters) -> None:
            if hp.Int("value", 1, 3) == 1:
                os.kill(os.getpid(), signal.SIGKILL)

    made = tuner(tmp_path, Dies("fit"), None, oracle="grid", max_trials=3, workers=1, retries=0)
    made.search(verbose=0)
    assert {(row["hp_value"], row["status"]) for row in rows(tmp_path)} == {
        (1, "FAILED"), (2, "COMPLETED"), (3, "COMPLETED")
    }  # fmt: skip
