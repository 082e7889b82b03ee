"""Runs calls on a Dask cluster, whose machines share nothing with this one but the installed toolkit."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

from keras_search.results import layout
from keras_search.results.errors import Parameter
from keras_search.tuner import backend
from keras_search.tuner.errors import InputError
from keras_search.tuner.executors.base import Executor, failed
from keras_search.tuner.executors.dask import worker as dask_worker
from keras_search.tuner.executors.dask.attempt import Attempt
from keras_search.tuner.executors.dask.cluster import Cluster
from keras_search.tuner.executors.dask.worker import Call, WorkerLost
from keras_search.tuner.executors.workers import check_workers
from keras_search.tuner.transport import stamps

_MOST_AT_ONCE = 10_000
# How many lost workers a call survives; Dask allows a task as many.
_LOSSES = 3


class DaskExecutor(Executor):
    """Runs each call in a process of its own on a Dask cluster, as many at once as its workers have threads.

    Workers may come and go. If any of them declares the resource `GPU`, calls run on GPUs only. The files of the run
    directory that a call names are sent to its worker: data only once, and not at all if the worker sees them at the
    same path. The files that the call changes come back every few seconds. Only this machine writes in the run
    directory, so a call that Dask begins twice does no harm.

    A call whose Dask worker is lost or leaves begins again on another worker, with the files that had come back, up to
    three times. A call whose process crashes raises `WorkerDied`; submitted again, it has these files too.

    Args:
        address: The address of the scheduler (`Cluster`).
        workers: How many calls at once: `auto` for as many as the cluster has room for, or a number. Calls without room
            wait on the cluster, which grows if it scales with its queue.
        trials_per_gpu: How many calls share a GPU.

    Raises:
        InputError: The cluster cannot be reached or cannot be used.
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
        self._attempts: dict[str, Attempt] = {}
        self._sending = threading.Lock()
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, "dask-call")

    @property
    def slots(self) -> int:
        """How many calls at once: as asked, or as the cluster has room for now; 1 if it has no worker yet."""
        if self._most is not None:
            return self._most
        workers = [worker for worker in self._cluster.workers().values() if worker["status"] == "running"]
        if self._on_gpu:
            return max(1, sum(map(self._room_on_gpus, workers)))
        return max(1, sum(worker["nthreads"] for worker in workers))

    def _room_on_gpus(self, worker: dict[str, Any]) -> int:
        return min(worker["nthreads"], int(worker["resources"].get("GPU", 0) * self._per_gpu))

    @property
    def _on_gpu(self) -> bool:
        return any("GPU" in worker["resources"] for worker in self._cluster.workers().values())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        from keras_search.tuner.transport import calls, settings

        try:
            # In this thread, as Keras keeps some settings for each thread.
            packed, names = calls.pack(fn, args, kwargs, self.directory)
        except Exception as error:  # an argument's own pickling may raise anything
            return failed(error)
        environment = settings.changed_environment() | {"KERAS_BACKEND": backend.name()}
        watches = any(getattr(argument, "pruner", None) is not None for argument in args)
        # Each running call has a thread, which does little but wait.
        return self._threads.submit(self._run, packed, names, environment, watches)

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
            data={} if self.directory is None else stamps.below(self.directory, data),
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
        # Each time, as a restarted scheduler has forgotten it.
        self._cluster.client.subscribe_topic(self._search, self._begun)
        attempt = Attempt(self._cluster, call, self._sending)
        self._attempts[attempt.name] = attempt
        try:
            return attempt.result({"GPU": 1 / self._per_gpu} if self._on_gpu else {})
        finally:
            del self._attempts[attempt.name]

    def _begun(self, event: tuple[float, dict[str, str]]) -> None:
        _, told = event
        if attempt := self._attempts.get(told["call"]):
            attempt.begun_on(told["worker"])
