"""The oracle of the user's own tuner in a worker process."""

from pathlib import Path

import keras_tuner
import pytest

from keras_search.tuner.trial.models import NoModel
from keras_search.tuner.trial.recording_oracle import RecordingOracle
from keras_search.tuner.trial.task import TrialTask


@pytest.fixture
def oracle(tmp_path: Path) -> RecordingOracle:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 9)
    objective = keras_tuner.Objective("val_f1_score", "max")
    return RecordingOracle(TrialTask("03", hp, tmp_path, NoModel(), objective, seed=1, is_baseline=False))


def test_it_records_metrics_as_keras_tuners_does(oracle: RecordingOracle) -> None:
    oracle.update_trial("03", {"val_f1_score": 0.5, "loss": 2.0}, step=4)
    trial = oracle.update_trial("03", {"val_f1_score": 0.7, "loss": 1.0}, step=4)
    assert trial is oracle.get_trial("03")
    assert trial.metrics.get_best_value("val_f1_score") == pytest.approx(0.6)
    assert (trial.metrics.get_best_step("val_f1_score"), trial.metrics.get_direction("loss")) == (4, "min")
    assert trial.metrics.get_direction("val_f1_score") == "max"


def test_it_takes_new_hyperparameters(oracle: RecordingOracle) -> None:
    space = oracle.get_space()
    space.Float("rate", 0.0, 1.0)
    oracle.update_space(space)
    assert "rate" in oracle.get_trial("03").hyperparameters.values


def test_what_it_does_not_know_it_says_in_one_line(oracle: RecordingOracle) -> None:
    with pytest.raises(KeyError, match="knows only trial 03, which it runs, not 02"):
        oracle.update_trial("02", {})
    with pytest.raises(AttributeError, match=r"^the oracle has no 'get_best_trials' in a worker process: [^\n]+$"):
        oracle.get_best_trials()
    assert not hasattr(oracle, "__deepcopy__")
