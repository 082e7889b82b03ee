"""What a search knows of where its trials run."""

import abc
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Executor(abc.ABC):
    """Runs calls, some at once.

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
