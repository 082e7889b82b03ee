"""Trials in worker processes on this machine."""

import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from keras_search.tuner.executors import worker_process
from keras_search.tuner.executors.base import Executor, WorkerDied, failed


class WorkerPool(Executor):
    """Worker processes on this machine, each with Keras loaded once and one thread.

    Every slot is a loky pool of a single process, so a worker that dies takes only its own call with it. A worker is
    replaced after `CALLS_PER_WORKER` calls, or when its memory has grown by `LEAK_BYTES`.

    Args:
        slots: How many workers, and calls at once.
        gpus: The GPUs to spread them over, one visible to each worker; empty or None for the CPU.
    """

    shares_memory = False
    is_local = True

    def __init__(self, slots: int, gpus: list[str] | None = None) -> None:
        self.slots = slots
        visible = [gpus[slot % len(gpus)] if gpus else None for slot in range(slots)]
        self._environments = list(map(worker_process.environment, visible))
        self._pools = [worker_process.begin(environment) for environment in self._environments]
        self._calls = [0] * slots
        self._idle = list(range(slots))[::-1]
        warnings.filterwarnings("ignore", message="A worker was restarted", category=UserWarning)
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
            try:
                future = self._pools[slot].submit(worker_process.run_packed, packed)
            except WorkerDied:
                # It died while it was idle or still starting.
                self._renew(slot)
                future = self._pools[slot].submit(worker_process.run_packed, packed)
        future.add_done_callback(lambda done: self._release(slot, done))
        return future

    def _release(self, slot: int, done: Future) -> None:
        with self._changed:
            self._calls[slot] += 1
            is_worn = self._calls[slot] >= worker_process.CALLS_PER_WORKER
            is_dead = not done.cancelled() and isinstance(done.exception(), WorkerDied)
            # The caller may learn of a death and shut the pool down before this line.
            if not self.is_shut and (is_worn or is_dead):
                self._renew(slot)
            self._idle.append(slot)
            self._changed.notify()

    def _renew(self, slot: int) -> None:
        self._pools[slot].shutdown(wait=False)
        self._pools[slot] = worker_process.begin(self._environments[slot])
        self._calls[slot] = 0

    def shutdown(self, wait: bool = True) -> None:
        with self._changed:  # else a worker that is just being replaced would outlive the pool
            super().shutdown(wait)
        for pool in self._pools:
            pool.shutdown(wait=wait, kill_workers=True)
