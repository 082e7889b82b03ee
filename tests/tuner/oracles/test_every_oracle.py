"""What every oracle that has a name does, asked and told by hand."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from keras_search.results import layout
from keras_search.tuner import oracles
from keras_search.tuner.errors import InputError
from keras_search.tuner.oracles.earlier import EarlierTrial, WarmStart
from keras_search.tuner.oracles.recorded import Recorded
from tests.helpers import mostly_slow
from tests.tuner.oracles.by_hand import NAMES, TRIALS, asked, check_point, every_range, made, score, space, tell

# The restarts of Optuna's Gaussian process are drawn anew by a search that goes on.
RESUMED_EXACTLY = [name for name in oracles.ORACLES if name != "gp"]
# A Gaussian process and a forest take some tenths of a second a question.
MANY_TRIALS_OF_THESE = [
    pytest.param(name, marks=pytest.mark.slow) if name in ("bayesian", "freeze-thaw") else name
    for name in RESUMED_EXACTLY
]


@pytest.mark.parametrize("name", oracles.ORACLES)
def test_it_is_recorded_by_its_class(name: str) -> None:
    kind = oracles.ORACLES[name].load()
    assert issubclass(kind, Recorded)
    assert kind.__module__ == f"keras_search.tuner.oracles.{oracles.ORACLES[name].module}"


@pytest.mark.parametrize("name", NAMES)
def test_the_baseline_comes_first_and_no_point_twice(name: str, tmp_path: Path) -> None:
    oracle = made(name, tmp_path, space())
    running = [oracle.create_trial(f"tuner{slot}") for slot in range(3)]
    assert space().values.items() <= running[0].hyperparameters.values.items()
    seen = [trial.hyperparameters.values for trial in running]
    while len(seen) < TRIALS:
        # The last to begin ends first; one fails.
        trial = running.pop()
        tell(oracle, trial, None if len(seen) == 6 else score(trial.hyperparameters.values))
        running.insert(0, oracle.create_trial(f"tuner{(len(seen)) % 3}{len(seen)}"))
        seen.append(running[0].hyperparameters.values)
    assert oracle.create_trial("late").status == "STOPPED"
    assert len({str(sorted(values.items())) for values in seen}) == TRIALS
    for values in seen:
        check_point(values, space())


@pytest.mark.parametrize("name", RESUMED_EXACTLY)
def test_a_search_that_goes_on_asks_what_it_would_have_asked(name: str, tmp_path: Path) -> None:
    whole = asked(made(name, tmp_path / "whole", space()), TRIALS)
    part = asked(made(name, tmp_path / "part", space()), 6)
    for _ in range(2):
        interrupted = made(name, tmp_path / "part", space())
        interrupted.save()  # as a search does before it asks
        interrupted.create_trial("tuner0")  # the kill comes while it runs
    assert part + asked(made(name, tmp_path / "part", space()), TRIALS - 6) == whole


@pytest.mark.parametrize("name", MANY_TRIALS_OF_THESE)
def test_so_does_one_whose_own_file_is_older_than_many_trials(name: str, tmp_path: Path) -> None:
    """A search of short trials writes it less often than they end, and a kill may come."""
    whole = asked(made(name, tmp_path / "whole", space(), trials=40), 40)
    oracle = made(name, tmp_path / "part", space(), trials=40)
    part = asked(oracle, 4)
    file = tmp_path / "part" / "run" / layout.ORACLE
    older = file.read_bytes()
    part += asked(oracle, 28)
    ended, times = oracle.end_order, dict(oracle._run_times)
    file.write_bytes(older)
    again = made(name, tmp_path / "part", space(), trials=40)
    assert (again.end_order, dict(again._run_times)) == (ended, times)
    assert again.damaged == []
    assert part + asked(again, 8) == whole


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> WarmStart:
    """What a search takes over from a random one of 29 trials after the baseline."""
    seen = asked(made("random", tmp_path_factory.mktemp("earlier"), space(), trials=30, seed=7))[1:]
    best = sorted(seen, key=score, reverse=True)
    trials = (EarlierTrial(values, 1 - (place + 0.5) / len(best)) for place, values in enumerate(best))
    return WarmStart(("earlier",), tuple(best[:3]), tuple(trials))


def warm(name: str, folder: Path, earlier: WarmStart) -> Any:
    oracle = made(name, folder, space())
    oracle.warm_start = earlier
    return oracle


@pytest.mark.parametrize("name", NAMES)
def test_points_of_earlier_runs_come_after_the_baseline_once(name: str, earlier: WarmStart, tmp_path: Path) -> None:
    seen = asked(warm(name, tmp_path, earlier), 1)
    assert space().values.items() <= seen[0].items()
    oracle = warm(name, tmp_path, earlier)
    oracle.save()
    seen += [dict(oracle.create_trial(f"tuner{slot}").hyperparameters.values) for slot in range(2)]
    # The kill comes while two run.
    assert asked(warm(name, tmp_path, earlier), 2) == seen[1:]
    seen += asked(warm(name, tmp_path, earlier), 5)
    for place, point in enumerate(earlier.points, 1):
        own = {key: value for key, value in point.items() if key not in oracle.budget_names}
        assert [own.items() <= values.items() for values in seen].index(True) == place
    assert len({str(sorted(values.items())) for values in seen}) == 8


@pytest.mark.parametrize("name", RESUMED_EXACTLY)
def test_a_warm_search_that_goes_on_asks_what_it_would_have_asked(
    name: str, earlier: WarmStart, tmp_path: Path
) -> None:
    whole = asked(warm(name, tmp_path / "whole", earlier), 10)
    part = asked(warm(name, tmp_path / "part", earlier), 6)
    interrupted = warm(name, tmp_path / "part", earlier)
    interrupted.save()
    interrupted.create_trial("tuner0")
    assert part + asked(warm(name, tmp_path / "part", earlier), 4) == whole


@pytest.mark.parametrize("name", NAMES)
def test_one_that_learns_from_scores_learns_from_earlier_trials(name: str, earlier: WarmStart, tmp_path: Path) -> None:
    learned = asked(warm(name, tmp_path / "told", earlier), 6)
    not_told = asked(warm(name, tmp_path / "not told", replace(earlier, trials=())), 6)
    assert learned[:4] == not_told[:4]
    assert (learned != not_told) == (name in ("bayesian", "tpe", "cmaes", "gp"))


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_asks_other_points(name: str, tmp_path: Path) -> None:
    first, second = (asked(made(name, tmp_path / str(seed), space(), seed=seed), 5) for seed in (0, 1))
    assert first[0] == second[0]
    assert (first == second) == (name == "grid")


@pytest.mark.parametrize("name", NAMES)
def test_it_says_how_long_a_trial_is_trained_where_it_decides_that(name: str, tmp_path: Path) -> None:
    """And which trial it goes on with, whose epochs end where its own begin."""
    oracle = made(name, tmp_path, space())
    asked(oracle, 9)
    for trial in oracle.trials.values():
        epochs, predecessor = oracle.epochs_of(trial), oracle.predecessor(trial)
        assert (epochs is None) == (name != "hyperband")
        if predecessor is not None:
            assert oracle.epochs_of(oracle.get_trial(predecessor)).stop == epochs.start
        elif epochs is not None:
            assert epochs.start == 0
    assert oracle.continuable() <= oracle.trials.keys()
    assert bool(oracle.continuable()) == (name == "hyperband")


@pytest.mark.parametrize("name", MANY_TRIALS_OF_THESE)
def test_every_value_is_one_of_its_hyperparameters(name: str, tmp_path: Path) -> None:
    oracle = made(name, tmp_path, every_range(), trials=30, seed=1)
    for number in range(30):
        trial = oracle.create_trial("tuner0")
        assert trial.status == "RUNNING"
        if number > 0:  # a default may be between the steps
            check_point(trial.hyperparameters.values, every_range())
        tell(oracle, trial, 1 / (1 + trial.hyperparameters.values["int log"]))
        if number == 15:
            oracle.reload()


@pytest.mark.parametrize("name", ["random", "bayesian", "tpe", "qmc"])
def test_a_small_space_is_tried_to_its_last_point(name: str, tmp_path: Path) -> None:
    """Keras Tuner gives up after twenty draws of points that were tried."""
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 6)
    for seed in range(1, 4):
        oracle = made(name, tmp_path / str(seed), hp, trials=9, seed=seed, baseline={"units": 3})
        oracle._max_collisions = 1
        seen = asked(oracle, scored=lambda values: values["units"] / 100)
        assert sorted(values["units"] for values in seen) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("name", ["random", "grid", "tpe"])
def test_a_step_that_is_not_exact_is_no_other_point(name: str, tmp_path: Path) -> None:
    """Keras Tuner's third step of 0.1 is 0.30000000000000004."""
    hp = keras_tuner.HyperParameters()
    hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.3)
    oracle = made(name, tmp_path, hp, trials=10)
    seen: list[float] = []
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
    oracle = made(name, tmp_path, hp, trials=12, baseline={"kind": "small", "units": 1, "epochs": 9})
    for number in range(11):  # Bayesian models the scores of ten
        trial = oracle.create_trial("tuner0")
        values = dict(trial.hyperparameters.values)
        assert (values["units"] >= 10) == (values["kind"] == "large")
        tell(oracle, trial, number / 20)
        assert trial.hyperparameters.values == values


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seeds", "trials", "first"),
    [("bayesian", 1, 18, 10), ("tpe", 3, 30, 12), ("cmaes", 3, 30, 12)],  # Bayesian takes seconds for a point
)
def test_it_learns(name: str, seeds: int, trials: int, first: int, tmp_path: Path) -> None:
    """Its points after the `first` are better than those of random search on the same budget, at most seeds."""
    better = 0
    for seed in range(seeds):
        best = {}
        for oracle in ("random", name):
            seen = asked(made(oracle, tmp_path / f"{oracle}{seed}", space(), trials=trials, seed=seed))
            best[oracle] = max(map(score, seen[first:]))
        better += best[name] > best["random"]
    assert better > seeds / 2


