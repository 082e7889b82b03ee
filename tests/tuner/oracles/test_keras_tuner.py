"""What is mended of Keras Tuner's grid search and Bayesian optimisation."""

import itertools
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import pytest
from keras_tuner.oracles import BayesianOptimizationOracle

from keras_search.tuner.oracles.confidence_bound import ConfidenceBound
from tests.tuner.oracles.by_hand import asked, check_point, every_range, made, space, tell


def test_the_grid_has_every_combination_once(tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Choice("a", ["x", "y"])
    with hp.conditional_scope("a", ["y"]):
        hp.Int("b", 1, 3)
    hp.Boolean("c")
    oracle = made("grid", tmp_path, hp, trials=100, baseline={"a": "y", "b": 2, "c": False})
    seen = [tuple(values.items()) for values in asked(oracle, scored=lambda values: 0.5)]
    assert seen[0] == (("a", "y"), ("b", 2), ("c", False))
    assert len(seen) == len(set(seen)) == 8


def grow(hp: keras_tuner.HyperParameters) -> tuple[Any, ...]:
    """A space some of whose hyperparameters only a point with more layers shows; returns what a model is made of."""
    return tuple(hp.Choice(f"units_{layer}", ["few", "many"]) for layer in range(hp.Int("layers", 1, 3)))


@pytest.mark.parametrize("slots", [1, 3])
def test_the_grid_takes_in_what_appears_during_the_search(slots: int, tmp_path: Path) -> None:
    def going_on() -> Any:
        hp = keras_tuner.HyperParameters()
        grow(hp)
        return made("grid", tmp_path, hp, trials=100)

    models = []
    oracle = going_on()
    running = [oracle.create_trial(f"tuner{slot}") for slot in range(slots)]
    while running := [trial for trial in running if trial.status == "RUNNING"]:
        trial = running.pop(0)
        models.append(grow(trial.hyperparameters))
        tell(oracle, trial, 0.5)
        if len(models) == 6:  # a kill
            oracle, running = going_on(), []
        while len(running) < slots:
            running.append(oracle.create_trial(f"tuner{len(models)}{len(running)}"))
    assert len(models) == 2 + 4 + 8
    assert set(models) == {units for layers in (1, 2, 3) for units in itertools.product(("few", "many"), repeat=layers)}


def test_bayesian_takes_in_what_appears_while_trials_run(tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("layers", 1, 3)
    oracle = made("bayesian", tmp_path, hp, trials=12)
    oracle.num_initial_points = 2
    running = [oracle.create_trial(f"tuner{slot}") for slot in range(2)]
    while running:
        trial = running.pop(0)
        for layer in range(trial.hyperparameters["layers"]):
            trial.hyperparameters.Int(f"units_{layer}", 1, 8)
        tell(oracle, trial, trial.hyperparameters["layers"] / 3)
        following = oracle.create_trial(f"tuner{len(oracle.trials)}")
        running += [following] if following.status == "RUNNING" else []
    assert [trial.status for trial in oracle.trials.values()] == ["COMPLETED"] * 12


def test_bayesian_proposes_the_same_while_trials_run_after_a_kill(tmp_path: Path) -> None:
    """It expects scores of the trials that run, of which another process must know no less."""
    oracle = made("bayesian", tmp_path, space(), trials=20)
    asked(oracle, 12)
    running = oracle.create_trial("tuner0")
    following = oracle.create_trial("tuner1").hyperparameters.values
    going_on = made("bayesian", tmp_path, space(), trials=20)
    again = [going_on.create_trial(f"tuner{slot}") for slot in range(2)]
    assert [trial.hyperparameters.values for trial in again] == [running.hyperparameters.values, following]


def test_the_confidence_bound_is_that_of_the_process_and_its_lowest_point_is_reached() -> None:
    rng = np.random.default_rng(0)
    points, scores = rng.random((30, 5)), rng.random(30)
    process = BayesianOptimizationOracle(seed=1)._make_gpr().fit(points, scores)
    bound = ConfidenceBound(process, beta=2.6)
    for point in rng.random((20, 5)):
        mean, deviation = process.predict(point[np.newaxis], return_std=True)
        value, slopes = bound.at(point)
        assert value * scores.std() + scores.mean() == pytest.approx((mean - 2.6 * deviation).item(), rel=1e-6)
        differences = [bound.at(point + step)[0] - bound.at(point - step)[0] for step in np.eye(5) * 1e-6]
        assert slopes == pytest.approx(np.array(differences) / 2e-6, abs=1e-4)
    bounds = np.array([[0.0, 1.0]] * 5)
    lowest = bound.lowest(rng.random((20, 5)), bounds)
    assert bound.at(lowest)[0] <= min(bound.at(point)[0] for point in rng.random((5000, 5)))
    assert np.all((lowest >= 0) & (lowest <= 1))


def test_bayesian_leaves_no_range_from_end_to_end(tmp_path: Path) -> None:
    """Its Gaussian process proposes positions in the unit interval, its ends more often than not."""
    oracle = made("bayesian", tmp_path, every_range(), trials=30, seed=1)
    rng = np.random.default_rng(0)
    size = len(oracle._nonfixed_space())
    for vector in (np.zeros(size), np.ones(size), *oracle._get_hp_bounds().T, *rng.random((50, size))):
        check_point(oracle._vector_to_values(vector), every_range())


def test_bayesian_stays_in_a_reverse_log(tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("n", 1, 100, sampling="reverse_log", default=50)
    seen = [values["n"] for values in asked(made("bayesian", tmp_path, hp, seed=1), scored=lambda values: values["n"])]
    assert 1 <= min(seen) <= max(seen) <= 100
    assert 100 in seen
    assert len(set(seen)) == len(seen) == 14


def test_bayesian_stays_in_the_range_of_a_whole_number(tmp_path: Path) -> None:
    """At the end of the unit interval Keras Tuner's own gives 1 more than the largest."""
    oracle = made("bayesian", tmp_path, space())
    vector = oracle._get_hp_bounds()[:, 1]
    assert oracle._vector_to_values(vector)["units"] == 1000


def test_bayesian_models_the_scores_and_repeats_nothing(tmp_path: Path) -> None:
    """In a space so small that its optimum, rounded to the steps, is soon proposed again."""
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 5)
    hp.Choice("rate", [1, 2, 3, 4])
    # Outside of the space, as under --set.
    oracle = made("bayesian", tmp_path, hp, trials=20, baseline={"units": 1, "rate": 5})
    running = [oracle.create_trial(str(slot)) for slot in range(3)]
    seen = [trial.hyperparameters.values for trial in running]
    while len(seen) < 16:
        trial = running.pop(0)
        values = trial.hyperparameters.values
        tell(oracle, trial, -abs(values["units"] - 3) - values["rate"])
        running.append(oracle.create_trial(f"later{len(seen)}"))
        seen.append(running[-1].hyperparameters.values)
    assert len({str(values) for values in seen}) == 16
    assert hasattr(oracle.gpr, "X_train_")
