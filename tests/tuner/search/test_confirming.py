"""The best trials trained once more on fresh seeds, and the best chosen by all of their scores."""

import os
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import results
from keras_search.results.reading import projects
from keras_search.tuner import Tuner
from keras_search.tuner.errors import InputError
from tests.tuner.record.instant import Instant

FIRST = [0.50, 0.90, 0.80, 0.70, 0.60, 0.55, 0.40]
FRESH = {1: [0.60, 0.60], 2: [0.85, 0.75], 3: [0.72, 0.70]}


class Lucky(Instant):
    """Scores by `units`: in the search FIRST, then what `fresh` has for it, or the same as first."""

    def __init__(self, first: Sequence[float] = FIRST, fresh: Mapping[int, Sequence[float | None]] = FRESH) -> None:
        super().__init__(lambda hp: hp.Choice("units", list(range(len(first)))))
        self.first, self.fresh = first, fresh
        self.fits: Counter[int] = Counter()
        self.stops_at: int | None = None

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> dict[str, float]:
        units = hp["units"]
        if self.fits.total() == self.stops_at:
            os.kill(os.getpid(), signal.SIGINT)
        again = [*self.fresh.get(units, ()), *[self.first[units]] * 9]
        score = [self.first[units], *again][self.fits[units]]
        self.fits[units] += 1
        if score is None:
            raise keras_tuner.errors.FailedTrialError("on purpose")
        return {"val_accuracy": score, "val_loss": 1 - score}


def tuner(folder: Path, hypermodel: Lucky, **arguments: Any) -> Tuner:
    settings = {"oracle": "grid", "max_trials": 7, "workers": 0, "directory": folder, "project_name": "run"}
    return Tuner(hypermodel, **settings | arguments)


def searched(folder: Path, hypermodel: Lucky, **arguments: Any) -> Tuner:
    made = tuner(folder, hypermodel, **arguments)
    made.search(verbose=0)
    return made


def best(folder: Path) -> int:
    return results.read(folder / "run").configuration["units"]


