"""The search loop: what it waits for, when it gives up, what a kill or a limit leaves to go on with."""

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import pytest

from keras_search.tuner import SearchError, Tuner
from keras_search.tuner.executors.base import Executor
from tests.helpers import mostly_slow
from tests.tuner.small_search import Small, X, Y, run, trials, tuner


def test_more_trials_go_on_with_a_finished_run(tmp_path: Path) -> None:
    run(tmp_path, max_trials=2)
    before = trials(tmp_path)
    run(tmp_path, max_trials=4)
    after = trials(tmp_path)
    assert after[:2] == before
    assert len(after) == 4


def test_a_search_in_which_everything_fails_alike_stops_early(tmp_path: Path) -> None:
    class NoFit(Small):
        def fit(self, hp: keras_tuner.HyperParameters, *args: object, **kwargs: object) -> None:
            raise ValueError(f"no such column: {hp['units']}")

    broken = Tuner(NoFit(), workers=0, directory=tmp_path, project_name="run")
    with pytest.raises(SearchError, match="every trial failed the same way: ValueError: no such column: 7"):
        broken.search(X, Y, validation_data=(X, Y), verbose=0)
    assert len(trials(tmp_path)) == 3


class Slow(Executor):
    """Of three calls at once the first ends last."""

    slots = 3
    shares_memory = True
    is_local = True

    def __init__(self) -> None:
        self.others = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        if args[0].is_baseline:
            self.end_baseline = lambda: future.set_result(fn(*args, **kwargs))
            return future
        future.set_result(fn(*args, **kwargs))
        self.others += 1
        if self.others == 4:
            threading.Timer(2, self.end_baseline).start()
        return future


@pytest.mark.slow
@pytest.mark.parametrize("is_good", mostly_slow([True, False], 1))
def test_what_runs_is_waited_for_before_all_is_given_up(
    is_good: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class FailsBut(keras_tuner.HyperModel):
        def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
            return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

        def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
            hp.Int("number", 0, 6)

        def fit(self, hp: keras_tuner.HyperParameters, *args: object, **kwargs: object) -> float:
            if (hp["number"] == 0 and is_good) or hp["number"] > 4:
                return 1.0
            raise ValueError("no such number")

    made = Tuner(
        FailsBut(), None, 7, oracle="grid", executor=Slow(), directory=tmp_path, project_name="run", keep_weights=0
    )
    if is_good:
        made.search()
        status = [row["status"] for row in trials(tmp_path)]
        assert (status[0], len(status)) == ("COMPLETED", 7)
    else:
        with pytest.raises(SearchError, match="every trial failed the same way: ValueError: no such number"):
            made.search()
        ended = [row["trial_id"] for row in trials(tmp_path) if row["status"] == "FAILED"]
        assert ended == ["0", "1", "2", "3", "4"], "the first one has not been waited for, or others were begun"
    assert capsys.readouterr().out.count("no other begins before those that run have ended") == 1


class ReturnsNothing(Small):
    def fit(self, *args: object, **kwargs: object) -> None:
        pass


def not_a_model(hp: keras_tuner.HyperParameters) -> str:
    return "model"


@pytest.mark.parametrize(
    ("hypermodel", "said"),
    [
        (ReturnsNothing(), r"FatalTypeError: The return value of HyperModel\.fit\(\) is None"),
        (not_a_model, "FatalTypeError: the hypermodel must return a Keras model, it returned 'model' of str"),
    ],
)
def test_a_hypermodel_that_can_never_work_ends_the_search(tmp_path: Path, hypermodel: object, said: str) -> None:
    broken = Tuner(hypermodel, workers=0, directory=tmp_path, project_name="run")
    with pytest.raises(SearchError, match=f"^trial 00 shows that no trial can work: {said}[^\n]*$") as raised:
        broken.search(X, Y, validation_data=(X, Y), verbose=0)
    assert isinstance(raised.value, keras_tuner.errors.FatalTypeError), "as scripts catch it"
    [row] = trials(tmp_path)
    assert row["status"] == "FAILED"
    assert row["error"] in (tmp_path / "run" / "summary.csv").read_text()


@pytest.mark.faults
@pytest.mark.parametrize("stale", ["oracle_before_creation", "oracle_before_end"])
def test_a_kill_between_two_files_loses_no_trial_and_runs_none_twice(tmp_path: Path, stale: str) -> None:
    """The trial's file and the oracle's are written one after the other; a kill can fall in between."""
    folder = tmp_path / "run"
    run(tmp_path, max_trials=2)
    old = (folder / "oracle.json").read_bytes()
    if stale == "oracle_before_creation":
        made = tuner(tmp_path, max_trials=4)
        trial = made.oracle.create_trial("tuner0")
        (folder / "oracle.json").write_bytes(old)
        expected_first = trial.trial_id
    else:
        made = tuner(tmp_path, max_trials=3)
        made.oracle.create_trial("tuner0")
        begun = (folder / "oracle.json").read_bytes()
        run(tmp_path, max_trials=3)
        (folder / "oracle.json").write_bytes(begun)
        expected_first = "3"
    resumed = tuner(tmp_path, max_trials=4)
    assert resumed.oracle.create_trial("tuner0").trial_id == expected_first


@pytest.mark.faults
@pytest.mark.parametrize("lost", ["folder", "folder and oracle"])
def test_a_trial_that_is_lost_takes_no_other_ones_place(tmp_path: Path, lost: str) -> None:
    run(tmp_path, max_trials=4)
    before = trials(tmp_path)
    folder = tmp_path / "run"
    shutil.rmtree(folder / "trial_1")
    state = json.loads((folder / "oracle.json").read_text())
    del state["points"]  # as in a run of an older version
    (folder / "oracle.json").write_text("" if lost == "folder and oracle" else json.dumps(state))
    kept = [(folder / f"trial_{number}" / "record.json").read_text() for number in (0, 2, 3)]
    run(tmp_path, max_trials=4)
    assert [(folder / f"trial_{number}" / "record.json").read_text() for number in (0, 2, 3)] == kept
    points = [{name: cell for name, cell in row.items() if name.startswith("hp_")} for row in before]
    found = [{name: cell for name, cell in row.items() if name.startswith("hp_")} for row in trials(tmp_path)]
    assert found == points


@pytest.mark.slow
def test_a_time_budget_ends_the_search_and_more_trials_go_on(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    stopped = tuner(tmp_path, max_trials=1000, time_budget=4.0)
    stopped.search(X, Y, epochs=1, validation_data=(X, Y))
    done = len(trials(tmp_path))
    assert 1 <= done < 1000
    assert "no further trial begins: the time " in capsys.readouterr().out
    run(tmp_path, max_trials=done + 1)
    assert len(trials(tmp_path)) == done + 1
