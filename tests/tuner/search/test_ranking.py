"""The completed trials in order, as they come."""

import random

import keras_tuner
import pytest

from keras_search.tuner.keras_private import Trial
from keras_search.tuner.search.ranking import Ranking


def trial(number: int, score: float | None) -> Trial:
    made = Trial(keras_tuner.HyperParameters(), f"{number:03d}", "FAILED" if score is None else "COMPLETED")
    made.score = score
    return made


@pytest.mark.parametrize("direction", ["min", "max"])
def test_it_is_what_sorting_all_gives(direction: str) -> None:
    rng = random.Random(0)
    trials = [trial(number, rng.choice([None, 0.1, 0.2, 0.3, 0.4])) for number in range(60)]
    ranking = Ranking(trials[:20], direction)
    later = trials[20:]
    rng.shuffle(later)
    for ended in later:
        ranking.add(ended)
        ranking.add(ended)  # which changes nothing
    completed = [ended for ended in trials if ended.score is not None]
    expected = sorted(completed, key=lambda ended: ended.score, reverse=direction == "max")
    assert list(ranking) == expected, "of equal ones the first that was drawn comes first"
    assert [ranking.place(ended) for ended in expected] == list(range(len(expected)))
    assert ranking.at(len(expected) - 1) is expected[-1]
    assert ranking.at(len(expected)) is None
