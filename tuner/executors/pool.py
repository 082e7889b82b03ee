"""Where trials run: in this process, or in workers on this machine. All that a search knows of it is an `Executor`."""

import contextlib
import importlib.util
import itertools
import operator
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import psutil
from loky import cpu_count
from loky.process_executor import ProcessPoolExecutor

from keras_search.results import streams
from keras_search.results.errors import Parameter
from keras_search.tuner import runtime
from keras_search.tuner.errors import InputError
from keras_search.tuner.executors.base import Executor

# The error of a call whose worker process was killed or crashed; loky's own is one of its kind.
WorkerDied = BrokenProcessPool

# TensorFlow keeps about 5 MB of every model that it has trained, plain Keras's too; 15 of them stay below 100 MB.
CALLS_PER_WORKER = 15

# loky compares with a worker that has just begun, so a first trial and the data that it maps count as growth too.
LEAK_BYTES = 1_000_000_000

_PARENT_CHECK_S = 0.5

# A worker with MNIST mapped and the documented CNN in training held 0.75 GB of its own; larger models need more.
WORKER_BYTES = 1_500_000_000


class InProcessExecutor(Executor):
    """Runs each call at once, in this process: for a debugger."""

    slots = 1
    shares_memory = True
    is_local = True

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        from keras_search.tuner.transport import settings

        future: Future = Future()
        try:
            # As in a worker, what one trial sets is not set for the next; and the user's code may print.
            with settings.kept(), streams.unfailing():
                future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class WorkerPool(Executor):
    """Worker processes on this machine, each with TensorFlow loaded once and one thread.

    Every slot is a loky pool of a single process, so a worker that dies takes only its own call with it. A worker is
    replaced after `CALLS_PER_WORKER` calls, or when its memory has grown by `LEAK_BYTES`. At most `slots` calls at a
    time.

    Args:
        slots: How many workers.
        gpus: The GPUs to spread them over, one visible to each; none for the CPU.
    """

    shares_memory = False
    is_local = True

    def __init__(self, slots: int, gpus: list[str] | None = None) -> None:
        self.slots = slots
        self._environments = [_environment(gpus[slot % len(gpus)] if gpus else None) for slot in range(slots)]
        self._pools = [_single_worker(environment) for environment in self._environments]
        self._calls = [0] * slots
        self._idle = list(range(slots))[::-1]
        warnings.filterwarnings("ignore", message="A worker was restarted", category=UserWarning)
        self._changed = threading.Condition()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Runs the call in an idle worker, under this thread's settings; waits for one where all are busy."""
        from keras_search.tuner.transport import calls

        try:
            packed, _ = calls.pack(fn, args, kwargs)
        except Exception as error:  # whatever an argument's own way of being pickled raises
            return failed(error)
        with self._changed:
            # A caller may hear that a call is done before its worker is counted as idle.
            self._changed.wait_for(lambda: self._idle)
            slot = self._idle.pop()
            try:
                future = self._pools[slot].submit(run_packed, packed)
            except WorkerDied:
                # While it was idle, or still beginning.
                self._renew(slot)
                future = self._pools[slot].submit(run_packed, packed)
        future.add_done_callback(lambda done: self._release(slot, done))
        return future

    def _release(self, slot: int, done: Future) -> None:
        with self._changed:
            self._calls[slot] += 1
            is_worn = self._calls[slot] >= CALLS_PER_WORKER
            is_dead = not done.cancelled() and isinstance(done.exception(), BrokenProcessPool)
            # A caller may hear of a death, and end the pool, before this is reached.
            if not self.is_shut and (is_worn or is_dead):
                self._renew(slot)
            self._idle.append(slot)
            self._changed.notify()

    def _renew(self, slot: int) -> None:
        self._pools[slot].shutdown(wait=False)
        self._pools[slot] = _single_worker(self._environments[slot])
        self._calls[slot] = 0

    def shutdown(self, wait: bool = True) -> None:
        with self._changed:  # a worker that is being replaced just now is ended as the others are
            super().shutdown(wait)
        for pool in self._pools:
            pool.shutdown(wait=wait, kill_workers=True)


