"""Which hyperparameters matter."""

import random
from pathlib import Path

import pytest

from keras_search.results import RunError
from keras_search.results.telling import importance
from tests.results.made_run import make_run, random_trials


def test_the_hyperparameter_that_decides_is_found(tmp_path: Path) -> None:
    measured = importance.measure(make_run(tmp_path / "run", random_trials(60)))
    assert measured.trials == 54
    assert measured.warning == ""
    assert measured.r2 > 0.8
    assert measured.names[0] == "rate"
    assert measured.means[0] > 1
    assert measured.means[0] - measured.margins[0] > 0.5
    assert all(abs(mean) < 0.1 for mean in measured.means[1:])


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", random_trials(8))
    assert importance.measure(run) == importance.measure(run)


def test_what_decides_whether_another_is_active_gets_its_due(tmp_path: Path) -> None:
    """`momentum` is active with sgd only, so its presence forecasts the score, but its value does not."""
    rng = random.Random(1)
    trials = []
    for _ in range(60):
        optimizer = rng.choice(["sgd", "adam"])
        values = {"optimizer": optimizer} | ({"momentum": rng.uniform(0.5, 0.9)} if optimizer == "sgd" else {})
        trials.append({"values": values, "score": 0.9 + 0.05 * (optimizer == "adam") + rng.gauss(0, 0.005)})
    measured = importance.measure(make_run(tmp_path / "run", trials))
    assert measured.names == ("optimizer", "momentum")
    assert measured.means[0] > 1
    assert abs(measured.means[1]) < 0.1


def test_scores_of_chance_are_not_explained(tmp_path: Path) -> None:
    rng = random.Random(0)
    trials = [trial | {"score": rng.random()} for trial in random_trials(60)]
    measured = importance.measure(make_run(tmp_path / "run", trials))
    assert measured.r2 <= 0
    assert "cannot forecast" in measured.warning


def test_too_few_trials_are_warned_of_or_refused(tmp_path: Path) -> None:
    measured = importance.measure(make_run(tmp_path / "three", random_trials(3)))
    assert measured.warning.startswith("3 trials are too few to say which of 3 hyperparameters matter")
    alike = [trial | {"values": {"units": 8 * place}} for place, trial in enumerate(random_trials(4), 1)]
    measured = importance.measure(make_run(tmp_path / "one", alike))
    assert measured.warning.startswith("4 trials are too few to say whether the hyperparameter matters: ")
    with pytest.raises(RunError, match=r"importance needs at least 3 finished trials, run .* has 2"):
        importance.measure(make_run(tmp_path / "two", random_trials(2)))
    same = [trial | {"score": 0.5} for trial in random_trials(5)]
    with pytest.raises(RunError, match=r"importance needs scores that differ, run .* has 0.5000 in all 5"):
        importance.measure(make_run(tmp_path / "same", same))
