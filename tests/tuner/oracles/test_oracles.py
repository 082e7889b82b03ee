"""Every oracle, asked and told by hand: no model is trained."""

import importlib.util
import itertools
import math
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import pytest

from keras_search.results import files, layout
from keras_search.tuner import oracles
from keras_search.tuner.errors import InputError
from keras_search.tuner.oracles.optuna import _answer, _distribution, _value
from tests.helpers import mostly_slow

# Keras Tuner's Gaussian process takes up to 10 s a question in a space of 13.
_MARKS = {
    "bayesian": pytest.mark.slow,
    "gp": pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="needs PyTorch"),
}
NAMES = [pytest.param(name, marks=_MARKS.get(name, ())) for name in oracles.ORACLES]
# Keras Tuner's own oracles have restarts of their own that a resumed search draws anew.
RESUMED_EXACTLY = ["random", "grid", "tpe", "cmaes", "qmc", "hyperband"]
TRIALS = 14


def space() -> keras_tuner.HyperParameters:
    """Every kind of hyperparameter that Keras Tuner has, with conditions on two levels."""
    hp = keras_tuner.HyperParameters()
    hp.Int("width", 8, 64, step=8, default=16)
    hp.Int("units", 1, 1000, sampling="log", default=10)
    hp.Int("power", 2, 32, step=2, sampling="log", default=4)
    hp.Float("rate", 1e-4, 1e-1, sampling="log", default=1e-3)
    hp.Float("reverse", 0.1, 0.99, sampling="reverse_log", default=0.5)
    hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2)
    hp.Choice("size", [16, 32, 64], default=32)
    hp.Boolean("norm")
    hp.Fixed("depth", 3)
    hp.Choice("optimizer", ["adam", "sgd"])
    with hp.conditional_scope("optimizer", ["sgd"]):
        hp.Boolean("nesterov")
        with hp.conditional_scope("nesterov", [True]):
            hp.Float("momentum", 0.5, 0.9, step=0.1)
    hp.Int("epochs", 1, 9, default=1)
    return hp


def baseline() -> dict[str, Any]:
    return dict(space().values)


def opened(name: str, folder: Path, seed: int = 0, trials: int = TRIALS) -> keras_tuner.Oracle:
    """An oracle on the run directory `folder / "run"`, going on with what is there."""
    oracle = oracles.make(name, keras_tuner.Objective("val_accuracy", "max"), trials, seed, space())
    oracles.adopt(oracle, baseline())
    oracle._set_project_dir(str(folder), "run")
    if (folder / "run" / layout.ORACLE).exists():
        oracle.reload()
    return oracle


def score(values: dict[str, Any]) -> float:
    return 1 - abs(math.log10(values["rate"]) + 2) / 10 - abs(values["dropout"] - 0.3) - 0.1 * values["norm"]


def tell(oracle: keras_tuner.Oracle, trial: Any, status: str = "COMPLETED") -> None:
    if status == "COMPLETED":
        oracle.update_trial(trial.trial_id, {"val_accuracy": score(trial.hyperparameters.values)})
    trial.status = status
    oracle.end_trial(trial)


def points(oracle: keras_tuner.Oracle, count: int) -> list[dict[str, Any]]:
    """The values of the next `count` trials, each told before the next is asked."""
    found = []
    for _ in range(count):
        trial = oracle.create_trial("tuner0")
        found.append(dict(trial.hyperparameters.values))
        tell(oracle, trial)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_baseline_comes_first_and_no_point_twice(name: str, tmp_path: Path) -> None:
    oracle = opened(name, tmp_path)
    running = [oracle.create_trial(f"tuner{slot}") for slot in range(3)]
    assert running[0].hyperparameters.values == baseline()
    seen = [trial.hyperparameters.values for trial in running]
    while len(seen) < TRIALS:
        # The last to begin ends first; one fails.
        trial = running.pop()
        tell(oracle, trial, "FAILED" if len(seen) == 6 else "COMPLETED")
        running.insert(0, oracle.create_trial(f"tuner{(len(seen)) % 3}{len(seen)}"))
        seen.append(running[0].hyperparameters.values)
    assert oracle.create_trial("late").status == "STOPPED"
    assert len({str(sorted(values.items())) for values in seen}) == TRIALS
    declared = {hp.name: hp for hp in space().space}
    for values in seen:
        sgd = values["optimizer"] == "sgd"
        assert ("nesterov" in values) == sgd
        assert ("momentum" in values) == (sgd and values["nesterov"])
        for key, value in values.items():
            if not key.startswith("tuner/"):
                kind = {"Int": int, "Float": float, "Boolean": bool}.get(type(declared[key]).__name__, (int, str))
                assert isinstance(value, kind), (key, type(value))
                if hasattr(declared[key], "max_value"):
                    assert declared[key].min_value <= value <= declared[key].max_value + 1e-9
                else:
                    assert value in declared[key].values


