"""Where trials may run: executors of the toolkit and others, and what is refused in one line."""

import multiprocessing
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

import keras
import keras_tuner
import loky
import numpy as np
import pytest
from joblib.externals.loky.process_executor import ProcessPoolExecutor as joblib_executor

from keras_search import results
from keras_search.tuner import InputError, Tuner
from keras_search.tuner.executors.in_process import InProcessExecutor
from keras_search.tuner.executors.pool import WorkerPool
from keras_search.tuner.executors.workers import check_workers
from tests.helpers import tree

X, Y = np.random.default_rng(0).random((40, 4)), np.arange(40) % 2


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 9)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def shut(pool: futures.Executor) -> futures.Executor:
    pool.shutdown()
    return pool


def client_executor() -> object:
    from distributed.cfexecutor import ClientExecutor

    return object.__new__(ClientExecutor)  # what it does is not asked for


class OwnPool(futures.Executor):
    """Of a kind that nobody knows."""


class Likeness:
    """Looks like an executor of the toolkit."""

    slots = 1
    shares_memory = True
    is_local = True

    def submit(self, *args: object) -> None:
        raise AssertionError


SPAWN = multiprocessing.get_context("spawn")
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "threads": (lambda: futures.ThreadPoolExecutor(2), r"ThreadPoolExecutor: threads share .*: say workers=N"),
    "forks": (
        lambda: futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")),
        r"that forks, and Keras hangs in a fork: make it with mp_context=.*, or say workers=N",
    ),
    "forks by itself": (lambda: futures.ProcessPoolExecutor(), "that forks"),
    "a class": (lambda: futures.ProcessPoolExecutor, r"is the class ProcessPoolExecutor: give an object of it"),
    "our class": (lambda: WorkerPool, "is the class WorkerPool"),
    "of Dask": (client_executor, r"give keras_search\.tuner\.executors\.dask\.executor\.DaskExecutor\(ADDRESS\)"),
    "unknown": (OwnPool, r"OwnPool, in which trials cannot run: say workers=N"),
    "a likeness": (Likeness, "which is no executor: say workers=N"),
    "a text": (lambda: "threads", "executor is 'threads', which is no executor: say workers=N"),
    "a number": (lambda: 4, "executor is 4, which is no executor: say workers=N"),
    "a pool of the standard library": (lambda: SPAWN.Pool, "which is no executor"),
    "shut threads": (lambda: shut(futures.ThreadPoolExecutor(1)), "that is shut down: give one"),
    "shut processes": (lambda: shut(futures.ProcessPoolExecutor(1, mp_context=SPAWN)), "that is shut down: give one"),
    "shut loky": (lambda: shut(loky.ProcessPoolExecutor(1)), "that is shut down: give one"),
    "ours, shut": (lambda: shut(InProcessExecutor()), "that is shut down: give one"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_executor_in_which_trials_cannot_run_is_refused(name: str, tmp_path: Path) -> None:
    make, said = REFUSED[name]
    with pytest.raises(InputError, match=said) as refusal:
        Tuner(build, "val_loss", executor=make(), directory=tmp_path)
    assert "\n" not in str(refusal.value)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (InProcessExecutor, r"keras_search\.tuner\.executors\.in_process\.InProcessExecutor"),
        (lambda: loky.ProcessPoolExecutor(1), r"loky\.process_executor\.ProcessPoolExecutor"),
        (lambda: joblib_executor(1), r"joblib\.externals\.loky\.process_executor\.ProcessPoolExecutor"),
    ],
)
def test_an_executor_that_is_shut_down_before_the_search_is_refused(
    make: Callable[[], object], kind: str, tmp_path: Path
) -> None:
    with make() as executor:
        tuner = Tuner(build, "val_loss", executor=executor, directory=tmp_path)
    before = tree(tmp_path)
    with pytest.raises(InputError, match=f"is a {kind} that is shut down"):
        tuner.search(X, Y, validation_split=0.2, verbose=0)
    assert tree(tmp_path) == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["spawn", "loky"])
def test_a_pool_of_processes_trains_as_workers_do(kind: str, tmp_path: Path) -> None:
    pool = loky.ProcessPoolExecutor(1) if kind == "loky" else futures.ProcessPoolExecutor(1, mp_context=SPAWN)
    with pool:
        tuner = Tuner(build, "val_loss", max_trials=2, executor=pool, directory=tmp_path)
        tuner.search(X, Y, epochs=2, validation_split=0.2, verbose=0)
    trials = results.read(tmp_path / "untitled").trials
    assert trials["status"].tolist() == ["COMPLETED"] * 2
    here = Tuner(build, "val_loss", max_trials=2, workers=0, directory=tmp_path / "here")
    here.search(X, Y, epochs=2, validation_split=0.2, verbose=0)
    scores = results.read(tmp_path / "here" / "untitled").trials["score"]
    assert trials["score"].tolist() == pytest.approx(scores.tolist(), rel=1e-3)


@pytest.mark.parametrize(
    ("workers", "said"),
    [
        ("many", "workers is 'many': give auto or a number"),
        ("2.5", "workers is '2.5'"),
        ("1_0", "workers is '1_0'"),
        ("", "workers is ''"),
        (True, "workers is True"),
        (2.5, "workers is 2.5"),
        (2.0, "workers is 2.0"),
        (None, "workers is None"),
        ([2], r"workers is \[2\]"),
        (float("nan"), "workers is nan"),
        (-1, "workers is -1: give auto, 0 for this process, or more"),
    ],
)
def test_what_is_no_number_of_workers_is_refused(workers: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{said}"):
        Tuner(build, "val_loss", workers=workers, directory=tmp_path)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("shared", [0, -1, True, 1.5, None, "two"])
def test_what_is_no_number_of_trials_a_gpu_is_refused(shared: object) -> None:
    with pytest.raises(InputError, match=r"^trials_per_gpu is .*: it must be a number, at least 1"):
        check_workers("auto", shared)


def test_threads_are_those_of_worker_processes_on_this_machine(tmp_path: Path) -> None:
    for threads in (0, True, 1.5, None, "two"):
        with pytest.raises(InputError, match=r"^threads is .*: it must be a number, at least 1"):
            Tuner(build, "val_loss", threads=threads, directory=tmp_path)
    for place in ({"workers": 0}, {"executor": InProcessExecutor()}):
        with pytest.raises(InputError, match=r"^threads is 2, which is for worker processes on this machine"):
            Tuner(build, "val_loss", threads=2, directory=tmp_path, **place)
    assert tree(tmp_path) == {}


def test_whole_numbers_of_any_kind_are_numbers_of_workers() -> None:
    assert [check_workers(count) for count in (np.int64(2), np.uint8(2), "2", 2)] == [2] * 4
    assert check_workers("auto", np.int32(2)) is None
    assert type(check_workers(np.int64(0))) is int


def test_a_time_limit_needs_a_process_of_the_trials_own(tmp_path: Path) -> None:
    for arguments in ({"workers": 0}, {"workers": np.int64(0)}, {"executor": InProcessExecutor()}):
        with pytest.raises(InputError, match=r"^trial_timeout ends the process of a trial, and workers=0 has none"):
            Tuner(build, "val_loss", trial_timeout=5, directory=tmp_path, **arguments)
