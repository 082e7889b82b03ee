"""What more trials may gain: how often what is said comes true, on a table of measured networks."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from keras_search import results
from keras_search.results.hyperparameter import Hyperparameter
from keras_search.results.telling import prospect, sentences
from tests.tuner.record.instant import searched

TABLE = Path(__file__).resolve().parents[3] / "benchmarks" / "table.csv"


def networks() -> np.ndarray:
    """The best validation accuracy of each network of the table."""
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([max(float(row[str(epoch)]) for epoch in range(1, 10)) for row in rows])


def shares(n: int, more: int, draws: int = 3000) -> tuple[float, float]:
    """The share of searches in the table that gain with `more` trials, and of those that gain no more than is said."""
    accuracies, rng = networks(), np.random.default_rng(n)
    better = within = 0
    for _ in range(draws):
        drawn = rng.permutation(accuracies)[: n + more]
        before, after = drawn[:n], drawn[n:]
        _, gain = prospect.prospect(list(before), more, is_minimised=False)
        better += after.max() > before.max()
        within += after.max() <= before.max() + gain
    return better / draws, within / draws


@pytest.mark.parametrize("n", [10, 15, 20, 30])
def test_of_what_is_said_with_80_percent_as_much_comes_true(n: int) -> None:
    better, within = shares(n, 10)
    assert better == pytest.approx(10 / (n + 10), abs=0.03)
    assert 0.75 <= within <= 0.85


def test_after_many_trials_nothing_is_likely_to_be_gained() -> None:
    better, within = shares(60, 10)
    assert prospect.prospect([0.1 * trial for trial in range(60)], 10, is_minimised=False) == (10 / 70, 0.0)
    assert better == pytest.approx(10 / 70, abs=0.03)
    assert within > 0.8


def test_the_formula_is_that_of_a_uniform_end() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.random((40_000, 22))
    best = -np.sort(-drawn[:, :12], axis=1)
    gained = (drawn[:, 12:].max(axis=1) - best[:, 0]) / (best[:, 0] - best[:, 2])
    for steps in (0.0, 0.3, 1.0):
        assert (gained > steps).mean() == pytest.approx(10 / 22 / (1 + steps) ** 2, abs=0.01)


def test_less_is_better_where_a_loss_is_minimised() -> None:
    scores = [0.1, 0.2, 0.4, *[0.9] * 7]
    chance, gain = prospect.prospect(scores, 10, is_minimised=True)
    assert (chance, gain) == (0.5, pytest.approx((math.sqrt(2.5) - 1) * 0.3))
    assert gain == pytest.approx(prospect.prospect([-score for score in scores], 10, is_minimised=False)[1])


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        (Hyperparameter("Choice", "one", "a", values=("a", "b")), 2),
        (Hyperparameter("Int", "one", 1, 1, 64), 64),
        (Hyperparameter("Float", "one", 0.0, 0.0, 0.6, step=0.1), 7),
        (Hyperparameter("Int", "one", 2, 2, 32, step=2, sampling="log"), 5),
        (Hyperparameter("Int", "one", 2, 2, 32, step=1, sampling="log"), math.inf),
        (Hyperparameter("Float", "one", 0.1, 0.1, 0.2), math.inf),
    ],
)
def test_the_values_of_a_hyperparameter_are_counted(declared: Hyperparameter, values: float) -> None:
    assert prospect._values(declared) == values


@pytest.mark.slow
def test_a_random_search_of_ten_trials_says_so(tmp_path: Path) -> None:
    searched(tmp_path / "few", max_trials=9)
    searched(tmp_path / "many", max_trials=12)
    searched(tmp_path / "learning", max_trials=12, oracle="bayesian")
    searched(tmp_path / "warm", max_trials=12, seed=1, warm_start=tmp_path / "few" / "run")
    few, many, learning, warm = (
        sentences.prospect(results.read(tmp_path / name / "run")) for name in ("few", "many", "learning", "warm")
    )
    assert (few, learning, warm) == ("", "", "")
    assert many.startswith("10 more trials (about ")
    assert " would find a better one with a chance of at most 45%, better by " in many
