"""What ends a search before its last trial: a time budget, or Ctrl-C."""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self


class Stop:
    """Says whether a search should begin no further trial, while its block runs.

    The first Ctrl-C lets the trials that run end, and the block then raises `KeyboardInterrupt`; a second one raises
    it at once.

    Args:
        time_budget: Seconds from now; None for no limit.
        tell: Called once with the reason, when there is one.
    """

    def __init__(self, time_budget: float | None, tell: Callable[[str], None]) -> None:
        self._deadline = None if time_budget is None else time.monotonic() + time_budget
        self._tell = tell
        self._is_over = False
        self._interrupted = False

    @property
    def asked(self) -> bool:
        """Whether no further trial should begin."""
        if not self._is_over and self._deadline is not None and time.monotonic() >= self._deadline:
            self._is_over = True
            self._tell("the time budget is used up")
        return self._is_over or self._interrupted

    def __enter__(self) -> Self:
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:  # no other thread may set a signal's handler
            self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_main:
            signal.signal(signal.SIGINT, self._before)
        if self._interrupted and error is None:
            raise KeyboardInterrupt

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        self._interrupted = True
        self._tell("Ctrl-C; again to end them now")
