"""The processes of a Dask worker, in which calls run; each is kept for further calls."""

import contextlib
import itertools
import multiprocessing
import threading
from collections import defaultdict
from collections.abc import Iterator

from loky.process_executor import ProcessPoolExecutor

from keras_search.tuner.executors import worker_process, workers

_lock = threading.Lock()
# The idle processes, each with how many calls it has had, by the GPU that it sees and the environment that it was
# started with.
_idle: dict[tuple[str | None, tuple[tuple[str, str], ...]], list[tuple[ProcessPoolExecutor, int]]] = defaultdict(list)
_busy: list[str | None] = []


@contextlib.contextmanager
def process(on_gpu: bool, environment: tuple[tuple[str, str], ...]) -> Iterator[ProcessPoolExecutor]:
    """A process for one call, with Keras loaded; killed if the block raises, else kept for another call."""
    # A Dask worker may be a daemon, which may have no children, as they might outlive it. These end with it anyway.
    multiprocessing.current_process().daemon = False
    gpus = workers.gpus() if on_gpu else []
    with _lock:
        gpu = min(gpus, key=_busy.count) if gpus else None
        _busy.append(gpu)
        idle = _idle[gpu, environment]
        pool, calls = idle.pop() if idle else (None, 0)
    pool = pool or worker_process.begin(worker_process.environment(gpu) | dict(environment))
    is_kept = False
    try:
        yield pool
        is_kept = calls + 1 < worker_process.CALLS_PER_WORKER
    finally:
        with _lock:
            _busy.remove(gpu)
            if is_kept:
                idle.append((pool, calls + 1))
        if not is_kept:
            pool.shutdown(wait=False, kill_workers=True)


def end_idle() -> None:
    """Ends the idle processes."""
    with _lock:
        for pool, _ in itertools.chain.from_iterable(_idle.values()):
            pool.shutdown(wait=False, kill_workers=True)
        _idle.clear()