@pytest.mark.parametrize("name", RESUMED_EXACTLY)
def test_a_search_that_goes_on_asks_what_it_would_have_asked(name: str, tmp_path: Path) -> None:
    whole = points(opened(name, tmp_path / "whole"), TRIALS)
    part = points(opened(name, tmp_path / "part"), 6)
    for _ in range(2):
        interrupted = opened(name, tmp_path / "part")
        interrupted.save()  # as a search does before it asks
        interrupted.create_trial("tuner0")  # the kill comes while it runs
    assert part + points(opened(name, tmp_path / "part"), TRIALS - 6) == whole


def test_hyperband_enters_a_trial_that_was_killed_between_its_two_files(tmp_path: Path) -> None:
    """The trial's file is there, the oracle's does not know it yet; every trial of more than three brackets."""
    whole = points(opened("hyperband", tmp_path / "whole", trials=26), 26)
    part = []
    for _ in whole:
        killed = opened("hyperband", tmp_path / "part", trials=26)
        killed.save()  # as a search does before it asks
        file = tmp_path / "part" / "run" / layout.ORACLE
        before = file.read_bytes()
        killed.create_trial("tuner0")
        file.write_bytes(before)
        part += points(opened("hyperband", tmp_path / "part", trials=26), 1)
    assert part == whole


def test_hyperband_goes_on_with_more_trials_in_a_later_bracket(tmp_path: Path) -> None:
    whole = points(opened("hyperband", tmp_path / "whole", trials=26), 26)
    part = points(opened("hyperband", tmp_path / "part", trials=20), 20)
    assert part + points(opened("hyperband", tmp_path / "part", trials=26), 6) == whole


def every_range() -> keras_tuner.HyperParameters:
    """Every kind of hyperparameter under every sampling, at the ends of what may be declared."""
    hp = keras_tuner.HyperParameters()
    for sampling in ("linear", "log", "reverse_log"):
        hp.Int(f"int {sampling}", 1, 100, sampling=sampling)
        hp.Int(f"int {sampling} of one", 7, 7, sampling=sampling)
        hp.Int(f"int {sampling} of two", 1, 2, sampling=sampling)
        hp.Int(f"int {sampling} in steps", 3, 100, step=3, sampling=sampling)
        hp.Int(f"int {sampling} without end", 1, 2 ** (40 if sampling == "reverse_log" else 62), sampling=sampling)
        hp.Float(f"float {sampling}", 1e-4, 0.3, sampling=sampling)
        hp.Float(f"float {sampling} of one", 0.1, 0.1, sampling=sampling)
        hp.Float(f"float {sampling} in steps", 0.3, 0.9, step=1.1 if sampling != "linear" else 0.1, sampling=sampling)
        hp.Float(f"float {sampling}, tiny", 1e-300, 3e-300, sampling=sampling)
    hp.Int("int below 0", -9, -2, step=3)
    hp.Float("float below 0", -0.3, -0.1)
    hp.Float("float below 0 in steps", -1e-12, 1e-12, step=1e-13)
    hp.Choice("ints", [16, 32, 64])
    hp.Choice("unordered ints", [16, 32, 64], ordered=False)
    hp.Choice("floats", [0.5, math.inf, -math.inf, math.nan])
    hp.Choice("unordered floats", [0.5, math.inf, math.nan], ordered=False)
    hp.Choice("NumPy's", list(np.linspace(0, 1, 4)))
    hp.Choice("texts", ["b", "a", ""])
    hp.Choice("truths", [True, False])  # Keras Tuner makes 1 and 0 of them
    hp.Boolean("boolean")
    for value in (3, 0.5, "a", True):
        hp.Fixed(f"fixed {value}", value)
    for value in ("b", "a"):
        with hp.conditional_scope("texts", [value]):
            hp.Int("twice", ord(value), ord(value) + 5, sampling="reverse_log")
    hp.Int("epochs", 1, 9)
    return hp


