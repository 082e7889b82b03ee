"""Standard output and error that never raise, whatever is printed and whether or not anybody reads it."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any

from keras_search.results.text import escaped

# The reader is gone: the pipe is closed, the terminal hung up.
_GONE = (errno.EPIPE, errno.EIO, errno.ENXIO, errno.ENOTCONN, errno.ECONNRESET)


class Unfailing:
    """Wraps a text stream: escapes what it cannot encode, drops what it cannot write.

    Args:
        name: `stdout` or `stderr`: the stream that it wraps.

    Attributes:
        failure: The first error of the wrapped stream; None if there was none.
    """

    def __init__(self, name: str) -> None:
        self.failure: Exception | None = None
        self._name = name
        self._stream = getattr(sys, name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __reduce__(self) -> tuple[Any, ...]:
        # As cloudpickle pickles the wrapped stream: in another process it becomes that process's own.
        return standard, (self._name,)

    @property
    def has_reader(self) -> bool:
        """False once writing has failed because the reader is gone."""
        return not isinstance(self.failure, OSError) or self.failure.errno not in _GONE

    def write(self, text: str) -> int:
        try:
            try:
                return self._stream.write(text)
            except UnicodeEncodeError as error:
                return self._stream.write(escaped(text, error.encoding))
        except (OSError, ValueError) as error:
            self._fails(error)
            return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._fails(error)

    def drop(self) -> None:
        """Discards all further output; Python would otherwise fail on it again as it exits."""
        with contextlib.suppress(AttributeError, OSError, ValueError):
            number = self._stream.fileno()
            if number in (1, 2):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
                os.close(nowhere)

    def _fails(self, error: Exception) -> None:
        self.failure = self.failure or error
        if not self.has_reader:
            self.drop()


def standard(name: str) -> Any:
    """The stream that `sys` has by this name, `stdout` or `stderr`: a copy of a standard stream is that stream."""
    return getattr(sys, name)


@contextlib.contextmanager
def unfailing() -> Iterator[None]:
    """Keeps standard output and error from raising while the block runs."""
    before = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    ours = {name: Unfailing(name) for name, stream in before.items() if stream is not None}
    for name, stream in ours.items():
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, stream in ours.items():
            stream.flush()
            if getattr(sys, name) is stream:  # the block may have replaced it for good
                setattr(sys, name, before[name])


def make_unfailing() -> None:
    """Keeps standard output and error of this process from raising from now on."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is not None:
            setattr(sys, name, Unfailing(name))
