"""Several tuners with one directory."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

import keras_search as kt
from keras_search.tuner.data import sameness
from keras_search.tuner.record import directory
from tests.helpers import mostly_slow


class Instant(keras_tuner.HyperModel):
    """Its score is worked out.

    Attributes:
        fitted: How many of all have been trained.
    """

    fitted = 0

    def __init__(self, most: int = 64) -> None:
        super().__init__()
        self.most = most

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 1, self.most))])
        model.compile("sgd", "mse")
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> float:
        Instant.fitted += 1
        return hp["units"] / self.most


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def runs() -> list[str]:
    return sorted(path.name for path in Path().iterdir() if path.is_dir())


def script(**arguments: Any) -> list[list[dict[str, Any]]]:
    """The points of two tuners that are made, and then searched."""
    tuners = [
        kt.RandomSearch(Instant(), max_trials=2, seed=1, workers=0, **arguments),
        kt.BayesianOptimization(Instant(), max_trials=3, seed=1, workers=0, **arguments),
    ]
    for tuner in tuners:
        tuner.search(verbose=0)
    for tuner in tuners:
        assert tuner.get_best_models() == [] or tuner.get_best_models()
    return [[trial.hyperparameters.values for trial in tuner.oracle.trials.values()] for tuner in tuners]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", mostly_slow([{}, {"overwrite": True}, {"project_name": "named"}], 1))
def test_each_has_trials_of_its_own_and_finds_them_again(arguments: dict[str, Any]) -> None:
    first = script(**arguments)
    assert list(map(len, first)) == [2, 3]
    name = arguments.get("project_name", "untitled_project")
    assert runs() == [name, f"{name}-2"]
    assert script(**arguments) == first
    assert runs() == [name, f"{name}-2"]


@pytest.mark.slow
def test_the_same_search_made_twice_before_it_has_begun_is_made_twice() -> None:
    tuners = [kt.RandomSearch(Instant(), max_trials=2, seed=seed, workers=0) for seed in (None, None)]
    for tuner in tuners:
        tuner.search(verbose=0)
    assert runs() == ["untitled_project", "untitled_project-2"]


def test_a_tuner_made_after_the_search_reads_it_back() -> None:
    first = kt.RandomSearch(Instant(), max_trials=2, workers=0)
    first.search(verbose=0)
    second = kt.RandomSearch(Instant(), max_trials=2, workers=0)
    assert list(second.oracle.trials) == list(first.oracle.trials)
    second.search(verbose=0)
    assert runs() == ["untitled_project"]


class Dummy(keras_tuner.HyperModel):
    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        raise RuntimeError("only the results are wanted")


class Other(Instant):
    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Int("filters", 1, 9)
        return super().build(hp)


@pytest.mark.parametrize("reader", [Dummy, Other])
def test_a_tuner_that_only_reads_leaves_the_run_to_the_next(reader: type[keras_tuner.HyperModel]) -> None:
    named: dict[str, Any] = {"max_trials": 2, "seed": 1, "workers": 0, "project_name": "named"}
    kt.RandomSearch(Instant(), **named).search(verbose=0)
    dummy = kt.RandomSearch(reader(), **named)
    again = kt.RandomSearch(Instant(), **named)
    assert list(dummy.oracle.trials) == list(again.oracle.trials) == ["0", "1"]
    assert again.remaining_trials == 0
    again.search(verbose=0)
    assert runs() == ["named"]


@pytest.mark.slow
def test_a_search_for_another_model_is_not_taken_for_the_same() -> None:
    tuners: list[kt.Tuner] = []
    for name in ("flat", "deep"):
        hypermodel = Instant()
        hypermodel.name = name
        tuners.append(kt.RandomSearch(hypermodel, max_trials=2, seed=1, workers=0))
        tuners[-1].search(verbose=0)
    assert runs() == ["untitled_project", "untitled_project-2"]


@pytest.mark.slow
def test_a_tuner_that_the_script_no_longer_has_is_overwritten() -> None:
    for _ in range(2):
        tuner = kt.RandomSearch(Instant(), max_trials=2, overwrite=True, workers=0)
        tuner.search(verbose=0)
    assert runs() == ["untitled_project"]


def test_another_search_without_a_name_begins_beside_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    kt.RandomSearch(Instant(), max_trials=1, workers=0).search(verbose=0)
    Path("untitled_project-2").mkdir()
    Path("untitled_project-2", "notes.txt").touch()
    kt.RandomSearch(Instant(32), max_trials=1, workers=0).search(verbose=0)
    assert runs() == ["untitled_project", "untitled_project-2", "untitled_project-3"]
    assert "'untitled_project' is another search's: this one has 'untitled_project-3'\n" in capsys.readouterr().out
    assert [path.name for path in Path("untitled_project-2").iterdir()] == ["notes.txt"]


def test_a_name_that_the_user_gave_is_that_of_the_run_that_is_there() -> None:
    kt.RandomSearch(Instant(), max_trials=1, workers=0, project_name="named").search(verbose=0)
    other = kt.RandomSearch(Instant(32), max_trials=1, workers=0, project_name="named")
    with pytest.raises(kt.InputError, match=r"^run 'named' was made for another search: units was"):
        other.search(verbose=0)
    assert runs() == ["named"]


def folds(count: int, **arguments: Any) -> list[tuple[str, int]]:
    """The project of each fold of a cross-validation, and how many trials its search has run."""
    x = np.random.default_rng(0).random((90, 4))

    def searched(fold: int) -> tuple[str, int]:
        began = Instant.fitted
        tuner = kt.RandomSearch(Instant(), max_trials=2, workers=0, **arguments)
        held_back = np.arange(90) % count == fold
        tuner.search(x[~held_back], x[~held_back], validation_data=(x[held_back], x[held_back]), verbose=0)
        tuner.search(x[:9], x[:9], validation_data=(x[:9], x[:9]), verbose=0)  # the same tuner goes on with its own
        assert len(tuner.oracle.trials) == 2
        return tuner.project_name, Instant.fitted - began

    return [searched(fold) for fold in range(count)]


@pytest.mark.parametrize("arguments", mostly_slow([{}, {"project_name": "named", "seed": 1}], 1))
def test_each_part_of_the_data_that_a_script_searches_has_a_run_of_its_own(
    arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = arguments.get("project_name", "untitled_project")
    assert folds(3, **arguments) == [(name, 2), (f"{name}-2", 2), (f"{name}-3", 2)]
    monkeypatch.setattr(directory, "_data", {})  # another process
    assert folds(3, **arguments) == [(name, 0), (f"{name}-2", 0), (f"{name}-3", 0)]


def test_other_data_than_those_of_the_run_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.zeros((30, 4))
    told = "2 trials in 'untitled_project' had other data, so scores may not compare: overwrite=True begins anew\n"
    for data, is_told in ((x, False), (x, False), (x + 1, True)):
        monkeypatch.setattr(directory, "_data", {})  # another process
        kt.RandomSearch(Instant(), max_trials=2, workers=0).search(data, data)
        assert (told in capsys.readouterr().out) == is_told


def test_what_differs_in_the_data_is_seen() -> None:
    x = np.random.default_rng(0).random((1000, 3))
    same = sameness.digest((x,), {"validation_data": (x[:9], None), "epochs": 3})
    assert same == sameness.digest((x.copy(),), {"validation_data": (x[:9], None), "epochs": 4})
    others = [x[:-1], x.astype("float32"), x[::-1], x + 1, x[:, :2]]
    assert len({same, *(sameness.digest((other,), {"validation_data": (x[:9], None)}) for other in others)}) == 6
    assert sameness.digest(("no array",), {"epochs": 3}) is None