def check_point(values: dict[str, Any], declared: keras_tuner.HyperParameters) -> None:
    hps = keras_tuner.HyperParameters()
    active = {}
    for hp in declared.space:
        hps.merge([hp])
        if hps.is_active(hp):
            active[hp.name] = hp
            hps.values[hp.name] = values[hp.name]
    assert active.keys() == {name for name in values if not name.startswith("tuner/")}
    for name, hp in active.items():
        value, kind = values[name], type(hp).__name__
        of_kind = {"Int": int, "Float": float, "Boolean": bool}.get(kind) or type(next(iter(hp.values)))
        assert type(value) is {np.float64: float}.get(of_kind, of_kind), (name, value, type(value))
        if kind in ("Int", "Float"):
            assert hp.min_value <= value <= hp.max_value, (name, value)
            if hp.step is not None and hp._get_n_values() < 1000:
                near = 1e-9 * hp.step
                assert any(math.isclose(value, one, rel_tol=1e-9, abs_tol=near) for one in hp.values), (name, value)
        else:
            assert value in hp.values or value != value, (name, value)


@pytest.mark.parametrize("name", ["random", "bayesian", "tpe", "qmc"])
def test_a_small_space_is_tried_to_its_last_point(name: str, tmp_path: Path) -> None:
    """Keras Tuner gives up after twenty draws of points that were tried."""
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 6)
    for seed in range(1, 4):
        oracle = oracles.make(name, keras_tuner.Objective("val_accuracy", "max"), 9, seed, hp)
        oracle._max_collisions = 1
        oracles.adopt(oracle, {"units": 3})
        oracle._set_project_dir(str(tmp_path), f"run{seed}")
        assert sorted(values["units"] for values in all_of(oracle)) == [1, 2, 3, 4, 5, 6]


