"""A worker process: how it starts, what it runs, how it ends with its parent.

Importing this module does not load Keras: the Dask worker, which starts such processes, stays light.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
from loky.process_executor import ProcessPoolExecutor

from keras_search.results import streams
from keras_search.tuner import backend, runtime

# TensorFlow leaks about 5 MB for every model that it trains, in plain Keras too; 15 of them stay below 100 MB.
CALLS_PER_WORKER = 15

# loky compares with a worker that has just started, so the first trial and the data that it maps count as growth.
LEAK_BYTES = 1_000_000_000

_PARENT_CHECK_S = 0.5


def environment(gpu: str | None) -> dict[str, str]:
    """The variables for a worker that sees only `gpu`, or no GPU."""
    variables = {
        "CUDA_VISIBLE_DEVICES": "-1" if gpu is None else gpu,
        "LOKY_MAX_MEMORY_LEAK_SIZE": str(LEAK_BYTES),
        **backend.environment(),
    }
    # JAX would look for its GPUs, and print that there are none.
    return variables | ({"JAX_PLATFORMS": "cpu"} if gpu is None else {})


def begin(environment: dict[str, str]) -> ProcessPoolExecutor:
    """A pool of a single process with the variables of `environment`, which is started at once."""
    pool = ProcessPoolExecutor(max_workers=1, env=environment, initializer=_begin_worker, initargs=(os.getpid(),))
    # Keras takes seconds to import: the worker starts on it while the caller goes on.
    with _without_interrupts():
        pool.submit(int)
    return pool


def run_packed(packed: bytes) -> Any:
    """Makes a call that `calls.pack` has packed, once Keras is loaded: what workers run."""
    runtime.load_keras_in_worker()
    from keras_search.tuner.transport import calls

    return calls.run(packed)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that the block starts ignore Ctrl-C, which reaches all in a terminal: their parent ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(parent: int) -> None:
    # First of all: the parent may die in the seconds that Keras takes to load.
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    streams.make_unfailing()
    runtime.load_keras_in_worker()


def _end_with(parent: int) -> None:
    """Ends this process once its parent is gone: an orphan would train on and write into a resumed run."""
    while psutil.pid_exists(parent) and os.getppid() == parent:
        time.sleep(_PARENT_CHECK_S)
    os._exit(1)
