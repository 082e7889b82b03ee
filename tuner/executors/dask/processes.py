"""The processes of a Dask worker, in which calls run; each is kept for further calls."""

import contextlib
import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator

from keras_search.tuner.executors import worker_process, workers
from keras_search.tuner.executors.worker_process import WorkerProcess

_lock = threading.Lock()
# The idle processes, by the GPU that they see and the environment that they were started with.
_idle: dict[tuple[str | None, tuple[tuple[str, str], ...]], list[WorkerProcess]] = defaultdict(list)
_busy: list[str | None] = []


@contextlib.contextmanager
def process(on_gpu: bool, environment: tuple[tuple[str, str], ...]) -> Iterator[WorkerProcess]:
    """A process for one call, with Keras loaded; killed if the block raises, else kept for another call."""
    gpus = workers.gpus() if on_gpu else []
    with _lock:
        gpu = min(gpus, key=_busy.count) if gpus else None
        _busy.append(gpu)
        idle = _idle[gpu, environment]
        idle[:] = [worker for worker in idle if worker.is_there]
        worker = idle.pop() if idle else None
    worker = worker or WorkerProcess(worker_process.environment(gpu) | dict(environment))
    is_kept = False
    try:
        yield worker
        is_kept = not worker.is_worn
    finally:
        with _lock:
            _busy.remove(gpu)
            if is_kept:
                idle.append(worker)
        if not is_kept:
            worker.kill()


def end_idle() -> None:
    """Ends the idle processes."""
    with _lock:
        for worker in itertools.chain.from_iterable(_idle.values()):
            worker.kill()
        _idle.clear()
