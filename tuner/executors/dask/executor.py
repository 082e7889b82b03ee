"""Runs calls on the workers of a Dask cluster, which need share nothing with this machine but the toolkit."""

import errno
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

import distributed

from keras_search.results import files, layout
from keras_search.results.errors import Parameter
from keras_search.results.reading import trial_rows
from keras_search.tuner.errors import InputError, SearchError
from keras_search.tuner.executors.base import Executor, failed
from keras_search.tuner.executors.dask import worker as dask_worker
from keras_search.tuner.executors.dask.cluster import Cluster
from keras_search.tuner.executors.dask.worker import Call, Files, WorkerLost
from keras_search.tuner.executors.workers import check_workers
from keras_search.tuner.transport import parcels
from keras_search.tuner.transport.parcels import Stamp

# How often the files of a call are fetched while it runs, but for large ones: the line is to be idle most of the time.
_EXCHANGE_S = 2.0
_IDLE_SHARE = 20
_PIECE_BYTES = 2**23
_MOST_AT_ONCE = 10_000
# So many lost workers are not held against a call; Dask allows as many to a task.
_LOSSES = 3


class DaskExecutor(Executor):
    """Runs each call in a process of its own on a Dask cluster, as many at once as its workers have threads.

    Workers may come and go. Where any of them declares the resource `GPU`, calls go to GPUs alone. The files of the run
    directory that a call names are sent to its worker, data only once and not at all where the worker sees them in the
    same place; those that the call changes come back every few seconds. So the run directory is only ever written
    here, and a call that Dask begins twice spoils nothing.

    A call whose Dask worker is lost, or leaves, begins again on another one with the files that had come back, up to
    three times. One whose process crashes raises `WorkerDied`; submitted again, it finds these files too.

    Args:
        address: The scheduler's (`Cluster`).
        workers: How many calls at once: `auto` for as many as the cluster has room for, or a number; those that it has
            no room for wait there, so that a cluster that grows with its work does.
        trials_per_gpu: How many calls share a GPU.

    Raises:
        InputError: The cluster cannot be reached, or not be used.
    """

    shares_memory = False
    is_local = False

    def __init__(self, address: str, workers: int | str = "auto", trials_per_gpu: int = 1) -> None:
        self._most = check_workers(workers, trials_per_gpu)
        if self._most == 0:
            raise InputError(
                Parameter("workers"),
                " is 0, for this process: with ",
                Parameter("scheduler"),
                " give auto or a number",
            )
        self._per_gpu = trials_per_gpu
        self._cluster = Cluster(address)
        self._search = uuid.uuid4().hex
        self._attempts: dict[str, _Attempt] = {}
        self._sending = threading.Lock()
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, "dask-call")

    @property
    def slots(self) -> int:
        """How many calls at once: as asked, or as the cluster has room for now, and one where it has no worker yet."""
        if self._most is not None:
            return self._most
        workers = [one for one in self._cluster.workers().values() if one["status"] == "running"]
        if self._on_gpu:
            room = sum(min(one["nthreads"], int(one["resources"].get("GPU", 0) * self._per_gpu)) for one in workers)
        else:
            room = sum(one["nthreads"] for one in workers)
        return max(1, room)

    @property
    def _on_gpu(self) -> bool:
        return any("GPU" in one["resources"] for one in self._cluster.workers().values())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        from keras_search.tuner.transport import calls, settings

        try:
            # Here, for Keras has settings for each thread.
            packed, names = calls.pack(fn, args, kwargs, self.directory)
        except Exception as error:  # whatever an argument's own way of being pickled raises
            return failed(error)
        watches = any(getattr(argument, "pruner", None) is not None for argument in args)
        # A thread for each call that is under way: it does little but wait.
        return self._threads.submit(self._run, packed, names, settings.changed_environment(), watches)

    def shutdown(self, wait: bool = True) -> None:
        """Ends the calls that run."""
        super().shutdown(wait)
        for attempt in list(self._attempts.values()):
            attempt.end()
        self._threads.shutdown(wait=wait, cancel_futures=True)
        if self._cluster.client.status == "running":
            self._cluster.tell(dask_worker.forget, self._search)
        self._cluster.client.close()

    def _run(self, packed: bytes, names: set[str], environment: dict[str, str | None], watches: bool) -> Any:
        data = {name for name in names if name.startswith(layout.DATA)}
        call = Call(
            search=self._search,
            root=self.directory,
            packed=packed,
            data=parcels.stamps(self.directory, data) if data else {},
            kept=tuple(names - data),
            watches=watches,
            environment=tuple((name, value) for name, value in environment.items() if value is not None),
        )
        for _ in range(_LOSSES):
            try:
                return self._attempt(call)
            except WorkerLost as error:
                self._cluster.warn(f"after {error} its trial begins again elsewhere")
        return self._attempt(call)

    def _attempt(self, call: Call) -> Any:
        if self.is_shut:
            raise CancelledError
        self._cluster.require_scheduler()
        # Each time, for a scheduler that was started anew does not know it.
        self._cluster.client.subscribe_topic(self._search, self._begun)
        attempt = _Attempt(self._cluster, call, self._sending)
        self._attempts[attempt.name] = attempt
        try:
            return attempt.result({"GPU": 1 / self._per_gpu} if self._on_gpu else {})
        finally:
            del self._attempts[attempt.name]

    def _begun(self, event: tuple[float, dict[str, str]]) -> None:
        _, told = event
        if attempt := self._attempts.get(told["call"]):
            attempt.begun_on(told["worker"])


class _Attempt:
    """A call on its way, seen from here. One thread waits for its `result`; others may tell it things.

    Args:
        sending: Held while data are sent.
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
        is_returned, value = next(parcels.unpack(packed, lambda name: self._call.root / name))
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
        root = self._call.root
        with self._sending:  # else two calls would send the same
            missing = self._cluster.ask(worker, dask_worker.missing, self.name)
            for file in missing or ():
                self._send(worker, file, self._call.data[file])
        if missing is not None:
            for file, stamp in parcels.stamps(root, self._call.kept).items() if root else ():
                self._send(worker, file, stamp)
                self._known[file] = stamp
            self._exchange(worker)
            self._cluster.ask(worker, dask_worker.begin, self.name)
        self._is_begun = True

    def _send(self, worker: str, name: str, stamp: Stamp) -> None:
        with (self._call.root / name).open("rb") as file:
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
        for trial in trial_rows.trial_directories(self._call.root) if self._call.watches else ():
            for path in (trial / layout.TRIAL, trial / layout.TRIAL_EPOCHS):
                name = path.relative_to(self._call.root).as_posix()
                stamp = parcels.stamp(path)
                if trial.name not in self._call.kept and stamp not in (None, self._told.get(name)):
                    news[name] = (stamp, path.read_bytes())
        return news

    def _take(self, changed: Files) -> None:
        """Does to the run directory what the call has done to its replica."""
        root = self._call.root
        for name, (stamp, content) in changed.items():
            if content is not None:
                if not root.is_dir():  # else it would come back, without its trials
                    raise FileNotFoundError(errno.ENOENT, "it has vanished", str(root))
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                with files.replacing(root / name) as temporary:
                    temporary.write_bytes(content)
            self._known[name] = stamp
        for name in self._known.keys() - changed.keys():
            (root / name).unlink(missing_ok=True)
            del self._known[name]