def run_all(executor: Executor, fn: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
    """The results of `fn` for each of `tasks`, as they come, as many at once as the executor has slots."""
    waiting = iter(tasks)
    running = {executor.submit(fn, task) for task in itertools.islice(waiting, executor.slots)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {executor.submit(fn, task) for task in itertools.islice(waiting, len(done))}
        for future in done:
            yield future.result()


def run_packed(packed: bytes) -> Any:
    """What a worker is given: a call by `calls.pack`, which it makes once TensorFlow is loaded."""
    runtime.load_tensorflow_in_worker()
    from keras_search.tuner.transport import calls

    return calls.run(packed)


def failed(error: BaseException) -> Future:
    """A call that has failed before it began."""
    future: Future = Future()
    future.set_exception(error)
    return future


def cause_of_death(error: BaseException) -> str:
    """How the process of a call that failed with `WorkerDied` ended, where loky knows by the signal or exit code."""
    codes = re.search(r"\{(.*)\}", str(error))
    return codes[1] if codes else str(error)


def make(workers: int | str, trials_per_gpu: int = 1, scheduler: str | None = None) -> Executor:
    """The executor for `workers`: `auto`, a number of processes, or 0 for this process.

    `auto` is a worker a GPU, times `trials_per_gpu`; without GPUs a worker a core, fewer where memory is short. With
    the address of a Dask `scheduler`, all that its cluster has room for.

    Raises:
        InputError: `workers` is neither, `trials_per_gpu` is not positive, or the cluster cannot be used.
    """
    if scheduler is not None:
        if importlib.util.find_spec("distributed") is None:
            raise InputError(
                Parameter("scheduler"), " needs the package distributed: python -m pip install -e '.[distributed]'"
            )
        from keras_search.tuner.executors.dask.executor import DaskExecutor

        return DaskExecutor(scheduler, workers, trials_per_gpu)
    count = check_workers(workers, trials_per_gpu)
    if count == 0:
        return InProcessExecutor()
    gpus = _gpus()
    if count is None:
        count = len(gpus) * trials_per_gpu if gpus else _workers_that_fit()
    return WorkerPool(count, gpus)


def check_workers(workers: int | str, trials_per_gpu: int = 1) -> int | None:
    """`workers` as a number, None for `auto`; raises InputError if it is neither, or `trials_per_gpu` not positive."""
    if (shared := _whole(trials_per_gpu)) is None or shared < 1:
        raise InputError(Parameter("trials_per_gpu"), f" is {trials_per_gpu!r}: it must be a number, at least 1")
    if isinstance(workers, str) and workers == "auto":
        return None
    if (count := _whole(workers)) is None:
        raise InputError(Parameter("workers"), f" is {workers!r}: give auto or a number")
    if count < 0:
        raise InputError(Parameter("workers"), f" is {count}: give auto, 0 for this process, or more")
    return count


def _whole(value: Any) -> int | None:
    """A whole number of any kind, or written as the command line gets it; None for anything else, `True` included."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"[+-]?[0-9]{1,9}", value.strip()) else None
    if isinstance(value, bool):
        return None
    with contextlib.suppress(TypeError):
        return operator.index(value)
    return None


def _single_worker(environment: dict[str, str]) -> ProcessPoolExecutor:
    pool = ProcessPoolExecutor(max_workers=1, env=environment, initializer=_begin_worker, initargs=(os.getpid(),))
    # TensorFlow takes seconds to import: the worker begins now, while the caller goes on.
    with _without_interrupts():
        pool.submit(int)
    return pool


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal; one that begins here never hears of it: its parent ends it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(parent: int) -> None:
    # Before the seconds that TensorFlow takes, in which the parent may die too.
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    streams.make_unfailing()
    runtime.load_tensorflow_in_worker()


def _end_with(parent: int) -> None:
    """Ends this process once its parent is gone: an orphan would train on, and write where a resumed search writes."""
    while psutil.pid_exists(parent) and os.getppid() == parent:
        time.sleep(_PARENT_CHECK_S)
    os._exit(1)


def _environment(gpu: str | None) -> dict[str, str]:
    environment = {
        "CUDA_VISIBLE_DEVICES": "-1" if gpu is None else gpu,
        "LOKY_MAX_MEMORY_LEAK_SIZE": str(LEAK_BYTES),
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
    # One thread a worker: its numbers do not depend on how many workers there are, and no core waits for another.
    threads = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return environment | dict.fromkeys(threads, "1")


def _workers_that_fit() -> int:
    by_memory = psutil.virtual_memory().available // WORKER_BYTES
    return max(1, min(cpu_count(), by_memory))


def _gpus() -> list[str]:
    """The GPUs that TensorFlow may use, as CUDA_VISIBLE_DEVICES names them."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [gpu for gpu in allowed.split(",") if gpu not in ("", "-1")]
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True)
    return [str(number) for number, _ in enumerate(listed.stdout.splitlines())] if listed.returncode == 0 else []
