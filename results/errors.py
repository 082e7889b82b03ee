"""Errors in what the user asks for, and in the runs that are read."""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Self


class Parameter(str):
    """A parameter's name within a message; the command line shows the option's name instead."""

    __slots__ = ()


class EvaluateIt(str):
    """The advice to evaluate a run, within a message; the command line shows the command instead.

    Attributes:
        run: The directory of the run.
    """

    run: Path

    def __new__(cls, run: Path) -> Self:
        advice = super().__new__(cls, "evaluate it first")
        advice.run = run
        return advice


_wording: ContextVar[Callable[[Parameter], str]] = ContextVar("wording", default=str)


@contextlib.contextmanager
def worded(say: Callable[[Parameter], str]) -> Iterator[None]:
    """In the block, `sentence` has what `say` returns for a parameter."""
    token = _wording.set(say)
    try:
        yield
    finally:
        _wording.reset(token)


def sentence(*parts: str) -> str:
    """The `parts` of a note, of which each `Parameter` is one of its own, in one."""
    say = _wording.get()
    return "".join(say(part) if isinstance(part, Parameter) else part for part in parts)


class Refusal(ValueError):
    """Something that cannot be done; the message names it and says what to do instead.

    Args:
        *parts: The message in parts; each `Parameter` and each `EvaluateIt` is a part of its own.
    """

    def __str__(self) -> str:
        return "".join(map(str, self.args))

    def told(self, say: Callable[[Parameter | EvaluateIt], str]) -> str:
        """The message, with each `Parameter` and `EvaluateIt` replaced by what `say` returns for it."""
        return "".join(say(part) if isinstance(part, Parameter | EvaluateIt) else str(part) for part in self.args)


class RunError(Refusal):
    """A run is missing, is empty or has nothing to show; the message says what to do."""


class DamagedFile(ValueError):
    """A file that cannot be understood: cut off by a kill, or not what its name says."""


class RunWarning(UserWarning):
    """What is shown of a run means less than it seems to; the message says why."""
