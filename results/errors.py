"""What can be wrong with what is asked for, or with a run that is to be read."""

from collections.abc import Callable
from pathlib import Path
from typing import Self


class Parameter(str):
    """The name of a parameter in a message, for which the command line shows that of its option."""

    __slots__ = ()


class EvaluateIt(str):
    """The advice in a message to evaluate a run, for which the command line shows its command.

    Attributes:
        run: The directory of the run.
    """

    run: Path

    def __new__(cls, run: Path) -> Self:
        advice = super().__new__(cls, "evaluate it first")
        advice.run = run
        return advice


class Refusal(ValueError):
    """Something that cannot be done; the message names it and says what to do.

    Args:
        *parts: The message; what the command line says in other words, a `Parameter` say, is a part of its own.
    """

    def __str__(self) -> str:
        return "".join(map(str, self.args))

    def told(self, say: Callable[[Parameter | EvaluateIt], str]) -> str:
        """The message in the words of the command line, into which `say` puts those parts."""
        return "".join(say(part) if isinstance(part, Parameter | EvaluateIt) else str(part) for part in self.args)


class RunError(Refusal):
    """A run is not there, is empty or holds nothing to show; the message says what to do."""


class DamagedFile(ValueError):
    """A file that cannot be made sense of: cut off by a kill, or not what its name says."""


class RunWarning(UserWarning):
    """A run holds something to show, but less than one might read into it; the message says what."""
