"""Chooses where trials run, as the user asks: in this process, in workers on this machine, or on a cluster."""

import importlib.util
from concurrent import futures

from keras_search.results.errors import Parameter
from keras_search.tuner import runtime
from keras_search.tuner.errors import InputError
from keras_search.tuner.executors import foreign
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.executors.in_process import InProcessExecutor
from keras_search.tuner.executors.pool import WorkerPool
from keras_search.tuner.executors.workers import check_threads, check_workers, gpus, workers_that_fit


def make(workers: int | str, trials_per_gpu: int = 1, scheduler: str | None = None, threads: int = 1) -> Executor:
    """The executor for `workers`: `auto`, a number of processes, or 0 for this process.

    `auto` is `trials_per_gpu` workers for each GPU; without GPUs, a worker for each `threads` cores, or fewer if memory
    is short. With the address of a Dask `scheduler`, it is as many as the cluster has room for.

    Raises:
        InputError: `workers` is none of these, `trials_per_gpu` or `threads` is not possible, or the cluster cannot be
            used.
    """
    threads = check_threads(threads, scheduler is None and not is_here(workers))
    if scheduler is not None:
        if importlib.util.find_spec("distributed") is None:
            raise InputError(
                Parameter("scheduler"), " needs the package distributed: python -m pip install -e '.[distributed]'"
            )
        runtime.load_keras()  # which the executor's module would load with all the lines that it prints
        from keras_search.tuner.executors.dask.executor import DaskExecutor

        return DaskExecutor(scheduler, workers, trials_per_gpu)
    count = check_workers(workers, trials_per_gpu)
    if count == 0:
        return InProcessExecutor()
    visible = gpus()
    if count is None:
        count = len(visible) * trials_per_gpu if visible else workers_that_fit(threads)
    pool = WorkerPool(count, visible, threads)
    pool.is_auto = is_auto(workers)
    return pool


def is_auto(workers: int | str) -> bool:
    """Whether `workers` leaves it to the toolkit where trials run."""
    return check_workers(workers) is None


def is_here(workers: int | str) -> bool:
    """Whether `workers` asks for this process."""
    return check_workers(workers) == 0


def for_strategy(workers: int | str, executor: object, strategy: object) -> int | str:
    """`workers`, or 0 where a `tf.distribute.Strategy` is to train each model: it cannot go to another process.

    Raises:
        InputError: Worker processes were asked for.
    """
    if strategy is None:
        return workers
    if executor is not None or workers not in ("auto", 0):
        asked = f"executor={executor!r}" if executor is not None else f"workers={workers!r}"
        raise InputError(f"distribution_strategy trains in this process, and {asked} was asked for: leave out either")
    return 0


def accepted(
    executor: Executor | futures.Executor | None,
    workers: int | str,
    trials_per_gpu: int,
    threads: int,
    trial_timeout: float | None,
) -> Executor | None:
    """The user's `executor`, as one of the toolkit's; None if there is none, and `make` is to make one.

    Raises:
        InputError: Trials cannot run in it or cannot be timed there, or `workers`, `trials_per_gpu` or `threads` is
            impossible.
    """
    in_this_process = check_workers(workers, trials_per_gpu) == 0
    check_threads(threads, executor is None and not in_this_process)
    if executor is not None:
        executor = foreign.adopt(executor)
        in_this_process = executor.shares_memory
    if trial_timeout is not None and in_this_process:
        timeout, number = Parameter("trial_timeout"), Parameter("workers")
        raise InputError(timeout, " ends the process of a trial, and ", number, "=0 has none: use ", number, "=1")
    return executor
