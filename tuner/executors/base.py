"""All that a search knows of where its trials run."""

import abc
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# The error of a call whose worker process was killed or crashed; loky's own is one of its kind.
WorkerDied = BrokenProcessPool


class Executor(abc.ABC):
    """Runs calls, some at once: derive from it to train elsewhere, and give that to a tuner as its `executor`.

    Attributes:
        slots: How many calls run at once.
        shares_memory: Whether a call sees the caller's arrays as they are.
        is_local: Whether calls run on this machine.
        directory: The run directory; to be set before a call that names paths in it, where calls run elsewhere.
        is_shut: Whether it takes no more calls.
    """

    slots: int
    shares_memory: bool
    is_local: bool
    directory: Path | None = None
    is_shut = False

    @abc.abstractmethod
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Begins the call, or lets it wait; `WorkerDied` is the error of one whose process died."""

    def shutdown(self, wait: bool = True) -> None:
        """Takes no more calls, and gives up what it holds for them."""
        self.is_shut = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shutdown()


def run_all(executor: Executor, fn: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
    """The results of `fn` for each of `tasks`, as they come, as many at once as the executor has slots."""
    waiting = iter(tasks)
    running = {executor.submit(fn, task) for task in itertools.islice(waiting, executor.slots)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {executor.submit(fn, task) for task in itertools.islice(waiting, len(done))}
        for future in done:
            yield future.result()


def failed(error: BaseException) -> Future:
    """A call that has failed before it began."""
    future: Future = Future()
    future.set_exception(error)
    return future


def cause_of_death(error: BaseException) -> str:
    """How the process of a call that failed with `WorkerDied` ended, where loky knows by the signal or exit code."""
    codes = re.search(r"\{(.*)\}", str(error))
    return codes[1] if codes else str(error)