def test_the_lucky_one_is_told_from_the_best(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    lucky = Lucky()
    made = searched(tmp_path, lucky)
    assert best(tmp_path) == 1
    assert made.confirm()["units"] == 2
    assert lucky.fits == {0: 1, 1: 3, 2: 3, 3: 3, 4: 3, 5: 3, 6: 1}
    run = results.read(tmp_path / "run")
    assert run.configuration == {"units": 2}
    trial = run.best["trial_id"]
    printed = capsys.readouterr().out
    assert "the best 5 trials are trained once more, each on 2 fresh seeds: 10 trainings, about " in printed
    assert f"[7/10] trial {trial}, fresh seed 2 | val_accuracy 0.7500 | units=2 | " in printed
    assert (
        f"Of the best 5 by one score, trial {trial} is the best when 2 more seeds count: 0.8500 and 0.7500 on these, "
        "0.8000 on average, after 0.8000 in the search, number 2 there.\n" in printed
    )


def test_every_training_has_a_seed_of_its_own(tmp_path: Path) -> None:
    searched(tmp_path, Lucky()).confirm()
    run = results.read(tmp_path / "run")
    again = results.read(tmp_path / "run" / "confirmation")
    seeds = [*run.trials["seed"], *again.trials["seed"]]
    assert len(set(seeds)) == len(seeds) == 17


@pytest.mark.slow
def test_the_smallest_is_the_best_where_the_objective_is_minimised(tmp_path: Path) -> None:
    lucky = Lucky()
    made = searched(tmp_path, lucky, objective="val_loss")
    assert made.confirm()["units"] == best(tmp_path) == 2


def test_what_is_trained_is_not_trained_again(tmp_path: Path) -> None:
    lucky = Lucky()
    searched(tmp_path, lucky).confirm(verbose=0)
    before = lucky.fits.copy()
    assert tuner(tmp_path, lucky).confirm(verbose=0)["units"] == 2
    assert lucky.fits == before
    tuner(tmp_path, lucky).confirm(verbose=0, seeds=3)
    assert lucky.fits - before == dict.fromkeys(range(1, 6), 1)


def test_it_goes_on_after_an_interruption(tmp_path: Path) -> None:
    lucky = Lucky()
    made = searched(tmp_path, lucky)
    lucky.stops_at = 7 + 3
    with pytest.raises(KeyboardInterrupt):
        made.confirm(verbose=0)
    assert best(tmp_path) == 1, "a part of a confirmation counts for nothing"
    lucky.stops_at = None
    assert tuner(tmp_path, lucky).confirm(verbose=0)["units"] == 2
    assert lucky.fits.total() == 7 + 10


@pytest.mark.slow
def test_a_better_trial_ends_what_was_confirmed(tmp_path: Path) -> None:
    lucky = Lucky([*FIRST, 0.65, 0.95])
    searched(tmp_path, lucky).confirm(verbose=0)
    searched(tmp_path, lucky, max_trials=8)
    assert best(tmp_path) == 2, "no better trial has come"
    made = searched(tmp_path, lucky, max_trials=9)
    assert best(tmp_path) == 8
    before = lucky.fits.copy()
    made.confirm(verbose=0)
    assert lucky.fits - before == {7: 2, 8: 2}


@pytest.mark.slow
def test_other_data_are_confirmed_anew(tmp_path: Path) -> None:
    lucky = Lucky()
    made = searched(tmp_path, lucky)
    made.confirm(np.zeros((4, 4)), verbose=0)
    made.confirm(np.ones((4, 4)), verbose=0)
    assert lucky.fits.total() == 7 + 20
    assert len(results.read(tmp_path / "run" / "confirmation").trials) == 10


@pytest.mark.slow
def test_a_trial_that_fails_on_a_fresh_seed_is_not_chosen(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    made = searched(tmp_path, Lucky(fresh={1: [0.9, None]}))
    assert made.confirm()["units"] == 2
    assert "number 2 there. 1 trial failed on one of them, and cannot be chosen." in capsys.readouterr().out


def test_one_trial_needs_no_choice(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    lucky = Lucky()
    assert searched(tmp_path, lucky, max_trials=1).confirm()["units"] == 0
    assert "only one trial has finished: there is nothing to choose between\n" in capsys.readouterr().out
    assert lucky.fits.total() == 1


@pytest.mark.slow
def test_fewer_than_five_are_all_confirmed(tmp_path: Path) -> None:
    lucky = Lucky([0.9, 0.8, 0.7], {0: [0.1, 0.2]})
    assert searched(tmp_path, lucky, max_trials=3).confirm(verbose=0)["units"] == 1
    assert lucky.fits == {0: 3, 1: 3, 2: 3}


@pytest.mark.parametrize(("arguments", "why"), [({"trials": 1}, "trials is 1"), ({"seeds": 0}, "seeds is 0")])
def test_impossible_numbers_are_refused(arguments: dict[str, int], why: str, tmp_path: Path) -> None:
    made = searched(tmp_path, Lucky())
    with pytest.raises(InputError, match=why):
        made.confirm(**arguments)
    assert not (tmp_path / "run" / "confirmation").exists()


def test_without_a_finished_trial_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished trial to confirm: search first"):
        tuner(tmp_path, Lucky()).confirm()


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    made = searched(tmp_path, Lucky(), max_trials=2)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run" / "confirmation").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a link"):
        made.confirm(verbose=0)
    assert not any((tmp_path / "elsewhere").iterdir())


@pytest.mark.slow
def test_the_epochs_of_an_oracle_are_trained_from_the_first(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    class Watched(Instant):
        def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, **kwargs: Any) -> dict[str, float]:
            seen.append((kwargs.get("initial_epoch", 0), kwargs.get("epochs", hp["epochs"])))
            return super().fit(hp, model)

    def declare(hp: keras_tuner.HyperParameters) -> None:
        hp.Int("units", 1, 64)
        hp.Int("epochs", 1, 9, default=9)

    made = searched(tmp_path, Watched(declare), oracle="hyperband", max_trials=12)
    run = results.read(tmp_path / "run")
    budgets = run.finished["tuner/epochs"].fillna(run.finished["hp_epochs"]).astype(int).tolist()[:5]
    del seen[:]
    made.confirm(verbose=0)
    assert sorted(seen) == sorted((0, epochs) for epochs in budgets * 2)


@pytest.mark.slow
def test_a_tuner_of_ones_own_trains_in_its_way(tmp_path: Path) -> None:
    class Own(Tuner):
        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
            return {"val_accuracy": 1 - trial.hyperparameters["units"] / 10}

    made = Own(
        Lucky(),
        oracle="grid",
        max_trials=4,
        workers=0,
        directory=tmp_path,
        project_name="run",
        objective="val_accuracy",
    )
    made.search(verbose=0)
    assert made.confirm(verbose=0)["units"] == 0
    assert len(results.read(tmp_path / "run" / "confirmation").finished) == 8


@pytest.mark.slow
def test_it_is_a_part_of_its_run(tmp_path: Path) -> None:
    lucky = Lucky()
    searched(tmp_path, lucky).confirm(verbose=0)
    assert projects.inside(tmp_path) == [tmp_path / "run"]
    searched(tmp_path, Lucky(), overwrite=True)
    assert not (tmp_path / "run" / "confirmation").exists()