class AsksTwice(keras_tuner.Oracle):
    """Of the user's own: each point two times, to see the noise; the fifth beyond the range."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        return {"status": "RUNNING", "values": {"units": 1 + len(self.trials) // 2}}


class OwnBayesian(keras_tuner.oracles.BayesianOptimizationOracle):
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        return {"status": "RUNNING", "values": {"units": 2}}


def test_an_oracle_of_the_users_own_proposes_what_it_proposes(tmp_path: Path) -> None:
    for kind, wanted in ((AsksTwice, [1, 1, 2, 2, 3, 3, 4, 4]), (OwnBayesian, [1] + [2] * 7)):
        hp = keras_tuner.HyperParameters()
        hp.Int("units", 1, 3)

        def opened_on(kind: type = kind, hp: keras_tuner.HyperParameters = hp) -> keras_tuner.Oracle:
            oracle = kind(objective="val_accuracy", max_trials=8, hyperparameters=hp)
            oracles.adopt(oracle, {"units": 1})
            oracle._set_project_dir(str(tmp_path), kind.__name__)
            return oracle

        oracle, seen = opened_on(), []
        for number in range(8):
            trial = oracle.create_trial("tuner0")
            if number == 3:  # a kill
                oracle = opened_on()
                oracle.reload()
                trial = oracle.create_trial("tuner0")
            assert trial.trial_id == str(number)
            seen.append(trial.hyperparameters.values["units"])
            oracle.update_trial(trial.trial_id, {"val_accuracy": 0.5})
            trial.status = "COMPLETED"
            oracle.end_trial(trial)
        assert seen == wanted
        assert oracle.create_trial("tuner0").status == "STOPPED"
        assert oracle._tried_so_far == set(oracle._id_to_hash.values())


@pytest.mark.parametrize("kind", ["RandomSearchOracle", "BayesianOptimizationOracle"])
@pytest.mark.parametrize("depth", [1, 2])
def test_points_that_differ_in_nothing_that_is_trained_are_one(kind: str, depth: int, tmp_path: Path) -> None:
    """What is not tuned is in the points that have been trained, and not in those that are drawn."""
    tuned = keras_tuner.HyperParameters()
    tuned.Int("units", 1, 4)

    def ask(hp: keras_tuner.HyperParameters) -> tuple[int, ...]:
        depth = hp.Int("depth", 1, 3)
        return hp.Int("units", 1, 4), depth, *(hp.Int(f"width {layer}", 1, 9) for layer in range(depth))

    oracle = getattr(keras_tuner.oracles, kind)(
        "val_accuracy", max_trials=20, hyperparameters=tuned, tune_new_entries=False, seed=1
    )
    declared = oracle.get_space()
    declared.values["depth"] = depth
    ask(declared)
    oracles.adopt(oracle, dict(declared.values), declared)
    oracle._set_project_dir(str(tmp_path), "run")
    trained = []
    while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
        trained.append(ask(trial.hyperparameters))
        oracle.update_trial(trial.trial_id, {"val_accuracy": 0.5})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        if len(trained) == 3:
            oracle.reload()
    assert len(trained) == len(set(trained))
    # The baseline of two layers is none of the points of one.
    assert {point[0] for point in trained if point[1] == 1} == {1, 2, 3, 4}


@pytest.mark.parametrize("name", [one for one in NAMES if one.values != ("bayesian",)])
def test_every_value_is_one_of_its_hyperparameters(name: str, tmp_path: Path) -> None:
    oracle = oracles.make(name, keras_tuner.Objective("val_accuracy", "max"), 30, 1, every_range())
    oracles.adopt(oracle, dict(every_range().values))
    oracle._set_project_dir(str(tmp_path), "run")
    for number in range(30):
        trial = oracle.create_trial("tuner0")
        assert trial.status == "RUNNING"
        if number > 0:  # a default may be between the steps
            check_point(trial.hyperparameters.values, every_range())
        oracle.update_trial(trial.trial_id, {"val_accuracy": 1 / (1 + trial.hyperparameters.values["int log"])})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        if number == 15:
            oracle.reload()


def test_bayesian_leaves_no_range_from_end_to_end() -> None:
    """Its Gaussian process proposes positions in the unit interval, its ends more often than not."""
    oracle = oracles.make("bayesian", keras_tuner.Objective("val_accuracy", "max"), 30, 1, every_range())
    oracles.adopt(oracle, dict(every_range().values))
    rng = np.random.default_rng(0)
    size = len(oracle._nonfixed_space())
    for vector in (np.zeros(size), np.ones(size), *oracle._get_hp_bounds().T, *rng.random((50, size))):
        check_point(oracle._vector_to_values(vector), every_range())


def test_bayesian_stays_in_a_reverse_log(tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("n", 1, 100, sampling="reverse_log", default=50)
    oracle = oracles.make("bayesian", keras_tuner.Objective("val_accuracy", "max"), 14, 1, hp)
    oracles.adopt(oracle, {"n": 50})
    oracle._set_project_dir(str(tmp_path), "run")
    seen = []
    for _ in range(14):
        trial = oracle.create_trial("tuner0")
        seen.append(trial.hyperparameters.values["n"])
        oracle.update_trial(trial.trial_id, {"val_accuracy": seen[-1]})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    assert 1 <= min(seen) <= max(seen) <= 100
    assert 100 in seen
    assert len(set(seen)) == 14


def test_optuna_knows_the_ends_of_every_range() -> None:
    for hp in every_range().space:
        if type(hp).__name__ in ("Int", "Float"):
            ends = (hp.min_value, hp.max_value) if hp.step is None else list(itertools.islice(hp.values, 3))
            for value in ends:
                assert _value(hp, _answer(hp, value)) == pytest.approx(value), hp.name
            assert _answer(hp, 2 * abs(hp.max_value) + 1) is None


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_asks_other_points(name: str, tmp_path: Path) -> None:
    one, other = (points(opened(name, tmp_path / str(seed), seed), 5) for seed in (0, 1))
    assert one[0] == other[0]
    assert (one == other) == (name == "grid")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bayesian", "tpe", "cmaes"])
def test_it_learns(name: str, tmp_path: Path) -> None:
    """Better than random search on the same budget, at several seeds."""
    better = 0
    for seed in range(3):
        best = {}
        for oracle in ("random", name):
            best[oracle] = max(map(score, points(opened(oracle, tmp_path / f"{oracle}{seed}", seed, 30), 30)[12:]))
        better += best[name] > best["random"]
    assert better >= 2


def test_the_grid_has_every_combination_once(tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Choice("a", ["x", "y"])
    with hp.conditional_scope("a", ["y"]):
        hp.Int("b", 1, 3)
    hp.Boolean("c")
    oracle = oracles.make("grid", keras_tuner.Objective("val_accuracy", "max"), 100, 0, hp)
    oracles.adopt(oracle, {"a": "y", "b": 2, "c": False})
    oracle._set_project_dir(str(tmp_path), "run")
    seen = []
    while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
        seen.append(tuple(trial.hyperparameters.values.items()))
        oracle.update_trial(trial.trial_id, {"val_accuracy": 0.5})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    assert seen[0] == (("a", "y"), ("b", 2), ("c", False))
    assert len(seen) == len(set(seen)) == 8


def grow(hp: keras_tuner.HyperParameters) -> tuple[Any, ...]:
    """A space some of whose hyperparameters only a point with more layers shows; returns what a model is made of."""
    return tuple(hp.Choice(f"units_{layer}", ["few", "many"]) for layer in range(hp.Int("layers", 1, 3)))


@pytest.mark.parametrize("slots", [1, 3])
def test_the_grid_takes_in_what_appears_during_the_search(slots: int, tmp_path: Path) -> None:
    def going_on() -> keras_tuner.Oracle:
        hp = keras_tuner.HyperParameters()
        grow(hp)
        oracle = oracles.make("grid", keras_tuner.Objective("val_accuracy", "max"), 100, 0, hp)
        oracles.adopt(oracle, dict(hp.values))
        oracle._set_project_dir(str(tmp_path), "run")
        if (tmp_path / "run" / layout.ORACLE).exists():
            oracle.reload()
        return oracle

    models = []
    oracle = going_on()
    running = [oracle.create_trial(f"tuner{slot}") for slot in range(slots)]
    while running := [trial for trial in running if trial.status == "RUNNING"]:
        trial = running.pop(0)
        models.append(grow(trial.hyperparameters))
        oracle.update_trial(trial.trial_id, {"val_accuracy": 0.5})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        if len(models) == 6:  # a kill
            oracle, running = going_on(), []
        while len(running) < slots:
            running.append(oracle.create_trial(f"tuner{len(models)}{len(running)}"))
    assert len(models) == 2 + 4 + 8
    assert set(models) == {units for layers in (1, 2, 3) for units in itertools.product(("few", "many"), repeat=layers)}


@pytest.mark.parametrize("name", ["random", "grid", "tpe"])
def test_a_step_that_is_not_exact_is_no_other_point(name: str, tmp_path: Path) -> None:
    """Keras Tuner's third step of 0.1 is 0.30000000000000004."""
    hp = keras_tuner.HyperParameters()
    hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.3)
    oracle = oracles.make(name, keras_tuner.Objective("val_accuracy", "max"), 10, 0, hp)
    oracles.adopt(oracle, {"dropout": 0.3})
    oracle._set_project_dir(str(tmp_path), "run")
    seen = []
    while (trial := oracle.create_trial(f"tuner{len(seen)}")).status == "RUNNING":
        seen.append(trial.hyperparameters.values["dropout"])
    assert seen[0] == 0.3
    assert sorted(seen) == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("name", mostly_slow(["random", "grid", "hyperband", "tpe", "bayesian"], 4))
