"""What comes of a trial whose worker process dies: another try, or a failure that says why; the search goes on."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from keras_search.results import layout
from keras_search.tuner.executors.pool import WorkerDied, failed
from keras_search.tuner.search import outcome
from keras_search.tuner.trial import asked
from keras_search.tuner.trial.task import TrialResult, TrialTask

DEATH = WorkerDied("A worker process was terminated. The exit codes of the workers are {SIGKILL(-9)}")


def task(directory: Path, **more: Any) -> TrialTask:
    return TrialTask(
        trial_id="0",
        hyperparameters=keras_tuner.HyperParameters(),
        directory=directory,
        hypermodel=keras_tuner.HyperModel(),
        objective=keras_tuner.Objective("loss", "min"),
        seed=0,
        is_baseline=True,
        **more,
    )


def hung(directory: Path, text: str) -> TrialTask:
    """A trial with a time limit, whose process has written `text` of where it hung."""
    (directory / layout.TRIAL_HUNG).write_text(text)
    return task(directory, timeout=9.0, retries=1)


def test_a_trial_that_ends_gives_its_result(tmp_path: Path) -> None:
    ended: Future = Future()
    ended.set_result(TrialResult({"loss": 1.0}, 2))
    assert outcome.result(ended, task(tmp_path)) is ended.result()
    assert not outcome.may_be_retried(ended, task(tmp_path, retries=1))


def test_an_error_that_is_no_death_is_the_searchs(tmp_path: Path) -> None:
    broken = failed(OSError("the cluster is gone"))
    assert not outcome.may_be_retried(broken, task(tmp_path, retries=1))
    with pytest.raises(OSError, match="the cluster is gone"):
        outcome.result(broken, task(tmp_path))


def test_the_death_of_its_worker_is_its_failure(tmp_path: Path) -> None:
    ended = outcome.result(failed(DEATH), task(tmp_path))
    assert ended.error == "WorkerDied: its worker process ended with SIGKILL(-9); out of memory, or a crash"
    assert (ended.metrics, ended.hyperparameters) == ({}, None)


def test_what_it_had_asked_for_by_then_is_known(tmp_path: Path) -> None:
    asking = keras_tuner.HyperParameters()
    with asked.noted(asking, tmp_path / layout.TRIAL_ASKED):
        asking.Int("units", 4, 8, default=6)
        ended = outcome.result(failed(DEATH), task(tmp_path))
    assert ended.hyperparameters.values == {"units": 6}


def test_it_is_begun_again_as_often_as_may_be(tmp_path: Path) -> None:
    assert outcome.may_be_retried(failed(DEATH), task(tmp_path, retries=1))
    assert not outcome.may_be_retried(failed(DEATH), task(tmp_path, retries=0))


def test_one_that_hung_is_not_and_says_so(tmp_path: Path) -> None:
    late = hung(tmp_path, "Thread 0x1 (most recent call first):\n")
    assert not outcome.may_be_retried(failed(DEATH), late)
    assert outcome.result(failed(DEATH), late).error == "TimeoutError: not done after 9.0 s; hung.txt says where it was"


def test_one_that_died_before_its_time_limit_did_not_hang(tmp_path: Path) -> None:
    early = hung(tmp_path, "")
    assert outcome.may_be_retried(failed(DEATH), early)
    assert outcome.result(failed(DEATH), early).error.startswith("WorkerDied: ")
