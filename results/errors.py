"""What can be wrong with what is asked for, or with a run that is to be read."""

from collections.abc import Callable


class Parameter(str):
    """The name of a parameter in a message, for which the command line shows that of its option."""

    __slots__ = ()


class Refusal(ValueError):
    """Something that cannot be done; the message names it and says what to do.

    Args:
        *parts: The message; the names of parameters in it are parts of their own.
    """

    def __str__(self) -> str:
        return "".join(map(str, self.args))

    def told(self, name: Callable[[str], str]) -> str:
        """The message with each parameter called as `name` says."""
        return "".join(name(part) if isinstance(part, Parameter) else str(part) for part in self.args)


class RunError(Refusal):
    """A run is not there, is empty or holds nothing to show; the message says what to do."""


class DamagedFile(ValueError):
    """A file that cannot be made sense of: cut off by a kill, or not what its name says."""


class RunWarning(UserWarning):
    """A run holds something to show, but less than one might read into it; the message says what."""