def test_one_name_under_several_conditions(name: str, tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["small", "large"])
    with hp.conditional_scope("kind", ["small"]):
        hp.Choice("units", [1, 2, 3, 4, 5, 6])
    with hp.conditional_scope("kind", ["large"]):
        hp.Choice("units", [10, 20, 30, 40, 50, 60])
    hp.Fixed("epochs", 9)
    oracle = oracles.make(name, keras_tuner.Objective("val_accuracy", "max"), 12, 0, hp)
    oracles.adopt(oracle, {"kind": "small", "units": 1, "epochs": 9})
    oracle._set_project_dir(str(tmp_path), "run")
    for number in range(11):  # Bayesian models the scores of ten
        trial = oracle.create_trial("tuner0")
        values = dict(trial.hyperparameters.values)
        assert (values["units"] >= 10) == (values["kind"] == "large")
        oracle.update_trial(trial.trial_id, {"val_accuracy": number / 20})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        assert trial.hyperparameters.values == values


def test_hyperband_takes_epochs_for_its_budget(tmp_path: Path) -> None:
    oracle = opened("hyperband", tmp_path)
    seen = points(oracle, TRIALS)
    assert oracle.max_epochs == 9
    assert not any(key.startswith("tuner/") for key in seen[0])
    for values in seen[1:]:
        assert values[oracles.BUDGET] <= values["epochs"] == 9
    promoted = [values for values in seen if oracles.CONTINUED in values]
    assert promoted
    for values in promoted:
        before = oracle.get_trial(values[oracles.CONTINUED]).hyperparameters.values
        assert values[oracles.BUDGET_BEFORE] == before[oracles.BUDGET] < values[oracles.BUDGET]
        own = {key: value for key, value in values.items() if not key.startswith("tuner/")}
        assert own.items() <= before.items()


