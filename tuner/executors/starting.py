"""Starts worker processes: forked from a process that has loaded Keras where that is safe, else as new programs."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Protocol

from keras_search.tuner.executors import serving

# A fork server keeps what it has read of these when it loaded Keras; calls bring all other variables along.
_READ_WHEN_LOADED = ("CUDA_", "JAX_", "KERAS_", "MKL_", "OMP_", "PYTHON", "TF_", "XLA_")
_OURS = "keras_search.tuner."


class Process(Protocol):
    """A process that was started.

    Attributes:
        pid: Its number; None for a fork, which tells it when it is ready.
    """

    pid: int | None

    def exit_code(self) -> int | None:
        """Its exit code, or minus the number of the signal that ended it; None while it runs."""
        ...


class _Program:
    """A process that is a program of its own."""

    def __init__(self, environment: Mapping[str, str], descriptor: int) -> None:
        command = serving.command(serving.work.__name__, descriptor, os.getpid())
        self._program = _launch(command, environment, descriptor)
        self.pid: int | None = self._program.pid

    def exit_code(self) -> int | None:
        return self._program.poll()


class _Fork:
    """A fork of a fork server, which writes to `status` how it has ended."""

    pid: int | None = None
    _UNKNOWN = 1  # the server is gone, and its forks end with it

    def __init__(self, status: int) -> None:
        os.set_blocking(status, False)
        self._status = status
        self._code: int | None = None
        self._lock = threading.Lock()

    def exit_code(self) -> int | None:
        with self._lock:
            if self._code is None:
                with contextlib.suppress(BlockingIOError):
                    code = os.read(self._status, 16)
                    self._code = int(code) if code else self._UNKNOWN
                    os.close(self._status)
            return self._code

    def __del__(self) -> None:
        if self._code is None:
            os.close(self._status)


class _ForkServer:
    """A process that loads Keras once, and forks workers. It ends with this process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._requests, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            command = serving.command(serving.fork_workers.__name__, theirs.fileno(), os.getpid())
            self._program = _launch(command, environment, theirs.fileno())

    @property
    def is_alive(self) -> bool:
        return self._program.poll() is None

    def fork(self, descriptor: int) -> _Fork:
        """Asks for a worker that has `descriptor`; it is there once Keras and our modules are loaded."""
        modules = " ".join(name for name in sys.modules if name.startswith(_OURS))
        status, theirs = os.pipe()
        try:
            socket.send_fds(self._requests, [modules.encode()], [descriptor, theirs])
        except OSError:
            os.close(status)
            raise
        finally:
            os.close(theirs)
        return _Fork(status)

    def close(self) -> None:
        """Lets the server end once its last worker has."""
        self._requests.close()


_lock = threading.Lock()
_server: _ForkServer | None = None


def start(environment: Mapping[str, str]) -> tuple[Process, Connection]:
    """A new worker process with the variables of `environment`, and the connection to it."""
    ours, theirs = socket.socketpair()
    with theirs:
        if _may_fork(environment):
            process = _forked(environment, theirs.fileno())
        else:
            process = _Program(environment, theirs.fileno())
    return process, Connection(ours.detach())


def _may_fork(environment: Mapping[str, str]) -> bool:
    # CUDA does not work in a fork of a process that has looked for GPUs; macOS's own libraries in none at all.
    return sys.platform == "linux" and environment["CUDA_VISIBLE_DEVICES"] == "-1"


def _forked(environment: Mapping[str, str], descriptor: int) -> Process:
    with _lock:
        try:
            return _serving(environment).fork(descriptor)
        except OSError:  # it has died since
            return _Program(environment, descriptor)


def _serving(environment: Mapping[str, str]) -> _ForkServer:
    """The fork server for `environment`: kept for all searches of this process, as it takes seconds to start."""
    global _server
    read = {name: value for name, value in os.environ.items() if name.startswith(_READ_WHEN_LOADED)} | dict(environment)
    if _server is None or not _server.is_alive or _server.environment != read:
        if _server is not None:
            _server.close()
        _server = _ForkServer(read)
    return _server


def _launch(command: list[str], environment: Mapping[str, str], descriptor: int) -> subprocess.Popen[bytes]:
    with _without_interrupts():
        return subprocess.Popen(command, env=os.environ | environment, pass_fds=[descriptor])


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that the block starts ignore Ctrl-C, which reaches all in a terminal: their parent ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _forget() -> None:
    """In a fork of this process, which has no server of its own yet."""
    global _server
    if _server is not None:
        _server.close()
    _server = None


os.register_at_fork(after_in_child=_forget)
