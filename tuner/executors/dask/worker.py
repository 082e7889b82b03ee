"""What of a search runs in a Dask worker: it hands each call to a process of its own, and its files to the search.

A call works in a replica of the run directory, on the worker's disk: a folder that holds the files that it names. The
search fills it, lets the call begin, and from time to time asks for the files that have changed. It alone writes in the
run directory itself, so a call that is begun twice, or outlives its search, spoils nothing.

TensorFlow is not loaded here: the Dask worker can always answer, and a call can be ended at any moment.
"""

import contextlib
import logging
import platform
import shutil
import threading
import time
from collections.abc import Mapping
from concurrent.futures import wait
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import distributed
from distributed import Status

from keras_search.tuner import runtime
from keras_search.tuner.errors import SearchError
from keras_search.tuner.executors.base import WorkerDied
from keras_search.tuner.executors.dask import processes
from keras_search.tuner.transport import parcels
from keras_search.tuner.transport.parcels import Stamp

if TYPE_CHECKING:
    from dask.typing import Key
    from distributed import Worker

# Files of the run directory with their content; None where the other side has it.
Files = dict[str, tuple[Stamp, bytes | None]]

_CHECK_S = 0.5
_LEFT_OVER_S = 3600
_PACKAGES = ("tensorflow", "keras", "keras-tuner", "numpy", "distributed")


class WorkerLost(WorkerDied):
    """The Dask worker that had a call is gone, or about to go.

    Args:
        lost: What is gone.
    """

    def __init__(self, lost: str) -> None:
        super().__init__(lost)

    def __str__(self) -> str:
        return f"the loss of {self.args[0]}"


@dataclass(frozen=True)
class Call:
    """All that a Dask worker needs to run a call.

    Attributes:
        search: Names the search.
        root: The run directory, where the search is.
        packed: The function and its arguments (`calls.pack`).
        data: The files of the run directory that it only reads.
        kept: What else it names there: files and folders that it may read and write.
        watches: Whether it reads the learning curves of the run's other trials.
        environment: Variables that its process begins with: TensorFlow reads some as it is loaded.
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
        folder: Where its files are.
        shared: Where the data are that the search has sent, for all its calls.
        given: Its kept files as they were when it began.
        is_complete: Set once they are all there.
    """

    call: Call
    folder: Path
    shared: Path
    given: dict[str, Stamp] = field(default_factory=dict)
    is_complete: threading.Event = field(default_factory=threading.Event)

    def place(self, name: str) -> Path:
        """Where the file is that the search calls `name`: its own one, where it can be seen from here."""
        if self.call.root is None or name not in self.call.data:
            return self.folder / name
        original = self.call.root / name
        return original if parcels.stamp(original) == self.call.data[name] else self.shared / name

    def changes(self, known: Mapping[str, Stamp]) -> Files:
        """The kept files, without the content of those whose stamp is the `known` one."""
        changes: Files = {}
        for name, stamp in parcels.stamps(self.folder, self.call.kept).items():
            with contextlib.suppress(FileNotFoundError):
                content = None if known.get(name) == stamp else (self.folder / name).read_bytes()
                changes[name] = (stamp, content)
        return changes


_replicas: dict[str, _Replica] = {}


def run(call: Call, name: str) -> tuple[bytes, Files]:
    """The task: waits until the search has filled the replica, runs `call` in a process, and waits for its end.

    Args:
        name: Names this attempt at the call.

    Returns:
        Whether it returned, with what, or else the error (`WorkerDied` where its process crashed), packed; and its
        files, those that it was given and did not change without content.

    Raises:
        WorkerLost: The Dask worker is closing, or nobody wants the call any more.
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
        # With the files, which say where it was.
        return parcels.pack(replica.folder, (False, died))[0], replica.changes(replica.given)
    finally:
        del _replicas[name]
        shutil.rmtree(replica.folder, ignore_errors=True)


def missing(call: str) -> list[str] | None:
    """The data that the call lacks here; None where it has begun, though the search may not have heard so."""
    replica = _replicas[call]
    if replica.is_complete.is_set():
        return None
    return [name for name, stamp in replica.call.data.items() if parcels.stamp(replica.place(name)) != stamp]


def put(call: str, name: str, stamp: Stamp, offset: int, content: bytes) -> None:
    """Writes a piece of a file, the first one at 0; the last one puts the file in its place."""
    path = _replicas[call].place(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    writing = path.with_name(f"writing.{path.name}")
    with writing.open("r+b" if offset else "wb") as file:
        file.seek(offset)
        file.write(content)
    if offset + len(content) >= stamp[0]:
        parcels.set_stamp(writing, stamp)
        writing.replace(path)


def begin(call: str) -> None:
    """Lets the call begin."""
    replica = _replicas[call]
    replica.given = parcels.stamps(replica.folder, replica.call.kept)
    replica.is_complete.set()


def exchange(call: str, known: Mapping[str, Stamp], news: Files) -> Files | None:
    """Writes `news` of other trials; gives the call's files, those whose stamp is the `known` one without content.

    Returns None where the call has ended.
    """
    if call not in _replicas:
        return None
    for name, (stamp, content) in news.items():
        if content is not None:
            put(call, name, stamp, 0, content)
    return _replicas[call].changes(known)


def forget(search: str, dask_worker: "Worker") -> None:
    """Removes what is kept here between the calls of `search`."""
    shutil.rmtree(Path(dask_worker.local_directory) / f"search-{search}", ignore_errors=True)
    processes.end_idle()


def versions() -> dict[str, str]:
    """What should be the same on every machine: Python, and the packages that decide the scores."""
    return {"Python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES}


def _remove_left_overs(own: Path) -> None:
    """Removes what searches that were killed have left here."""
    in_use = {f"search-{replica.call.search}" for replica in list(_replicas.values())}
    for folder in own.parent.glob("search-*"):
        if folder.name not in in_use and time.time() - folder.stat().st_mtime > _LEFT_OVER_S:
            shutil.rmtree(folder, ignore_errors=True)


def _require_wanted(worker: "Worker", key: "Key") -> None:
    # There is no other way to hear that a task was cancelled, or that its client is gone.
    task = worker.state.tasks.get(key)
    if task is None or task.state != "executing" or worker.status not in (Status.running, Status.paused):
        raise WorkerLost(f"Dask worker {worker.address}")


# Dask's log has a line for each time that the search asks, which is every few seconds.
logging.getLogger("distributed.worker").addFilter(
    lambda record: not (str(record.msg).startswith("Run out-of-band") and record.args == (exchange.__name__,))
)


def _run_here(packed: bytes, replica: Path, data: Mapping[str, Path]) -> bytes:
    """Runs the call in its own process; the answer is packed, for the Dask worker cannot load Keras's classes."""
    runtime.load_tensorflow_in_worker()
    from keras_search.tuner.fast import operations
    from keras_search.tuner.transport import calls

    operations.prepare(print)
    try:
        outcome = (True, calls.run(packed, lambda name: data.get(name, replica / name)))
    except calls.LacksCode as error:
        lacks = SearchError(f"the Dask worker on {platform.node()} lacks code of the search: {error}")
        outcome = (False, lacks)
    except Exception as error:
        outcome = (False, error)
    return parcels.pack(replica, outcome)[0]
