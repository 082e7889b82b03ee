"""One attempt at a call on a Dask cluster: its files go there, and come back while it runs."""

import errno
import threading
import time
import uuid
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import distributed

from keras_search.results import files, layout
from keras_search.results.reading import trial_rows
from keras_search.tuner.errors import SearchError
from keras_search.tuner.executors.dask import worker as dask_worker
from keras_search.tuner.executors.dask.cluster import Cluster
from keras_search.tuner.executors.dask.worker import Call, Files, WorkerLost
from keras_search.tuner.transport import parcels
from keras_search.tuner.transport.parcels import Stamp

# How often the files of a call are fetched while it runs, but for large ones: the line is to be idle most of the time.
_EXCHANGE_S = 2.0
_IDLE_SHARE = 20
_PIECE_BYTES = 2**23


class Attempt:
    """A call on its way, seen from here. One thread waits for its `result`; others may tell it things.

    Args:
        sending: Held while data are sent.

    Attributes:
        name: Names it on the worker.
    """

    def __init__(self, cluster: Cluster, call: Call, sending: threading.Lock) -> None:
        self._cluster = cluster
        self._call = call
        self._sending = sending
        self.name = f"call-{uuid.uuid4().hex}"
        self._workers: list[str] = []
        self._is_begun = False
        self._is_ended = False
        self._event = threading.Event()
        self._pause = _EXCHANGE_S
        # The call's files as the worker and this side both have them, and those of other trials that it was told.
        self._known: dict[str, Stamp] = {}
        self._told: dict[str, Stamp] = {}

    @property
    def _root(self) -> Path:
        """The run directory, which a call has that names files."""
        assert self._call.root is not None
        return self._call.root

    def begun_on(self, worker: str) -> None:
        """Dask has begun the call there."""
        self._workers.append(worker)
        self._event.set()

    def end(self) -> None:
        """Lets `result` raise CancelledError, and the call be killed."""
        self._is_ended = True
        self._event.set()

    def result(self, resources: dict[str, float]) -> Any:
        """What the call returns or raises.

        Raises:
            WorkerDied: Its process crashed, or its Dask worker was lost.
            SearchError: The scheduler was lost, or the workers lack code.
        """
        client = self._cluster.client
        future = client.submit(dask_worker.run, self._call, self.name, key=self.name, pure=False, resources=resources)
        future.add_done_callback(lambda _: self._event.set())
        try:
            while not future.done():
                self._event.wait(self._pause)
                self._event.clear()
                if self._is_ended:
                    if self._is_begun:
                        self._serve(self._workers[0])
                    raise CancelledError
                # Dask would begin it again elsewhere by itself, from the files of the beginning.
                if len(self._workers) > 1:
                    raise WorkerLost(f"Dask worker {self._workers[0]}")
                if self._workers and not future.done():
                    self._serve(self._workers[0])
            return self._outcome(future)
        finally:
            if client.status == "running":
                future.cancel()

    def _outcome(self, future: distributed.Future) -> Any:
        try:
            packed, changed = future.result()
        except distributed.KilledWorker as error:
            raise WorkerLost(f"Dask worker {error.last_worker.address} and others before it") from None
        except CancelledError:
            self._cluster.require_scheduler()
            raise WorkerLost("the Dask scheduler") from None
        except ModuleNotFoundError as error:
            raise SearchError(f"a Dask worker lacks this toolkit ({error}): install it there") from None
        self._take(changed)
        is_returned, value = next(parcels.unpack(packed, lambda name: self._root / name))
        if is_returned:
            return value
        raise value

    def _serve(self, worker: str) -> None:
        """Begins the call, or fetches what it has changed."""
        # One that is gone would not be asked in vain before half a minute has passed.
        if not self._cluster.has(worker):
            raise WorkerLost(f"Dask worker {worker}")
        try:
            if self._is_begun:
                self._exchange(worker)
            else:
                self._begin(worker)
        except (OSError, KeyError) as error:
            if getattr(error, "errno", None) is not None:  # a full disk, and the like
                raise
            # The worker is late or gone, or the call has ended meanwhile: the next round tells.

    def _begin(self, worker: str) -> None:
        with self._sending:  # else two calls would send the same
            missing = self._cluster.ask(worker, dask_worker.missing, self.name)
            for file in missing or ():
                self._send(worker, file, self._call.data[file])
        if missing is not None:
            for file, stamp in parcels.stamps(self._root, self._call.kept).items() if self._call.kept else ():
                self._send(worker, file, stamp)
                self._known[file] = stamp
            self._exchange(worker)
            self._cluster.ask(worker, dask_worker.begin, self.name)
        self._is_begun = True

    def _send(self, worker: str, name: str, stamp: Stamp) -> None:
        with (self._root / name).open("rb") as file:
            for offset in range(0, max(stamp[0], 1), _PIECE_BYTES):
                piece = file.read(_PIECE_BYTES)
                self._cluster.ask(worker, dask_worker.put, self.name, name, stamp, offset, piece)

    def _exchange(self, worker: str) -> None:
        news = self._news()
        began = time.monotonic()
        changed = self._cluster.ask(worker, dask_worker.exchange, self.name, self._known, news)
        # Large models come back less often, lest nothing else gets through the scheduler.
        self._pause = max(_EXCHANGE_S, _IDLE_SHARE * (time.monotonic() - began))
        self._told |= {name: stamp for name, (stamp, _) in news.items()}
        if changed is not None:
            self._take(changed)

    def _news(self) -> Files:
        """What the call has not been told yet of the run's other trials."""
        news: Files = {}
        for trial in trial_rows.trial_directories(self._root) if self._call.watches else ():
            for path in (trial / layout.TRIAL, trial / layout.TRIAL_EPOCHS):
                name = path.relative_to(self._root).as_posix()
                stamp = parcels.stamp(path)
                if trial.name not in self._call.kept and stamp not in (None, self._told.get(name)):
                    news[name] = (stamp, path.read_bytes())
        return news

    def _take(self, changed: Files) -> None:
        """Does to the run directory what the call has done to its replica."""
        for name, (stamp, content) in changed.items():
            if content is not None:
                if not self._root.is_dir():  # else it would come back, without its trials
                    raise FileNotFoundError(errno.ENOENT, "it has vanished", str(self._root))
                (self._root / name).parent.mkdir(parents=True, exist_ok=True)
                with files.replacing(self._root / name) as temporary:
                    temporary.write_bytes(content)
            self._known[name] = stamp
        for name in self._known.keys() - changed.keys():
            (self._root / name).unlink(missing_ok=True)
            del self._known[name]
