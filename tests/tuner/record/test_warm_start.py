"""Searches that begin with what earlier runs have found."""

import shutil
from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from keras_search import results
from keras_search.results import files, layout
from keras_search.tuner import Tuner
from keras_search.tuner.record import warm_start
from tests.helpers import mostly_slow, tree
from tests.tuner.record.instant import Instant, searched, tuner, units


def wider(hp: keras_tuner.HyperParameters) -> None:
    hp.Int("units", 1, 64)
    hp.Choice("kind", ["flat", "deep", "odd"])
    hp.Float("rate", 0.0, 1.0, default=0.5)
    for layer in range(hp.Int("layers", 1, 3)):
        hp.Int(f"width_{layer}", 1, 9)


def narrower(hp: keras_tuner.HyperParameters) -> None:
    hp.Int("units", 1, 32)
    hp.Choice("kind", ["flat", "deep"])
    hp.Int("new", 0, 3)
    for layer in range(hp.Int("layers", 1, 3)):
        hp.Int(f"width_{layer}", 1, 5)


def points(folder: Path, name: str = "run") -> list[dict[str, Any]]:
    run = results.read(folder / name)
    return [run.values_of(trial) for _, trial in run.trials.iterrows()]


def warm(folder: Path, *earlier: str, trials: int = 8, **arguments: Any) -> Tuner:
    runs = [folder / name for name in earlier] or None
    return searched(folder, max_trials=trials, warm_start=runs, **arguments)


def best_of(folder: Path, name: str) -> list[dict[str, Any]]:
    run = results.read(folder / name)
    return [run.values_of(trial) for _, trial in run.finished.iterrows()]


def test_the_best_five_come_after_the_baseline(tmp_path: Path) -> None:
    searched(tmp_path, max_trials=12, project_name="first", seed=3)
    warm(tmp_path, "first")
    assert points(tmp_path)[1:6] == best_of(tmp_path, "first")[:5]
    assert points(tmp_path)[6] not in best_of(tmp_path, "first")[:5]


@pytest.mark.parametrize("objective", ["val_accuracy", "val_loss"])
def test_the_best_are_those_of_the_searchs_own_objective(objective: str, tmp_path: Path) -> None:
    """Also where the earlier run had another one."""
    searched(tmp_path, max_trials=12, project_name="first", objective="val_loss")
    warm(tmp_path, "first", trials=3, objective=objective)
    assert points(tmp_path)[1:] == best_of(tmp_path, "first")[:2]


def test_several_runs_take_turns_and_no_point_comes_twice(tmp_path: Path) -> None:
    searched(tmp_path, max_trials=8, project_name="first", seed=1)
    searched(tmp_path, max_trials=8, project_name="second", seed=2)
    shutil.copytree(tmp_path / "first", tmp_path / "again")
    warm(tmp_path, "first", "again", "second", trials=6)
    first, second = best_of(tmp_path, "first"), best_of(tmp_path, "second")
    assert points(tmp_path)[1:] == [first[0], second[0], first[1], second[1], first[2]]


def test_what_is_new_missing_or_out_of_range_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    searched(tmp_path, max_trials=12, project_name="first", hypermodel=Instant(wider))
    tuner(tmp_path, max_trials=7, hypermodel=Instant(narrower), warm_start=str(tmp_path / "first")).search()
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warm start")]
    assert said[0].startswith("warm start from 12 finished trials of '")
    assert said[0].endswith("first': 5 points of the best come after the baseline")
    assert said[1:3] == [
        "warm start: new in this space, and at the baseline's value in earlier points: new",
        "warm start: not in this space, and left out of earlier points: rate",
    ]
    assert said[3].startswith("warm start: out of range in this space: units, width_0")
    assert said[4].startswith("warm start: no such value in this space: kind; ")
    assert len(said) == 5


@pytest.mark.slow
def test_hyperparameters_that_only_some_points_have_keep_their_values(tmp_path: Path) -> None:
    """The baseline has one layer, so that the space knows of no more before the first trial."""
    searched(tmp_path, max_trials=12, project_name="first", hypermodel=Instant(wider))
    warm(tmp_path, "first", trials=6, hypermodel=Instant(wider))
    best = best_of(tmp_path, "first")[:5]
    assert max(point["layers"] for point in best) == 3
    for point, earlier in zip(points(tmp_path)[1:], best, strict=True):
        layers = {f"width_{layer}" for layer in range(earlier["layers"])}
        assert {name: earlier[name] for name in {"units", "kind", "rate"} | layers}.items() <= point.items()


