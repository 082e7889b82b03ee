"""What ends a search early, a time budget, Ctrl-C or SIGTERM; and what does not, a terminal that hangs up."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Self

from keras_search.search_spaces.origin import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def outliving_the_terminal() -> Iterator[None]:
    """Makes the block, and the processes that it starts, go on when the terminal hangs up, as under `nohup`."""
    is_ours = (
        threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    )
    if not is_ours:
        yield
        return
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Stop:
    """Says when a search should begin no further trial, and handles its signals while the block runs.

    The first Ctrl-C or SIGTERM raises `Interrupted`, a KeyboardInterrupt, but only in an `interruptible` block, never
    while the search writes its record; the second one raises it at once. Signals that are ignored stay ignored, such as
    Ctrl-C in a process that a script runs in the background.

    Args:
        time_budget: Seconds from now; None for no limit.
        tell: Called once, with the reason, when the time is used up.
    """

    def __init__(self, time_budget: float | None, tell: Callable[[str], None]) -> None:
        self._deadline = None if time_budget is None else time.monotonic() + time_budget
        self._tell = tell
        self._is_over = False
        self._is_asked = False
        self._is_interruptible = False

    @property
    def has_deadline(self) -> bool:
        """Whether there is a time budget."""
        return self._deadline is not None

    @property
    def is_over(self) -> bool:
        """Whether no further trial should begin."""
        if not self._is_over and self._deadline is not None and time.monotonic() >= self._deadline:
            self._is_over = True
            self._tell("the time budget is used up")
        return self._is_over

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """The block in which the search waits or trains: a signal ends it, even one that arrived before."""
        self._is_interruptible = True
        try:
            if self._is_asked:
                raise Interrupted
            yield
        finally:
            self._is_interruptible = False

    def __enter__(self) -> Self:
        self._before = {}
        if threading.current_thread() is threading.main_thread():  # other threads may not set handlers
            heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._interrupt) for number in heard}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._is_asked or self._is_interruptible:
            self._is_asked = True
            raise Interrupted
        self._is_asked = True
