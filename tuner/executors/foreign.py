"""Executors that users bring: those in which trials can run are wrapped, all others refused in one line."""

from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import ProcessPoolExecutor
from typing import Any

from keras_search.results.errors import Parameter
from keras_search.tuner.errors import InputError
from keras_search.tuner.executors import worker_process
from keras_search.tuner.executors.base import Executor, WorkerDied, failed

_NAME = Parameter("executor")
_USE_WORKERS = (": say ", Parameter("workers"), "=N in its place")


def adopt(executor: Any) -> Executor:
    """The user's `executor` as one of the toolkit's: itself, or a wrapped pool of processes.

    Raises:
        InputError: Trials cannot run in it.
    """
    if isinstance(executor, type):
        raise InputError(_NAME, f" is the class {executor.__name__}: give an object of it, {executor.__name__}(...)")
    if _is_shut(executor):
        raise InputError(
            _NAME, f" is a {_kind(executor)} that is shut down: give one that takes calls, and shut it down later"
        )
    if isinstance(executor, Executor):
        return executor
    if isinstance(executor, ThreadPoolExecutor):
        raise InputError(
            _NAME,
            f" is a {_kind(executor)}: threads share the seeds and the state of Keras, so no two trials can run in "
            "one process",
            *_USE_WORKERS,
        )
    if isinstance(executor, ProcessPoolExecutor) or _is_loky(executor):
        return ForeignProcesses(executor)
    if _kind(executor).startswith("distributed."):
        raise InputError(
            _NAME,
            f" is a {_kind(executor)}: give keras_search.tuner.executors.dask.executor.DaskExecutor(ADDRESS), with the "
            "scheduler's address",
        )
    if isinstance(executor, futures.Executor):
        raise InputError(_NAME, f" is a {_kind(executor)}, in which trials cannot run", *_USE_WORKERS)
    raise InputError(_NAME, f" is {executor!r:.80}, which is no executor", *_USE_WORKERS)


class ForeignProcesses(Executor):
    """Runs calls in the caller's pool of processes, which the caller shuts down.

    When a process of Python's own pools dies, the whole pool is broken and takes no more calls.

    Raises:
        InputError: The pool forks this process: Keras, whose backend's threads are not forked, would hang.
    """

    shares_memory = False
    is_local = True

    def __init__(self, pool: Any) -> None:
        if not _is_loky(pool) and _forks(pool):
            raise InputError(
                _NAME,
                f" is a {_kind(pool)} that forks, and Keras hangs in a fork: make it with "
                "mp_context=multiprocessing.get_context('spawn'), or say ",
                Parameter("workers"),
                "=N in its place",
            )
        self._pool = pool
        self.slots = pool._max_workers

    @property
    def is_shut(self) -> bool:
        return _is_shut(self._pool)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        from keras_search.tuner.transport import calls

        try:
            packed, _ = calls.pack(fn, args, kwargs)
        except Exception as error:  # an argument's own pickling may raise anything
            return failed(error)
        try:
            return self._pool.submit(worker_process.run_packed, packed)
        except WorkerDied as error:
            return failed(error)


def _is_loky(executor: futures.Executor) -> bool:
    """Whether it is an executor of loky, or of the copy of loky in joblib."""
    return any(kind.__module__.endswith("loky.process_executor") for kind in type(executor).__mro__)


def _forks(pool: Any) -> bool:
    # A fork server is fine: even if it has loaded Keras, it has started no thread of its backend before it forks.
    return pool._mp_context.get_start_method() == "fork"


def _is_shut(executor: Any) -> bool:
    flags = getattr(executor, "_flags", None)  # loky's
    marks = [getattr(executor, name, None) for name in ("is_shut", "_shutdown", "_shutdown_thread", "_broken")]
    marks += [getattr(flags, "shutdown", None), getattr(flags, "broken", None)]
    return any(mark is not None and mark is not False and not callable(mark) for mark in marks)


def _kind(executor: Any) -> str:
    kind = type(executor._pool if isinstance(executor, ForeignProcesses) else executor)
    return f"{kind.__module__}.{kind.__qualname__}"
