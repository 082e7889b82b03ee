"""Oracles that users bring: Keras Tuner's and their own."""

from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from keras_search.tuner.oracles.earlier import WarmStart
from keras_search.tuner.oracles.hyperband import Hyperband
from keras_search.tuner.oracles.keras_tuner import Bayesian, Grid, Random
from keras_search.tuner.oracles.recorded import Recorded
from tests.tuner.oracles.by_hand import asked, begun, tell

THEIRS = keras_tuner.oracles


class AsksTwice(keras_tuner.Oracle):
    """Each point two times, to see the noise; the fifth beyond the range."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        return {"status": "RUNNING", "values": {"units": 1 + len(self.trials) // 2}}


class OwnBayesian(THEIRS.BayesianOptimizationOracle):
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        return {"status": "RUNNING", "values": {"units": 2}}


class OwnHyperband(THEIRS.HyperbandOracle):
    """Of no other points, so that what makes brackets of it is its parent."""


class NotesEpochs(keras_tuner.Oracle):
    """Notes epochs as Keras Tuner's Hyperband does, and is none."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        values = {"units": 2, "tuner/epochs": 4, "tuner/initial_epoch": 2, "tuner/trial_id": self.start_order[0]}
        return {"status": "RUNNING", "values": values}


def units(most: int) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, most)
    return hp


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (THEIRS.RandomSearchOracle, Random),
        (THEIRS.GridSearchOracle, Grid),
        (THEIRS.BayesianOptimizationOracle, Bayesian),
        (THEIRS.HyperbandOracle, Hyperband),
    ],
)
def test_one_of_keras_tuner_is_the_toolkits_in_its_place(theirs: type, ours: type, tmp_path: Path) -> None:
    oracle = theirs("val_accuracy", hyperparameters=units(3), seed=1)
    assert begun(oracle, tmp_path, {"units": 2}) is oracle
    assert type(oracle) is ours
    (first,) = asked(oracle, 1, lambda values: 0.5)
    assert {name: value for name, value in first.items() if not name.startswith("tuner/")} == {"units": 2}


@pytest.mark.parametrize(("kind", "wanted"), [(AsksTwice, [1, 1, 2, 2, 3, 3, 4, 4]), (OwnBayesian, [1] + [2] * 7)])
def test_an_oracle_of_the_users_own_proposes_what_it_proposes(kind: type, wanted: list[int], tmp_path: Path) -> None:
    def going_on() -> Any:
        oracle = kind(objective="val_accuracy", max_trials=8, hyperparameters=units(3))
        return begun(oracle, tmp_path, {"units": 1})

    oracle, seen = going_on(), []
    for number in range(8):
        trial = oracle.create_trial("tuner0")
        if number == 3:  # a kill
            oracle = going_on()
            trial = oracle.create_trial("tuner0")
        assert trial.trial_id == str(number)
        seen.append(trial.hyperparameters.values["units"])
        tell(oracle, trial, 0.5)
    assert seen == wanted
    assert oracle.create_trial("tuner0").status == "STOPPED"
    assert oracle._tried_so_far == set(oracle._id_to_hash.values())
    assert isinstance(oracle, Recorded)
    assert isinstance(oracle, kind)


def test_a_subclass_says_what_its_parent_would_of_the_scores(tmp_path: Path) -> None:
    own = type("OwnRandom", (THEIRS.RandomSearchOracle,), {})
    for kind, ignores in ((own, True), (OwnBayesian, False), (AsksTwice, False)):
        oracle = begun(kind(objective="val_accuracy", hyperparameters=units(3)), tmp_path / kind.__name__, {})
        assert oracle.ignores_scores == ignores


def test_a_hyperband_of_the_users_own_has_brackets(tmp_path: Path) -> None:
    hp = units(30)
    hp.Int("epochs", 1, 9, default=2)
    oracle = begun(OwnHyperband("val_accuracy", max_epochs=9, hyperparameters=hp, seed=1), tmp_path, dict(hp.values))
    asked(oracle, 14, lambda values: values["units"] / 100)
    first, *others = oracle.trials.values()
    assert oracle.epochs_of(first) == range(2)
    assert {trial.hyperparameters.values["epochs"] for trial in others} == {9}
    promoted = [trial for trial in others if oracle.predecessor(trial) is not None]
    assert promoted
    for trial in promoted:
        assert oracle.epochs_of(oracle.get_trial(oracle.predecessor(trial))).stop == oracle.epochs_of(trial).start
    assert oracle.continuable()


def test_any_oracle_may_note_the_epochs_of_a_point(tmp_path: Path) -> None:
    oracle = begun(NotesEpochs("val_accuracy", hyperparameters=units(3)), tmp_path, {"units": 1})
    baseline, later = oracle.create_trial("tuner0"), oracle.create_trial("tuner1")
    assert oracle.epochs_of(baseline) is None
    assert oracle.epochs_of(later) == range(2, 4)
    assert oracle.predecessor(later) == baseline.trial_id
    assert oracle.continuable() == {baseline.trial_id}
    tell(oracle, later, 0.5)
    assert oracle.continuable() == set()


@pytest.mark.parametrize("kind", [AsksTwice, OwnHyperband])
def test_points_of_earlier_runs_come_first_in_the_users_own_too(kind: type, tmp_path: Path) -> None:
    oracle = kind(objective="val_accuracy", hyperparameters=units(9))
    begun(oracle, tmp_path, {"units": 1})
    oracle.warm_start = WarmStart(("earlier",), ({"units": 7}, {"units": 4}))
    seen = [values["units"] for values in asked(oracle, 4, lambda values: 0.5)]
    assert seen[:3] == [1, 7, 4]
    assert seen[3] not in (7, 4)


@pytest.mark.parametrize("kind", [THEIRS.RandomSearchOracle, THEIRS.BayesianOptimizationOracle])
@pytest.mark.parametrize("depth", [1, 2])
def test_points_that_differ_in_nothing_that_is_trained_are_one(kind: type, depth: int, tmp_path: Path) -> None:
    """What is not tuned is in the points that have been trained, and not in those that are drawn."""

    def ask(hp: keras_tuner.HyperParameters) -> tuple[int, ...]:
        depth = hp.Int("depth", 1, 3)
        return hp.Int("units", 1, 4), depth, *(hp.Int(f"width {layer}", 1, 9) for layer in range(depth))

    oracle = kind("val_accuracy", max_trials=20, hyperparameters=units(4), tune_new_entries=False, seed=1)
    declared = oracle.get_space()
    declared.values["depth"] = depth
    ask(declared)
    begun(oracle, tmp_path, dict(declared.values), declared)
    trained = []
    while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
        trained.append(ask(trial.hyperparameters))
        tell(oracle, trial, 0.5)
        if len(trained) == 3:
            oracle.reload()
    assert len(trained) == len(set(trained))
    # The baseline of two layers is none of the points of one.
    assert {point[0] for point in trained if point[1] == 1} == {1, 2, 3, 4}
