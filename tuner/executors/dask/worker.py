"""The part of a search that runs in a Dask worker: runs each call in a process, and hands its files to the search.

A call works in a replica of the run directory: a folder on the worker's disk with the files that the call names. The
search fills the replica, lets the call begin, and now and then fetches the files that have changed. Only the search
writes in the run directory itself, so a call that is begun twice or outlives its search does no harm.

Keras is not loaded here, so that the Dask worker can always answer and a call can be ended at any moment.
"""

import contextlib
import logging
import pickle
import platform
import shutil
import threading
import time
from collections.abc import Mapping
from concurrent.futures import wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import distributed
from distributed import Status

from keras_search.results import installed
from keras_search.tuner import backend, runtime
from keras_search.tuner.errors import SearchError
from keras_search.tuner.executors.base import WorkerDied
from keras_search.tuner.executors.dask import processes
from keras_search.tuner.transport import stamps
from keras_search.tuner.transport.stamps import Stamp

if TYPE_CHECKING:
    from dask.typing import Key
    from distributed import Worker

# Files of the run directory with their content; None if the other side has it already.
Files = dict[str, tuple[Stamp, bytes | None]]

_CHECK_S = 0.5
_LEFT_OVER_S = 3600


class WorkerLost(WorkerDied):
    """The Dask worker that runs a call is gone or about to go.

    Args:
        lost: What is gone, in words.
    """

    def __init__(self, lost: str) -> None:
        super().__init__(lost)

    def __str__(self) -> str:
        return f"the loss of {self.args[0]}"


@dataclass(frozen=True)
class Call:
    """All that a Dask worker needs to run a call.

    Attributes:
        search: The name of the search.
        root: The run directory on the machine of the search.
        packed: The function and its arguments (`calls.pack`).
        data: The files of the run directory that the call only reads.
        kept: The other files and folders that it names there, which it may write too.
        watches: Whether it reads the learning curves of the run's other trials.
        environment: The variables that its process starts with, since Keras reads some when it is loaded.
    """

    search: str
    root: Path | None
    packed: bytes
    data: Mapping[str, Stamp]
    kept: tuple[str, ...]
    watches: bool
    environment: tuple[tuple[str, str], ...] = ()


@dataclass
class _Replica:
    """A call's own run directory on this worker.

    Attributes:
        folder: The folder of its files.
        shared: The folder of the data that the search has sent for all its calls.
        given: The kept files as they were when the call began.
        is_complete: Set once all files are there.
    """

    call: Call
    folder: Path
    shared: Path
    given: dict[str, Stamp] = field(default_factory=dict)
    is_complete: threading.Event = field(default_factory=threading.Event)

    def place(self, name: str) -> Path:
        """The path of the search's file `name`: the search's own one for data that this machine sees too."""
        if self.call.root is None or name not in self.call.data:
            return self.folder / name
        original = self.call.root / name
        return original if stamps.of(original) == self.call.data[name] else self.shared / name

    def changes(self, known: Mapping[str, Stamp]) -> Files:
        """The kept files; without content if the search has them, with the same stamp in `known`."""
        changes: Files = {}
        for name, stamp in stamps.below(self.folder, self.call.kept).items():
            with contextlib.suppress(FileNotFoundError):
                content = None if known.get(name) == stamp else (self.folder / name).read_bytes()
                changes[name] = (stamp, content)
        return changes


_replicas: dict[str, _Replica] = {}


def run(call: Call, name: str) -> tuple[bytes, Files]:
    """The Dask task: waits until the search has filled the replica, and runs `call` in a process.

    Args:
        name: The name of this attempt at the call.

    Returns:
        A packed pair, (True, what the call returned) or (False, its error), which is `WorkerDied` if its process
        crashed; and the call's files, those that it did not change without content.

    Raises:
        WorkerLost: The Dask worker is closing, or the call is no longer wanted.
    """
    worker = distributed.get_worker()
    task = worker.get_current_task()
    own = Path(worker.local_directory) / f"search-{call.search}"
    replica = _replicas[name] = _Replica(call, own / name, own / "data")
    try:
        _remove_left_overs(own)
        replica.folder.mkdir(parents=True)
        worker.log_event(call.search, {"call": name, "worker": worker.address})
        while not replica.is_complete.wait(_CHECK_S):
            _require_wanted(worker, task)
        with processes.process("GPU" in worker.state.total_resources, call.environment) as process:
            data = {file: replica.place(file) for file in call.data}
            future = process.submit(_run_here, call.packed, replica.folder, data)
            while not wait([future], timeout=_CHECK_S).done:
                _require_wanted(worker, task)
            outcome = future.result()
        return outcome, replica.changes(replica.given)
    except WorkerLost:
        raise
    except WorkerDied as died:
        # With the files, which tell how far it came.
        return pickle.dumps((False, died)), replica.changes(replica.given)
    finally:
        del _replicas[name]
        shutil.rmtree(replica.folder, ignore_errors=True)


