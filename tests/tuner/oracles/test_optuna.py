"""What Optuna is asked and told."""

import itertools
from pathlib import Path

import keras_tuner
import pytest

from keras_search.results import files, layout
from keras_search.tuner.oracles import optuna_values
from tests.tuner.oracles.by_hand import every_range, made, score, space, tell


def test_it_knows_every_value_of_every_kind() -> None:
    for hp in space().space:
        distribution = optuna_values.distribution(hp)
        if hp.name == "depth":
            assert distribution is None
            assert optuna_values.value(hp, None) == 3
            continue
        for value in list(hp.values):
            answer = optuna_values.answer(hp, value)
            assert distribution._contains(distribution.to_internal_repr(answer)), (hp.name, value)
            assert optuna_values.value(hp, answer) == pytest.approx(value), hp.name
        assert optuna_values.answer(hp, None if hp.name in ("norm", "optimizer") else 12345) is None


def test_it_knows_the_ends_of_every_range() -> None:
    for hp in every_range().space:
        if type(hp).__name__ in ("Int", "Float"):
            ends = (hp.min_value, hp.max_value) if hp.step is None else list(itertools.islice(hp.values, 3))
            for value in ends:
                assert optuna_values.value(hp, optuna_values.answer(hp, value)) == pytest.approx(value), hp.name
            assert optuna_values.answer(hp, 2 * abs(hp.max_value) + 1) is None


def test_it_is_told_of_the_last_step(tmp_path: Path) -> None:
    """0.3 and six steps of 0.1 are 0.9000000000000001, above the largest value."""
    hp = keras_tuner.HyperParameters()
    hp.Float("dropout", 0.3, 0.9, step=0.1)
    oracle = made("tpe", tmp_path, hp, trials=7)
    for slot in range(7):
        oracle.create_trial(f"tuner{slot}")
    assert sorted(trial.params["dropout"] for trial in oracle.study()[0].get_trials()) == list(range(7))


def test_it_is_told_of_failed_and_pruned_trials(tmp_path: Path) -> None:
    oracle = made("tpe", tmp_path, space())
    for number, has_failed in enumerate([False, True, False, False]):
        trial = oracle.create_trial("tuner0")
        directory = Path(oracle._get_trial_dir(trial.trial_id))
        files.write_json(directory / layout.TRIAL_RECORD, {"pruned": number == 2})
        (directory / layout.TRIAL_EPOCHS).write_text("epoch,execution,val_accuracy\n1,0,0.5\n2,0,0.625\n")
        tell(oracle, trial, None if has_failed else score(trial.hyperparameters.values))
    oracle.create_trial("tuner0")
    told = oracle.study()[0].get_trials()
    assert [trial.state.name for trial in told] == ["COMPLETE", "FAIL", "PRUNED", "COMPLETE", "RUNNING"]
    assert told[2].intermediate_values == {1: 0.5, 2: 0.625}
    assert told[3].value == pytest.approx(oracle.get_trial("03").score)
    assert "optimizer" in told[4].params
