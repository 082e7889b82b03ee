"""Hyperband's brackets: who is promoted, for how many epochs, and after a kill."""

import itertools
from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from keras_search.results import layout
from keras_search.tuner.errors import InputError
from keras_search.tuner.oracles.hyperband import BRACKET, BUDGET, BUDGET_BEFORE, CONTINUED, ROUND
from tests.tuner.oracles.by_hand import TRIALS, asked, begun, made, space, tell


def of_units(values: dict[str, Any]) -> float:
    return values["units"] / 100


def of_a_small_space(folder: Path, values: list[int]) -> Any:
    hp = keras_tuner.HyperParameters()
    hp.Choice("units", values)
    oracle = keras_tuner.oracles.HyperbandOracle("val_accuracy", max_epochs=27, seed=1, hyperparameters=hp)
    return begun(oracle, folder, {"units": values[0]})


def test_epochs_are_the_budget(tmp_path: Path) -> None:
    oracle = made("hyperband", tmp_path, space())
    seen = asked(oracle, TRIALS)
    assert oracle.max_epochs == 9
    for values in seen[1:]:
        assert values[BUDGET] <= values["epochs"] == 9
    promoted = [values for values in seen if CONTINUED in values]
    assert promoted
    for values in promoted:
        before = oracle.get_trial(values[CONTINUED]).hyperparameters.values
        assert values[BUDGET_BEFORE] == before[BUDGET] < values[BUDGET]
        own = {key: value for key, value in values.items() if not key.startswith(layout.NOTE_PREFIX)}
        assert own.items() <= before.items()


def test_the_baseline_is_trained_for_its_own_epochs_or_else_the_whole_budget(tmp_path: Path) -> None:
    of_its_own = made("hyperband", tmp_path / "own", space(), baseline=space().values | {"epochs": 4})
    of_none = of_a_small_space(tmp_path / "none", [1, 2, 3])
    for oracle, whole in ((of_its_own, 4), (of_none, 27)):
        trial = oracle.create_trial("tuner0")
        assert oracle.epochs_of(trial) == range(whole)
        # As in Keras Tuner, whose trials have no other.
        notes = {key: value for key, value in trial.hyperparameters.values.items() if key.startswith("tuner/")}
        assert notes == {BUDGET: whole, BUDGET_BEFORE: 0, BRACKET: 0, ROUND: 0}


def test_a_trial_that_was_killed_between_its_two_files_enters_its_bracket(tmp_path: Path) -> None:
    """The trial's file is there, the oracle's does not know it yet; every trial of more than three brackets."""
    whole = asked(made("hyperband", tmp_path / "whole", space(), trials=26))
    part = []
    for _ in whole:
        killed = made("hyperband", tmp_path / "part", space(), trials=26)
        killed.save()  # as a search does before it asks
        file = tmp_path / "part" / "run" / layout.ORACLE
        before = file.read_bytes()
        killed.create_trial("tuner0")
        file.write_bytes(before)
        part += asked(made("hyperband", tmp_path / "part", space(), trials=26), 1)
    assert len(whole) == 26
    assert part == whole


def test_it_goes_on_with_more_trials_in_a_later_bracket(tmp_path: Path) -> None:
    whole = asked(made("hyperband", tmp_path / "whole", space(), trials=26))
    part = asked(made("hyperband", tmp_path / "part", space(), trials=20))
    assert len(part) == 20
    assert part + asked(made("hyperband", tmp_path / "part", space(), trials=26)) == whole


@pytest.mark.parametrize("size", [2, 3, 9])
def test_what_a_small_space_has_is_promoted(size: int, tmp_path: Path) -> None:
    oracle = of_a_small_space(tmp_path, list(range(1, size + 1)))
    seen = asked(oracle, scored=of_units)
    rounds: dict[int, list[int]] = {}
    for values in seen[1:]:
        rounds.setdefault(values[ROUND], []).append(values["units"])
    assert sorted(rounds[0]) == list(range(2, size + 1))
    assert all(size in units for units in rounds.values()), "the best is in every round"
    assert [len(units) for units in rounds.values()] == [size - 1, -(-(size - 1) // 3), 1, 1]
    assert seen[-1][BUDGET] == 27
    assert len(oracle.notes) == 1
    assert f"no further point for a bracket of 27: its {size - 1} trial" in oracle.notes[0]


def test_those_that_are_left_are_promoted_where_trials_fail(tmp_path: Path) -> None:
    oracle = of_a_small_space(tmp_path, list(range(1, 10)))
    seen = asked(oracle, scored=lambda values: None if values["units"] in (5, 8, 9) else of_units(values))
    assert [values["units"] for values in seen[1:] if values[BUDGET] == 27] == [7]


def test_no_point_is_asked_again_for_another_number_of_epochs(tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("epochs", 1, 9, default=2)
    hp.Choice("units", [1, 2, 3])
    hp.Boolean("norm")
    oracle = made("hyperband", tmp_path, hp, trials=40, seed=1)
    seen = asked(oracle, scored=lambda values: None if values["units"] == 2 else of_units(values))
    begun_with = [(values["units"], values["norm"]) for values in seen if CONTINUED not in values]
    assert sorted(begun_with) == list(itertools.product([1, 2, 3], [False, True]))


def test_a_small_space_goes_on_after_a_kill(tmp_path: Path) -> None:
    whole = asked(of_a_small_space(tmp_path / "whole", [1, 2, 3]), scored=of_units)
    oracle = of_a_small_space(tmp_path / "part", [1, 2, 3])
    for values in whole:
        assert oracle.create_trial("tuner0").hyperparameters.values == values
        oracle = of_a_small_space(tmp_path / "part", [1, 2, 3])
        trial = oracle.create_trial("tuner0")
        tell(oracle, trial, of_units(trial.hyperparameters.values))
    assert oracle.create_trial("tuner0").status == "STOPPED"


def test_without_epochs_it_is_refused(tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 5)
    with pytest.raises(InputError, match="needs a hyperparameter `epochs`, whose largest value is its budget"):
        made("hyperband", tmp_path, hp)
