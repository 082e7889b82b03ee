"""A worker process as the process that searches sees it: what it runs, how much memory it has used, how it ended.

Importing this module does not load Keras: the Dask worker, which starts such processes, stays light.
"""

import contextlib
import pickle
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import psutil

from keras_search.tuner import backend, runtime
from keras_search.tuner.executors import starting
from keras_search.tuner.executors.base import WorkerDied

# TensorFlow loses some megabytes with every model that it trains, in plain Keras too. The first calls do not count as
# growth: with the first trial, the backend starts.
GROWTH_BYTES = 60_000_000
_FIRST_CALLS = 2

_CHECK_S = 0.2
_EXIT_S = 5.0


def environment(gpu: str | None, threads: int = 1) -> dict[str, str]:
    """The variables for a worker that sees only `gpu`, or no GPU, and computes in `threads`."""
    variables = {"CUDA_VISIBLE_DEVICES": "-1" if gpu is None else gpu, **backend.environment(threads)}
    # JAX would look for its GPUs, and print that there are none.
    return variables | ({"JAX_PLATFORMS": "cpu"} if gpu is None else {})


def run_packed(packed: bytes) -> Any:
    """Makes a call that `calls.pack` has packed, once Keras is loaded: what workers run."""
    runtime.load_keras_in_worker()
    from keras_search.tuner.transport import calls

    return calls.run(packed)


class WorkerProcess:
    """A process with Keras loaded, which makes one call after another.

    Args:
        environment: The variables that it has.

    Attributes:
        is_ready: Whether it has loaded Keras.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process, self._connection = starting.start(environment)
        self._calls: queue.SimpleQueue[tuple[Future, bytes] | None] = queue.SimpleQueue()
        self._pid = self._process.pid
        self.is_ready = False
        self._is_killed = False
        self._made = 0
        self._first_bytes = self._bytes = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        return self._process.exit_code() is not None

    @property
    def is_there(self) -> bool:
        """Whether the process, which is idle or still starting, takes another call."""
        try:
            # An idle process that can be read from has hung up, which is known before its exit code.
            return not self.has_ended and not (self.is_ready and self._connection.poll())
        except OSError:  # our end is closed too
            return False

    @property
    def is_worn(self) -> bool:
        """Whether its memory has grown so much that another should take its place."""
        return self._bytes - self._first_bytes >= GROWTH_BYTES

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Future:
        """Makes the call in the process, after those before it; if the process dies, its future raises `WorkerDied`."""
        future: Future = Future()
        future.set_running_or_notify_cancel()
        self._calls.put((future, pickle.dumps((function, args))))
        return future

    def end(self) -> None:
        """Lets the process end once it has made its calls."""
        self._calls.put(None)

    def kill(self) -> None:
        """Ends the process and those that it has started, at once."""
        self._is_killed = True
        self._calls.put(None)
        if self._pid is None or self.has_ended:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            worker = psutil.Process(self._pid)
            for process in [worker, *worker.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    def join(self) -> None:
        """Waits until a process that was killed is gone."""
        self._thread.join()
        if self.is_ready:
            self._cause()

    def _serve(self) -> None:
        with self._connection, contextlib.suppress(EOFError, OSError):
            self._pid, self.is_ready = pickle.loads(self._answer()), True
            while (call := self._calls.get()) is not None:
                self._make(*call)
                del call  # with the result, which may be large
            return
        # It died, maybe while it was idle or still starting.
        while (call := self._calls.get()) is not None:
            call[0].set_exception(WorkerDied(self._cause()))

    def _make(self, future: Future, message: bytes) -> None:
        try:
            self._connection.send_bytes(message)
            answer = self._answer()
        except (EOFError, OSError):
            future.set_exception(WorkerDied(self._cause()))
            raise
        try:
            self._bytes, failure, value = pickle.loads(answer)
        except Exception as error:  # an object's own unpickling may raise anything
            future.set_exception(error)
            return
        self._made += 1
        if self._made <= _FIRST_CALLS:
            self._first_bytes = self._bytes
        if failure is None:
            future.set_result(value)
        else:
            value.__cause__ = _Remote(failure)
            future.set_exception(value)

    def _answer(self) -> bytes:
        """What the process sends next; raises EOFError if it dies, although processes that it has started live on."""
        while not self._connection.poll(_CHECK_S):
            if self._is_killed or self.has_ended:
                raise EOFError
        return self._connection.recv_bytes()

    def _cause(self) -> str:
        """How the process ended: by signal or exit code."""
        until = time.monotonic() + _EXIT_S
        while (code := self._process.exit_code()) is None and time.monotonic() < until:
            time.sleep(0.01)
        if code is None:
            return "no exit code"
        return f"{signal.Signals(-code).name}({code})" if code < 0 else f"EXIT({code})"


class _Remote(Exception):
    """The traceback of an error in another process."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"