@pytest.mark.parametrize(("name", "package"), [("tpe", "optuna"), ("cmaes", "cmaes"), ("gp", "torch")])
def test_what_is_not_installed_is_named_with_its_command(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda asked: None if asked == package else installed(asked))
    with pytest.raises(InputError, match=f"needs the package {package}: python -m pip install"):
        oracles.check(name)


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ((None, None, False), ("random", 20)),
        ((None, None, True), ("random", None)),
        (("tpe", None, True), ("tpe", None)),
        (("tpe", 5, True), ("tpe", 5)),
    ],
)
def test_a_time_budget_alone_allows_as_many_trials_as_there_is_time_for(given: tuple, chosen: tuple) -> None:
    assert oracles.chosen(*given) == chosen


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        InputError, match="unknown oracle 'best': choose one of random, grid, bayesian, hyperband, freeze-thaw"
    ):
        oracles.check("best")


def test_a_file_of_an_oracle_that_is_damaged_loses_no_trial(tmp_path: Path) -> None:
    whole: list[dict[str, Any]] = asked(made("random", tmp_path / "whole", space()), TRIALS)
    part = asked(made("random", tmp_path / "part", space()), 6)
    file = tmp_path / "part" / "run" / layout.ORACLE
    file.write_text("{")
    oracle = made("random", tmp_path / "part", space())
    assert oracle.damaged == [file]
    assert part + asked(oracle, TRIALS - 6) == whole


def test_a_trial_whose_file_is_damaged_is_run_again_at_its_point(tmp_path: Path) -> None:
    seen = asked(made("random", tmp_path, space()), 6)
    file = tmp_path / "run" / "trial_03" / layout.TRIAL
    file.write_text("")
    oracle = made("random", tmp_path, space())
    assert oracle.damaged == [file]
    trial = oracle.create_trial("tuner0")
    assert (trial.trial_id, trial.hyperparameters.values) == ("03", seen[3])


@pytest.mark.parametrize("name", [layout.TRIAL, layout.TRIAL_RECORD])
def test_a_trial_whose_file_is_damaged_is_no_further_attempt(name: str, tmp_path: Path) -> None:
    """With the seed of another attempt, its scores would be others."""
    asked(made("random", tmp_path, space()), 6)
    (tmp_path / "run" / "trial_03" / name).write_text("{")
    oracle = made("random", tmp_path, space())
    trial = oracle.create_trial("tuner0")
    assert (trial.trial_id, oracle.attempts(trial)) == ("03", 0)
