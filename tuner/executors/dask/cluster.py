"""The connection to a Dask cluster: reaches its scheduler, lists its workers, calls functions on them."""

import asyncio
import contextlib
import ipaddress
import logging
import socket
import sys
import threading
import time
import urllib.parse
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from distributed import Client, Security
from distributed.comm.core import connect
from distributed.versions import VersionMismatchWarning

from keras_search.results.errors import Parameter
from keras_search.tuner.errors import InputError, SearchError
from keras_search.tuner.executors.dask.worker import versions

_CONNECT_S = 10
# How long an answer of a worker may take: it may hold a checkpoint and come through a slow network.
_ANSWER_S = 60
_WORKERS_KNOWN_S = 1.0


class Cluster:
    """A Dask scheduler and the workers that it has at the moment.

    Args:
        address: The address of the scheduler, `tls://HOST:PORT` or `tcp://HOST:PORT`. The certificates are those of
            Dask's own configuration.

    Attributes:
        address: As given.
        client: The connection.

    Raises:
        InputError: The address is not valid, no Dask scheduler answers there, or the scheduler or a worker has another
            Python or lacks this toolkit.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = _connect(address)
        self._lock = threading.Lock()
        self._workers: dict[str, dict[str, Any]] = {}
        self._asked_at: float | None = None
        self._checked: set[str] = set()
        self._warned: set[str] = set()
        if _is_open(address) or _is_open(self.client.scheduler_info(n_workers=0)["address"]):
            self.warn(
                f"{address} is not encrypted: whoever reaches it can run code on every machine of the cluster; "
                "docs/cluster.md shows how to use TLS"
            )
        self._check(f"the Dask scheduler at {address}", lambda: self.client.run_on_scheduler(versions))
        if not self.workers():
            self.warn("the Dask cluster has no worker yet: trials wait for the first one")

    def workers(self) -> dict[str, dict[str, Any]]:
        """What the scheduler knows of each worker, by address; at most a second old.

        Raises:
            InputError: A new worker has another Python, or lacks this toolkit.
        """
        with self._lock:
            if self._asked_at is None or time.monotonic() - self._asked_at > _WORKERS_KNOWN_S:
                self._workers = self._listed()
                self._asked_at = time.monotonic()
                for worker in self._workers.keys() - self._checked:
                    with contextlib.suppress(OSError):  # the worker is gone or going
                        self._check(f"Dask worker {worker}", lambda worker=worker: self.ask(worker, versions))
                        self._checked.add(worker)
            return self._workers

    def has(self, worker: str) -> bool:
        """Whether the scheduler still has `worker`, which it had."""
        # A worker that is not in the list may be new.
        return worker in self.workers() or worker in self._listed()

    def _listed(self) -> dict[str, dict[str, Any]]:
        try:
            # While the scheduler is away the answer is empty: the workers are taken to be as before.
            return self.client.scheduler_info(n_workers=-1).get("workers", self._workers)
        except OSError:
            return self._workers

    def ask(self, worker: str, function: Callable[..., Any], *args: Any) -> Any:
        """Calls `function` on `worker`, beside the calls that run there, and returns what it gives.

        Raises:
            OSError: The worker does not answer.
        """

        async def answer() -> dict[str, Any]:
            return await asyncio.wait_for(self.client.run(function, *args, workers=[worker]), _ANSWER_S)

        answers: Any = self.client.sync(answer)
        return answers[worker]

    def tell(self, function: Callable[..., Any], *args: Any) -> None:
        """Calls `function` on every worker; waits only briefly, and ignores errors."""

        async def answers() -> None:
            await asyncio.wait_for(self.client.run(function, *args, on_error="ignore"), _CONNECT_S)

        with contextlib.suppress(OSError):
            self.client.sync(answers)

    def require_scheduler(self) -> None:
        """If the scheduler has just gone, waits as long as Dask does for it to come back.

        Raises:
            SearchError: It does not.
        """
        while self.client.status == "connecting":
            time.sleep(_WORKERS_KNOWN_S)
        if self.client.status != "running":
            raise SearchError(
                f"the Dask scheduler at {self.address} is gone: start it, and the same search goes on where it stopped"
            )

    def _check(self, place: str, ask: Callable[[], Any]) -> None:
        """Checks by the versions at `place`, which `ask` returns, that the code of the search can run there."""
        try:
            there = ask()
        except OSError:
            raise
        except Exception as error:  # Dask does not keep its type
            raise InputError(f"{place} lacks this toolkit ({error}): install it there") from None
        for name, version in versions().items():
            if name == "Python" and there[name].split(".")[:2] != version.split(".")[:2]:
                raise InputError(
                    f"{place} runs Python {there[name]}, the search {version}: code cannot travel between them, "
                    "install the same"
                )
            if (other := there.get(name, "of unknown version")) != version:
                self.warn(f"the Dask cluster has {name} {other}, the search {version}: scores may differ")

    def warn(self, message: str) -> None:
        """Prints `message` on standard error, once."""
        if message not in self._warned:
            print(f"Warning: {message}", file=sys.stderr)
        self._warned.add(message)


def _connect(address: str) -> Client:
    try:
        parts = urllib.parse.urlsplit(address)
        is_address = parts.scheme in ("tls", "tcp") and parts.hostname and parts.port and not parts.path
    except ValueError:
        is_address = False
    if not is_address:
        raise InputError(Parameter("scheduler"), f" is {address!r}: give tls://HOST:PORT, or tcp://HOST:PORT")
    # Our own lines say both.
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    security = Security()
    try:
        arguments = security.get_connection_args("client")
    except OSError as error:
        named = ", ".join(map(str, (security.tls_ca_file, security.tls_client_cert, security.tls_client_key)))
        raise InputError(f"the certificates of Dask's configuration, {named}, cannot be read: {error}") from None
    if parts.scheme == "tls" and arguments["ssl_context"] is None:
        raise InputError(
            Parameter("scheduler"),
            f" is {address!r}, and Dask's configuration names no certificate: see docs/cluster.md",
        )
    try:
        with ThreadPoolExecutor(1) as thread:  # in a notebook, this thread runs an event loop already
            thread.submit(asyncio.run, _reach(address, arguments)).result()
        return Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"no Dask scheduler answers at {address}: {_cause(error)}") from None


async def _reach(address: str, arguments: dict[str, Any]) -> None:
    """Raises OSError if nothing answers at `address`, where a Client would go on trying."""
    # Dask waits for ever for a server that accepts connections but is no scheduler.
    comm = await asyncio.wait_for(connect(address, timeout=_CONNECT_S, **arguments), _CONNECT_S + 1)
    await comm.close()


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or f"nothing came back in {_CONNECT_S} s"


def _is_open(address: str) -> bool:
    """Whether `address` is not encrypted and can be reached from other machines."""
    parts = urllib.parse.urlsplit(address)
    return parts.scheme != "tls" and not all(
        ipaddress.ip_address(info[4][0]).is_loopback for info in socket.getaddrinfo(parts.hostname, parts.port)
    )
