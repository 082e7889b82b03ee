"""What Optuna is asked and told."""

import itertools
from pathlib import Path

import keras_tuner
import pytest

from keras_search.results import files, layout
from keras_search.tuner.oracles import optuna_values
from tests.tuner.oracles.by_hand import asked, every_range, made, score, space, tell


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


def test_the_study_in_memory_is_the_one_that_would_be_made_anew(tmp_path: Path) -> None:
    oracle = made("tpe", tmp_path, space(), trials=20)
    running = [oracle.create_trial(f"tuner{slot}") for slot in range(3)]
    for number in range(10):
        trial = running.pop(number % 3)
        tell(oracle, trial, None if number == 4 else score(trial.hyperparameters.values))
        running.append(oracle.create_trial(f"tuner{number + 3}"))
        kept, anew = oracle.study()[0].get_trials(), oracle._all_told().study.get_trials()
        assert len(kept) == len(oracle.trials)
        for one, other in zip(kept, anew, strict=True):
            assert (one.number, one.state, one.values) == (other.number, other.state, other.values)
            assert (one.params, one.distributions) == (other.params, other.distributions)


def test_what_a_sampler_stores_with_a_trial_is_in_the_file_of_the_trial(tmp_path: Path) -> None:
    oracle = made("cmaes", tmp_path, space(), trials=30)
    asked(oracle, 25)
    noted = [bool(files.read_json(path).get("optuna")) for path in sorted((tmp_path / "run").glob("*/trial.json"))]
    assert noted.count(True) > 10
    assert files.read_json(tmp_path / "run" / layout.ORACLE)["optuna"]["trials"] == {}


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
