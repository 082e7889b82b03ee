"""The abstract executor: all that a search knows of where its trials run."""

import abc
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# The error of a call whose worker process was killed or crashed; those of other pools are subclasses.
WorkerDied = BrokenProcessPool


class Executor(abc.ABC):
    """Runs calls, some at once. To train elsewhere, give a tuner an object of a subclass as its `executor`.

    Attributes:
        slots: How many calls run at once.
        shares_memory: Whether a call gets the caller's arrays themselves, not copies.
        is_local: Whether calls run on this machine.
        threads: In how many threads a call computes, where the toolkit decides that.
        directory: The run directory; set it before a call on another machine that names paths in it.
        is_shut: Whether it takes no more calls.
        is_auto: Whether it was chosen by the toolkit, which may then choose this process in its place.
    """

    slots: int
    shares_memory: bool
    is_local: bool
    threads: int = 1
    directory: Path | None = None
    is_shut = False
    is_auto = False

    @abc.abstractmethod
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Begins the call or queues it; if its process dies, the future raises `WorkerDied`."""

    def shutdown(self, wait: bool = True) -> None:
        """Takes no more calls, and releases the resources it holds for them."""
        self.is_shut = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shutdown()


def run_all(executor: Executor, fn: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
    """Calls `fn` with each of `tasks`, one in each slot at a time; yields the results as they come."""
    waiting = iter(tasks)
    running = {executor.submit(fn, task) for task in itertools.islice(waiting, executor.slots)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {executor.submit(fn, task) for task in itertools.islice(waiting, len(done))}
        for future in done:
            yield future.result()


def failed(error: BaseException) -> Future:
    """The future of a call that failed before it began."""
    future: Future = Future()
    future.set_exception(error)
    return future


def cause_of_death(error: BaseException) -> str:
    """How the process died, from the `WorkerDied` of its call: by signal or exit code, if they are known."""
    codes = re.search(r"\{(.*)\}", str(error))
    return codes[1] if codes else str(error)