def missing(call: str) -> list[str] | None:
    """The names of the data that the call lacks here; None if it has begun, which the search may not know."""
    replica = _replicas[call]
    if replica.is_complete.is_set():
        return None
    return [name for name, stamp in replica.call.data.items() if stamps.of(replica.place(name)) != stamp]


def put(call: str, name: str, stamp: Stamp, offset: int, content: bytes) -> None:
    """Writes a piece of a file at `offset`, in order from 0; the last piece puts the file in place."""
    path = _replicas[call].place(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    writing = path.with_name(f"writing.{path.name}")
    with writing.open("r+b" if offset else "wb") as file:
        file.seek(offset)
        file.write(content)
    if offset + len(content) >= stamp[0]:
        stamps.set_on(writing, stamp)
        writing.replace(path)


def begin(call: str) -> None:
    """Lets the call begin."""
    replica = _replicas[call]
    replica.given = stamps.below(replica.folder, replica.call.kept)
    replica.is_complete.set()


def exchange(call: str, known: Mapping[str, Stamp], news: Files) -> Files | None:
    """Writes the files of other trials, `news`; returns the call's files (`_Replica.changes`), None if it has ended."""
    if call not in _replicas:
        return None
    for name, (stamp, content) in news.items():
        if content is not None:
            put(call, name, stamp, 0, content)
    return _replicas[call].changes(known)


def forget(search: str, dask_worker: "Worker") -> None:
    """Removes the files and processes that are kept here between the calls of `search`."""
    shutil.rmtree(Path(dask_worker.local_directory) / f"search-{search}", ignore_errors=True)
    processes.end_idle()


def versions() -> dict[str, str]:
    """What should be the same on every machine: Python, and the packages that decide the scores."""
    return {"Python": platform.python_version()} | backend.versions() | installed.versions(["distributed"])


def _remove_left_overs(own: Path) -> None:
    """Removes the folders that killed searches have left here."""
    in_use = {f"search-{replica.call.search}" for replica in list(_replicas.values())}
    for folder in own.parent.glob("search-*"):
        if folder.name not in in_use and time.time() - folder.stat().st_mtime > _LEFT_OVER_S:
            shutil.rmtree(folder, ignore_errors=True)


def _require_wanted(worker: "Worker", key: "Key") -> None:
    # Nothing else tells that a task was cancelled or that its client is gone.
    task = worker.state.tasks.get(key)
    if task is None or task.state != "executing" or worker.status not in (Status.running, Status.paused):
        raise WorkerLost(f"Dask worker {worker.address}")


# Dask logs a line for each exchange, which is every few seconds.
logging.getLogger("distributed.worker").addFilter(
    lambda record: not (str(record.msg).startswith("Run out-of-band") and record.args == (exchange.__name__,))
)


def _run_here(packed: bytes, replica: Path, data: Mapping[str, Path]) -> bytes:
    """Runs the call in its own process; packs the outcome, as the Dask worker cannot unpickle Keras's classes."""
    runtime.load_keras_in_worker()
    from keras_search.tuner.fast import patches
    from keras_search.tuner.transport import calls, parcels

    patches.prepare(print)
    try:
        outcome = (True, calls.run(packed, lambda name: data.get(name, replica / name)))
    except calls.LacksCode as error:
        lacks = SearchError(f"the Dask worker on {platform.node()} lacks code of the search: {error}")
        outcome = (False, lacks)
    except Exception as error:
        outcome = (False, error)
    return parcels.pack(replica, outcome)[0]
