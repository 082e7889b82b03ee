"""What runs in a worker process, and in the fork server, from which workers without a GPU are forked.

Both are started as programs of their own (`command`), never forked from the process that searches. The fork server
loads Keras once and then only forks: as long as it has one thread, its forks are as good as new processes, and there in
milliseconds.
"""

import contextlib
import faulthandler
import gc
import importlib
import os
import pickle
import select
import signal
import socket
import sys
import threading
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

import cloudpickle
import psutil

from keras_search.results import streams
from keras_search.results.text import error_line
from keras_search.tuner import runtime

_PARENT_CHECK_S = 0.5
_MOST_BYTES = 2**16
# Its own fork handlers stop and start the thread of jemalloc, which PyArrow brings along.
_FORKS_WITH_CARE = "jemalloc_bg_thd"


def command(task: str, *numbers: int) -> list[str]:
    """The command of a process that finds modules where this one does, and calls the function `task` of this module."""
    code = (
        f"import sys; sys.path[:] = {list(map(str, sys.path))!r}; sys.argv[:] = {list(map(str, sys.argv))!r}; "
        f"from {__name__} import {task}; {task}{numbers!r}"
    )
    return [sys.executable, "-c", code]


def work(descriptor: int, parent: int) -> None:
    """Makes the calls that arrive, one after another, until the other side hangs up or the `parent` is gone."""
    _end_with(parent)  # first of all: it may die in the seconds that Keras takes to load
    _load()
    _serve(descriptor)


def fork_workers(descriptor: int, parent: int) -> None:
    """Loads Keras, and forks a worker whenever the other side asks for one, until that hangs up."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a search outlives its terminal; when it ends, so does this process
    _load()
    server = os.getpid()
    worker = _forked(socket.socket(fileno=descriptor), parent)
    if worker is not None:
        _end_with(server)
        _serve(worker)


def _load() -> None:
    if sys.stderr is not None:
        faulthandler.enable()
    streams.make_unfailing()
    runtime.load_keras_in_worker()


def _serve(descriptor: int) -> None:
    connection = Connection(descriptor)
    try:
        connection.send(os.getpid())  # it is ready
        while True:
            connection.send_bytes(_outcome(connection.recv_bytes()))
    except (EOFError, ConnectionError):
        return


def _forked(requests: socket.socket, parent: int) -> int | None:
    """Serves `requests`, each for a fork; returns in each fork, with the descriptor that its calls come from.

    A request is the names of modules that the fork needs, and two descriptors: of its calls, and to tell its end by.
    Returns None in the server, once nobody can ask any more and the last fork has ended.
    """
    statuses: dict[int, int] = {}
    awake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    is_open = True
    while os.getppid() == parent and (is_open or statuses):
        waiting = [awake, requests] if is_open else [awake]
        ready, _, _ = select.select(waiting, [], [], _PARENT_CHECK_S)
        if awake in ready:
            os.read(awake, 4096)
        _tell_ended(statuses)
        if requests not in ready:
            continue
        modules, descriptors, _, _ = socket.recv_fds(requests, _MOST_BYTES, 2)
        is_open = bool(descriptors)
        if not is_open:
            continue
        _import(modules.decode().split())
        connection, status = descriptors
        worker = _fork(connection)
        if worker == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number in (awake, wake, status, *statuses.values()):
                os.close(number)
            requests.close()
            return connection
        os.close(connection)
        statuses[worker] = status
    return None


def _import(modules: list[str]) -> None:
    """Loads `modules` for all later forks, as far as they are not loaded."""
    for module in set(modules) - sys.modules.keys():
        with contextlib.suppress(Exception):  # a call that needs it will say so
            importlib.import_module(module)
    gc.freeze()


def _fork(connection: int) -> int:
    """Forks; if this process has threads, the fork begins anew as a program of its own, with the same `connection`."""
    import numpy as np

    server = os.getpid()
    is_safe = _has_one_thread()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python and JAX warn of forks with threads
        worker = os.fork()
    if worker == 0 and not is_safe:
        os.set_inheritable(connection, True)
        os.execv(sys.executable, command(work.__name__, connection, server))
    if worker == 0:
        np.random.seed()  # or all workers would draw the same numbers
    return worker


def _has_one_thread() -> bool:
    names = [(thread / "comm").read_text().strip() for thread in Path("/proc/self/task").iterdir()]
    return len([name for name in names if name != _FORKS_WITH_CARE]) == 1


def _tell_ended(statuses: dict[int, int]) -> None:
    """Writes the exit code of each child that has ended to the descriptor that `statuses` has for it."""
    for worker in list(statuses):
        pid, status = os.waitpid(worker, os.WNOHANG)
        if pid:
            descriptor = statuses.pop(worker)
            with contextlib.suppress(BrokenPipeError):  # nobody wants to know
                os.write(descriptor, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(descriptor)


def _outcome(message: bytes) -> bytes:
    """Makes a call, a pickled function with its arguments; pickles what comes of it, with the memory used after it."""
    failure = None
    try:
        function, args = pickle.loads(message)
        value = function(*args)
    except BaseException as error:  # a SystemExit of the call ends the call, not the worker
        value, failure = error, traceback.format_exc()
    try:
        return cloudpickle.dumps((_own_bytes(), failure, value))
    except Exception as error:  # an object's own pickling may raise anything
        unsent = RuntimeError(f"the outcome of a call cannot be sent from its process: {error_line(error)}")
        return cloudpickle.dumps((_own_bytes(), traceback.format_exc(), unsent))


def _own_bytes() -> int:
    """The memory of this process; without the files that it maps, where that is known."""
    memory = psutil.Process().memory_info()
    return memory.rss - getattr(memory, "shared", 0)


def _end_with(parent: int) -> None:
    """Ends this process once its parent is gone: an orphan would train on and write into a resumed run."""

    def watch() -> None:
        while psutil.pid_exists(parent) and os.getppid() == parent:
            time.sleep(_PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
