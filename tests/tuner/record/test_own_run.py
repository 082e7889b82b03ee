"""Several tuners of one run, and one that is overwritten."""

from pathlib import Path
from typing import Any

import pytest

from keras_search.results.reading import trial_rows
from keras_search.tuner import InputError, Tuner
from tests.helpers import tree
from tests.tuner.record.instant import searched, tuner


def points(made: Tuner) -> list[dict[str, Any]]:
    return [trial.hyperparameters.values for trial in made.oracle.trials.values()]


@pytest.mark.slow
def test_of_two_tuners_each_has_its_own_trials_where_both_overwrite(tmp_path: Path) -> None:
    one, two = (tuner(tmp_path, overwrite=True, **more) for more in ({"seed": 1}, {"seed": 2, "oracle": "bayesian"}))
    one.search(verbose=0)
    of_one = points(one)
    two.search(verbose=0)
    assert len(points(two)) == 3
    assert points(two)[1:] != of_one[1:]
    for made in (one, two):
        before = points(made)
        made.search(verbose=0)
        assert points(made) == before
        assert len(made.get_best_models(3)) == 3


@pytest.mark.slow
def test_a_tuner_whose_run_is_overwritten_says_so(tmp_path: Path) -> None:
    one = searched(tmp_path)
    searched(tmp_path, overwrite=True)
    before = tree(tmp_path)
    for use in (one.search, one.get_best_models, lambda: one.load_model(one.oracle.get_best_trials()[0])):
        with pytest.raises(InputError, match=r"^run '[^\n]*' has been overwritten or deleted since[^\n]*$"):
            use()
    assert tree(tmp_path) == before
    assert len(one.get_best_hyperparameters(3)) == 3, "what it knows itself"


@pytest.mark.slow
def test_of_two_tuners_the_second_goes_on_with_the_same_and_another_has_its_own(tmp_path: Path) -> None:
    first, same, other = tuner(tmp_path), tuner(tmp_path, max_trials=4), tuner(tmp_path, seed=5)
    first.search(verbose=0)
    same.search(verbose=0)
    assert points(same)[:3] == points(first)
    other.search(verbose=0)
    assert len(points(other)) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run-2"]
    assert len(first.get_best_models(1)) == 1


def test_overwriting_deletes_a_run_and_nothing_else(tmp_path: Path) -> None:
    searched(tmp_path)
    made = tuner(tmp_path, overwrite=True)
    assert made.remaining_trials == 3
    assert not trial_rows.trial_directories(tmp_path / "run"), "as in Keras Tuner"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("words")
    with pytest.raises(InputError, match=r"overwrite=True would delete '[^\n]*thesis', which is no run"):
        tuner(tmp_path, project_name="thesis", overwrite=True)
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "words"