def small_hyperband(folder: Path, values: list[int]) -> keras_tuner.Oracle:
    hp = keras_tuner.HyperParameters()
    hp.Choice("units", values)
    oracle = keras_tuner.oracles.HyperbandOracle("val_accuracy", max_epochs=27, seed=1, hyperparameters=hp)
    oracles.adopt(oracle, {"units": values[0]})
    oracle._set_project_dir(str(folder), "run")
    return oracle


def all_of(oracle: keras_tuner.Oracle, failing: Any = lambda values: False) -> list[dict[str, Any]]:
    found = []
    while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
        values = dict(trial.hyperparameters.values)
        found.append(values)
        if failing(values):
            trial.status = "FAILED"
        else:
            oracle.update_trial(trial.trial_id, {"val_accuracy": values["units"] / 100})
            trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return found


@pytest.mark.parametrize("size", [2, 3, 9])
def test_hyperband_promotes_what_a_small_space_has(size: int, tmp_path: Path) -> None:
    oracle = small_hyperband(tmp_path, list(range(1, size + 1)))
    seen = all_of(oracle)
    rounds: dict[int, list[int]] = {}
    for values in seen[1:]:
        rounds.setdefault(values[oracles.ROUND], []).append(values["units"])
    assert sorted(rounds[0]) == list(range(2, size + 1))
    assert all(size in units for units in rounds.values()), "the best is in every round"
    assert [len(units) for units in rounds.values()] == [size - 1, -(-(size - 1) // 3), 1, 1]
    assert seen[-1][oracles.BUDGET] == 27
    assert len(oracle.notes) == 1
    assert f"no further point for a bracket of 27: its {size - 1} trial" in oracle.notes[0]


def test_hyperband_promotes_those_that_are_left_where_trials_fail(tmp_path: Path) -> None:
    seen = all_of(small_hyperband(tmp_path, list(range(1, 10))), lambda values: values["units"] in (5, 8, 9))
    assert [values["units"] for values in seen if values.get(oracles.BUDGET) == 27] == [7]


def test_hyperband_asks_no_point_again_for_another_number_of_epochs(tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("epochs", 1, 9, default=2)
    hp.Choice("units", [1, 2, 3])
    hp.Boolean("norm")
    oracle = oracles.make("hyperband", keras_tuner.Objective("val_accuracy", "max"), 40, 1, hp)
    oracles.adopt(oracle, dict(hp.values))
    oracle._set_project_dir(str(tmp_path), "run")
    seen = all_of(oracle, lambda values: values["units"] == 2)
    begun = [(values["units"], values["norm"]) for values in seen if oracles.CONTINUED not in values]
    assert sorted(begun) == list(itertools.product([1, 2, 3], [False, True]))


def test_hyperband_of_a_small_space_goes_on_after_a_kill(tmp_path: Path) -> None:
    whole = all_of(small_hyperband(tmp_path / "whole", [1, 2, 3]))
    first = small_hyperband(tmp_path / "part", [1, 2, 3])
    for number in range(len(whole)):
        trial = first.create_trial("tuner0")
        assert trial.hyperparameters.values == whole[number]
        first = small_hyperband(tmp_path / "part", [1, 2, 3])
        first.reload()
        trial = first.create_trial("tuner0")
        first.update_trial(trial.trial_id, {"val_accuracy": trial.hyperparameters.values["units"] / 100})
        trial.status = "COMPLETED"
        first.end_trial(trial)
    assert first.create_trial("tuner0").status == "STOPPED"


def test_hyperband_without_epochs_is_refused() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 5)
    with pytest.raises(InputError, match="needs a hyperparameter `epochs`"):
        oracles.make("hyperband", keras_tuner.Objective("val_accuracy", "max"), 3, 0, hp)


def test_optuna_knows_every_value_of_every_kind() -> None:
    for hp in space().space:
        if hp.name == "depth":
            assert _distribution(hp) is None
            assert _value(hp, None) == 3
            continue
        for value in list(hp.values):
            answer = _answer(hp, value)
            assert _distribution(hp)._contains(_distribution(hp).to_internal_repr(answer)), (hp.name, value)
            assert _value(hp, answer) == pytest.approx(value), hp.name
        assert _answer(hp, None if hp.name in ("norm", "optimizer") else 12345) is None


def test_optuna_is_told_of_the_last_step(tmp_path: Path) -> None:
    """0.3 and six steps of 0.1 are 0.9000000000000001, above the largest value."""
    hp = keras_tuner.HyperParameters()
    hp.Float("dropout", 0.3, 0.9, step=0.1)
    oracle = oracles.make("tpe", keras_tuner.Objective("val_accuracy", "max"), 7, 0, hp)
    oracles.adopt(oracle, {"dropout": 0.3})
    oracle._set_project_dir(str(tmp_path), "run")
    for slot in range(7):
        oracle.create_trial(f"tuner{slot}")
    assert sorted(trial.params["dropout"] for trial in oracle.study()[0].get_trials()) == list(range(7))


def test_optuna_is_told_of_failed_and_pruned_trials(tmp_path: Path) -> None:
    oracle = opened("tpe", tmp_path)
    for number, status in enumerate(["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]):
        trial = oracle.create_trial("tuner0")
        directory = Path(oracle._get_trial_dir(trial.trial_id))
        files.write_json(directory / layout.TRIAL_RECORD, {"pruned": number == 2})
        (directory / layout.TRIAL_EPOCHS).write_text("epoch,execution,val_accuracy\n1,0,0.5\n2,0,0.625\n")
        tell(oracle, trial, status)
    oracle.create_trial("tuner0")
    told = oracle.study()[0].get_trials()
    assert [trial.state.name for trial in told] == ["COMPLETE", "FAIL", "PRUNED", "COMPLETE", "RUNNING"]
    assert told[2].intermediate_values == {1: 0.5, 2: 0.625}
    assert told[3].value == pytest.approx(oracle.get_trial("03").score)
    assert "optimizer" in told[4].params


def test_bayesian_models_the_scores_and_repeats_nothing(tmp_path: Path) -> None:
    """In a space so small that its optimum, rounded to the steps, is soon proposed again."""
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 5)
    hp.Choice("rate", [1, 2, 3, 4])
    oracle = oracles.make("bayesian", keras_tuner.Objective("val_accuracy", "max"), 20, 0, hp)
    oracles.adopt(oracle, {"units": 1, "rate": 5})  # outside of the space, as under --set
    oracle._set_project_dir(str(tmp_path), "run")
    running = [oracle.create_trial(str(slot)) for slot in range(3)]
    seen = [trial.hyperparameters.values for trial in running]
    while len(seen) < 16:
        trial = running.pop(0)
        values = trial.hyperparameters.values
        oracle.update_trial(trial.trial_id, {"val_accuracy": -abs(values["units"] - 3) - values["rate"]})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        running.append(oracle.create_trial(f"later{len(seen)}"))
        seen.append(running[-1].hyperparameters.values)
    assert len({str(values) for values in seen}) == 16
    assert hasattr(oracle.gpr, "X_train_")


def test_bayesian_stays_in_the_range_of_a_whole_number(tmp_path: Path) -> None:
    """At the end of the unit interval Keras Tuner's own gives 1 more than the largest."""
    oracle = opened("bayesian", tmp_path)
    vector = oracle._get_hp_bounds()[:, 1]
    assert oracle._vector_to_values(vector)["units"] == 1000


@pytest.mark.parametrize(("name", "package"), [("tpe", "optuna"), ("cmaes", "cmaes"), ("gp", "torch")])
def test_what_is_not_installed_is_named_with_its_command(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda asked: None if asked == package else found(asked))
    with pytest.raises(InputError, match=f"needs the package {package}: python -m pip install"):
        oracles.check(name)