@pytest.mark.parametrize("oracle", mostly_slow(["random", "hyperband", "tpe"], 1))
def test_it_goes_on_when_the_earlier_run_is_gone(oracle: str, tmp_path: Path) -> None:
    def declare(hp: keras_tuner.HyperParameters) -> None:
        units(hp)
        hp.Int("epochs", 1, 3)

    arguments = {"hypermodel": Instant(declare), "oracle": oracle}
    searched(tmp_path, max_trials=12, project_name="first", hypermodel=Instant(declare))
    warm(tmp_path, "first", project_name="whole", **arguments)
    warm(tmp_path, "first", trials=3, **arguments)
    shutil.rmtree(tmp_path / "first")
    warm(tmp_path, trials=6, **arguments)
    warm(tmp_path, "first", **arguments)
    assert points(tmp_path) == points(tmp_path, "whole")


def test_a_search_that_was_killed_before_its_first_trial_goes_on_without_asking_again(tmp_path: Path) -> None:
    searched(tmp_path, max_trials=12, project_name="first")
    warm(tmp_path, "first", trials=3)
    expected = points(tmp_path)
    for trial in tmp_path.glob("run/trial_*"):
        shutil.rmtree(trial)
    (tmp_path / "run" / layout.ORACLE).unlink()
    warm(tmp_path, trials=3)
    assert points(tmp_path) == expected
    warm(tmp_path, "first", trials=4)  # it is the same search


@pytest.mark.slow
def test_another_warm_start_is_another_search(tmp_path: Path) -> None:
    for name in ("first", "second", "cold"):
        searched(tmp_path, project_name=name)
    warm(tmp_path, "first", trials=3)
    for name, earlier in (("run", "second"), ("cold", "first")):
        with pytest.raises(ValueError, match=r"was made for another search: warm start was .* and is now"):
            warm(tmp_path, earlier, project_name=name)
    warm(tmp_path, "second", trials=3, overwrite=True)
    assert files.read_json(tmp_path / "run" / layout.WARM_START)["runs"] == [str(tmp_path / "second")]


@pytest.mark.slow
def test_a_damaged_file_is_made_anew_from_the_earlier_run(tmp_path: Path) -> None:
    searched(tmp_path, max_trials=12, project_name="first")
    warm(tmp_path, "first", project_name="whole")
    warm(tmp_path, "first", trials=3)
    (tmp_path / "run" / layout.WARM_START).write_text("{")
    warm(tmp_path, "first")
    assert points(tmp_path) == points(tmp_path, "whole")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"runs": ["a"], "points": []}',
        '{"runs": ["a"], "points": [{"units": [1]}], "trials": []}',
        '{"runs": ["a"], "points": [], "trials": [{"values": {"units": 1}, "standing": NaN}]}',
        '{"runs": ["a"], "points": [], "trials": [{"values": {"units": 1}, "standing": "0.5"}]}',
    ],
)
def test_what_is_no_warm_start_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / layout.WARM_START).write_text(text)
    assert warm_start.read(tmp_path) is None


def test_a_project_of_keras_tuner_will_do(tmp_path: Path) -> None:
    goal, theirs = keras_tuner.Objective("val_accuracy", "max"), {"directory": tmp_path, "project_name": "theirs"}
    stock = keras_tuner.RandomSearch(Instant(units), goal, max_trials=6, seed=1, **theirs)
    stock.search(verbose=0)
    best = [hp.values for hp in stock.get_best_hyperparameters(6)]
    warm(tmp_path, "theirs", trials=4)
    assert points(tmp_path)[1:] == [values for values in best if values != {"units": 1, "kind": "flat"}][:3]


def other(hp: keras_tuner.HyperParameters) -> None:
    hp.Int("else", 1, 9)


def odd(hp: keras_tuner.HyperParameters) -> None:
    hp.Choice("kind", ["round"])


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        ("nowhere", "cannot be used: there is no run"),
        ("empty", "is not a run or a Keras Tuner project"),
        ("run", "the run itself"),
        ("other", "has no hyperparameter of this space: it has else; give another run"),
        ("odd", "fits, as kind has no such value here; give another run"),
        ("numbers", "was searched for default_objective, and no finished trial of it has a val_accuracy"),
    ],
)
def test_what_cannot_be_taken_over_is_refused_before_anything_is_written(
    earlier: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    if declare := {"other": other, "odd": odd}.get(earlier):
        searched(tmp_path, max_trials=1, project_name=earlier, hypermodel=Instant(declare))
    if earlier == "numbers":
        there = {"directory": tmp_path, "project_name": "numbers"}
        keras_tuner.RandomSearch(Numbers(units), max_trials=2, seed=1, **there).search(verbose=0)
    before = tree(tmp_path)
    with pytest.raises(ValueError, match=f"^warm_start.*{said}"):
        tuner(tmp_path, warm_start=[tmp_path / earlier])
    assert tree(tmp_path) == before


class Numbers(Instant):
    """Returns a number, which has no name."""

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        return super().fit(*args, **kwargs)["val_loss"]


@pytest.mark.parametrize("given", [3, [None]])
def test_what_names_no_run_is_refused(given: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^warm_start is .*: give the directory of a run, or a list of them"):
        tuner(tmp_path, warm_start=given)
