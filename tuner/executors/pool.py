"""Trials in worker processes on this machine."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from keras_search.tuner.executors import worker_process
from keras_search.tuner.executors.base import Executor, WorkerDied, failed
from keras_search.tuner.executors.worker_process import WorkerProcess


class WorkerPool(Executor):
    """Worker processes on this machine, each with Keras loaded.

    A worker whose memory has grown is replaced by another that is ready before it ends, one of them at a time.

    Args:
        slots: How many workers, and calls at once.
        gpus: The GPUs to spread them over, one visible to each worker; empty or None for the CPU.
        threads: In how many threads each computes.
    """

    shares_memory = False
    is_local = True

    def __init__(self, slots: int, gpus: list[str] | None = None, threads: int = 1) -> None:
        self.slots, self.threads = slots, threads
        visible = [gpus[slot % len(gpus)] if gpus else None for slot in range(slots)]
        self._environments = [worker_process.environment(gpu, threads) for gpu in visible]
        self._workers = [WorkerProcess(environment) for environment in self._environments]
        self._retired: list[WorkerProcess] = []
        self._successor: WorkerProcess | None = None
        self._successor_of = 0
        self._idle = list(range(slots))[::-1]
        self._changed = threading.Condition()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Runs the call in an idle worker, under this thread's settings; waits if all are busy."""
        from keras_search.tuner.transport import calls

        try:
            packed, _ = calls.pack(fn, args, kwargs)
        except Exception as error:  # an argument's own pickling may raise anything
            return failed(error)
        with self._changed:
            # The caller may learn that a call is done before its worker counts as idle.
            self._changed.wait_for(lambda: self._idle)
            slot = self._idle.pop()
            if not self._workers[slot].is_there:
                self._workers[slot] = WorkerProcess(self._environments[slot])
            self._renew(slot)
            future = self._workers[slot].submit(worker_process.run_packed, packed)
        future.add_done_callback(lambda done: self._release(slot, done))
        return future

    def _release(self, slot: int, done: Future) -> None:
        with self._changed:
            # The caller may learn of a death and shut the pool down before this line.
            if not self.is_shut and isinstance(done.exception(), WorkerDied):
                self._workers[slot] = WorkerProcess(self._environments[slot])
            elif not self.is_shut:
                self._renew(slot)
            self._idle.append(slot)
            self._changed.notify()

    def _renew(self, slot: int) -> None:
        """Gives an idle `slot` that has a worn worker its successor, if that is ready; else begins one, if none is."""
        if self._successor is None and self._workers[slot].is_worn:
            self._successor, self._successor_of = WorkerProcess(self._environments[slot]), slot
        elif self._successor is not None and self._successor_of == slot and self._successor.is_ready:
            self._workers[slot].end()
            self._retired = [worker for worker in [*self._retired, self._workers[slot]] if not worker.has_ended]
            self._workers[slot], self._successor = self._successor, None

    def shutdown(self, wait: bool = True) -> None:
        with self._changed:  # else a worker that is just being replaced would outlive the pool
            super().shutdown(wait)
        workers = [*self._workers, *self._retired, *filter(None, [self._successor])]
        for worker in workers:
            worker.kill()
        for worker in workers if wait else ():
            worker.join()
