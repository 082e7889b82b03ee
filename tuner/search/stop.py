"""What ends a search early, a time budget, Ctrl-C or SIGTERM; and what does not, a terminal that hangs up."""

import contextlib
import math
import numbers
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Self

from keras_search.results.errors import Parameter
from keras_search.search_spaces.origin import Interrupted
from keras_search.tuner.errors import InputError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# By how much trials may run past the budget: as many seconds, or this share of it, whichever is more.
_LATE_S, _LATE_SHARE = 30.0, 0.025
# An interruption may be lost in code that lets no exception out, as that which frees an object.
_AGAIN_S = 3.0


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


@dataclass(frozen=True)
class Limits:
    """When a search should end before all its trials have.

    Attributes:
        time_budget: After so many seconds; None for never.
        until_no_better: After so many completed trials in a row that were no better than one before; None for never.

    Raises:
        InputError: One is no number that is above 0.
    """

    time_budget: float | None = None
    until_no_better: int | None = None

    def __post_init__(self) -> None:
        budget, trials = self.time_budget, self.until_no_better
        if budget is not None and not (_is_a(budget, numbers.Real) and budget > 0):
            raise InputError(Parameter("time_budget"), f" is {budget!r}: give seconds, more than 0")
        if trials is not None and not (_is_a(trials, numbers.Integral) and trials > 0):
            raise InputError(Parameter("until_no_better"), f" is {trials!r}: it must be a number of trials, at least 1")


class Stop:
    """Says when a search should begin no further trial, and handles its signals while the block runs.

    The first Ctrl-C or SIGTERM raises `Interrupted`, a KeyboardInterrupt, but only in an `interruptible` block, never
    while the search writes its record; the second one raises it at once. Signals that are ignored stay ignored, such as
    Ctrl-C in a process that a script runs in the background.

    Trials pause by themselves when the time is used up (`ends_at`). What does not, as a loop of the user's own, is cut
    off some time later: `Interrupted` is raised, and `is_cut` is true.

    Args:
        time_budget: Seconds from now; None for no limit.
        tell: Called once, with the reason, when no further trial should begin for want of time.
        cuts: Whether trials are cut off: not those in an executor that is the user's.

    Attributes:
        ends_at: When the time is used up, in seconds since the epoch; None for never.
        is_cut: Whether trials were cut off.
    """

    def __init__(self, time_budget: float | None, tell: Callable[[str], None], cuts: bool = True) -> None:
        self._deadline = math.inf if time_budget is None else time.monotonic() + time_budget
        self.ends_at = None if time_budget is None else time.time() + time_budget
        late = math.inf if time_budget is None or not cuts else max(_LATE_S, _LATE_SHARE * time_budget)
        self._cut_at = self._deadline + late
        self.is_cut = False
        self._tell = tell
        self._is_over = False
        self._is_asked = False
        self._is_interruptible = False

    @property
    def has_deadline(self) -> bool:
        """Whether there is a time budget."""
        return self._deadline < math.inf

    @property
    def is_over(self) -> bool:
        """Whether no further trial should begin."""
        if time.monotonic() >= self._deadline:
            self.end("the time budget is used up")
        return self._is_over

    def end(self, why: str) -> None:
        """Lets no further trial begin."""
        if not self._is_over:
            self._is_over = True
            self._tell(why)

    def has_time_for(self, seconds: float) -> bool:
        """Whether so many seconds are left."""
        return time.monotonic() + seconds <= self._deadline

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """The block in which the search waits or trains: a signal or too late an hour ends it, even an earlier one."""
        self._is_interruptible = True
        try:
            self.is_cut |= time.monotonic() >= self._cut_at
            if self._is_asked or self.is_cut:
                raise Interrupted
            yield
        finally:
            self._is_interruptible = False

    def __enter__(self) -> Self:
        self._before = {}
        if threading.current_thread() is threading.main_thread():  # other threads may not set handlers
            heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._interrupt) for number in heard}
            if self._cut_at < math.inf and _is_free("SIGALRM"):
                self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._cut)
                signal.setitimer(signal.ITIMER_REAL, max(self._cut_at - time.monotonic(), 0.001), _AGAIN_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if hasattr(signal, "SIGALRM") and signal.SIGALRM in self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._is_asked or self._is_interruptible:
            self._is_asked = True
            raise Interrupted
        self._is_asked = True

    def _cut(self, number: int, frame: FrameType | None) -> None:
        if self._is_interruptible:
            self.is_cut = True
            raise Interrupted


def _is_a(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _is_free(name: str) -> bool:
    """Whether there is a signal of this name, and the script does not use it."""
    return hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL
