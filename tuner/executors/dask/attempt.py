"""One attempt at a call on a Dask cluster: sends its files there, and fetches them back while it runs."""

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
from keras_search.tuner.transport import parcels, stamps
from keras_search.tuner.transport.stamps import Stamp

# Seconds between fetches of a call's files; more if they are large, so that the network is mostly idle.
_EXCHANGE_S = 2.0
_IDLE_SHARE = 20
_PIECE_BYTES = 2**23


class Attempt:
    """An attempt as this machine sees it. One thread waits for its `result`; other threads may call the rest.

    Args:
        cluster: Where the call runs.
        call: The call.
        sending: The lock that is held while data are sent.

    Attributes:
        name: The name of the attempt on the worker.
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
        # The call's files that both sides have alike, and the files of other trials that the worker was sent.
        self._known: dict[str, Stamp] = {}
        self._told: dict[str, Stamp] = {}

    @property
    def _root(self) -> Path:
        """The run directory, which every call that names files has."""
        assert self._call.root is not None
        return self._call.root

    def begun_on(self, worker: str) -> None:
        """Notes that Dask has begun the call on `worker`."""
        self._workers.append(worker)
        self._event.set()

    def end(self) -> None:
        """Makes `result` raise CancelledError, which kills the call."""
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
                # Dask has begun it again elsewhere by itself, with the files as they were at first.
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
        """Begins the call, or fetches the files that it has changed."""
        # Asking a worker that is gone would fail only after half a minute.
        if not self._cluster.has(worker):
            raise WorkerLost(f"Dask worker {worker}")
        try:
            if self._is_begun:
                self._exchange(worker)
            else:
                self._begin(worker)
        except (OSError, KeyError) as error:
            if getattr(error, "errno", None) is not None:  # a full disk or the like
                raise
            # The worker is slow or gone, or the call has just ended: the next round will tell.

    def _begin(self, worker: str) -> None:
        with self._sending:  # else two calls would send the same files
            missing = self._cluster.ask(worker, dask_worker.missing, self.name)
            for file in missing or ():
                self._send(worker, file, self._call.data[file])
        if missing is not None:
            for file, stamp in stamps.below(self._root, self._call.kept).items() if self._call.kept else ():
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
        # Large models come back less often, so that they do not block the scheduler.
        self._pause = max(_EXCHANGE_S, _IDLE_SHARE * (time.monotonic() - began))
        self._told |= {name: stamp for name, (stamp, _) in news.items()}
        if changed is not None:
            self._take(changed)

    def _news(self) -> Files:
        """The files of the run's other trials that the worker does not have yet."""
        news: Files = {}
        for trial in trial_rows.trial_directories(self._root) if self._call.watches else ():
            for path in (trial / layout.TRIAL, trial / layout.TRIAL_EPOCHS):
                name = path.relative_to(self._root).as_posix()
                stamp = stamps.of(path)
                if trial.name not in self._call.kept and stamp not in (None, self._told.get(name)):
                    news[name] = (stamp, path.read_bytes())
        return news

    def _take(self, changed: Files) -> None:
        """Makes the call's files in the run directory what they are in its replica."""
        for name, (stamp, content) in changed.items():
            if content is not None:
                if not self._root.is_dir():  # it would be made anew, without its trials
                    raise FileNotFoundError(errno.ENOENT, "it has vanished", str(self._root))
                (self._root / name).parent.mkdir(parents=True, exist_ok=True)
                with files.replacing(self._root / name) as temporary:
                    temporary.write_bytes(content)
            self._known[name] = stamp
        for name in self._known.keys() - changed.keys():
            (self._root / name).unlink(missing_ok=True)
            del self._known[name]
