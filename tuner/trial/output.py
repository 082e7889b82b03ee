"""What a trial prints in a process of its own: into a file of its directory, at once, so that a kill loses nothing."""

import contextlib
import functools
import io
import os
import re
import stat
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keras_search.results import streams

# Of what a trial prints, the search shows as many lines; more would hide its own.
MOST_LINES = 10

# Escape sequences and backspaces, with which bars are drawn and words are coloured.
_DRAWN = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x08")
_PARTS = re.compile(r"\r|\n|[^\r\n]+")


@dataclass
class Printed:
    """What a trial has printed.

    Attributes:
        lines: The lines on standard output, if they are at most `MOST_LINES`.
        is_more: Whether Python has printed more than these, be it on standard error. Native code does not count.
    """

    lines: list[str] = field(default_factory=list)
    is_more: bool = False


@contextlib.contextmanager
def into(path: Path) -> Iterator[Printed]:
    """Appends to `path` what the block, native code and child processes print; leaves no file if that is nothing.

    Yields:
        What was printed, complete after the block.
    """
    printed = Printed()
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError:  # the trial will say that its directory cannot be written
        yield printed
        return
    out, error = (_stream(name) for name in ("stdout", "stderr"))
    try:
        with _redirected(1, file), _redirected(2, file), out.to(file), error.to(file):
            yield printed
    finally:
        printed.is_more = out.count > MOST_LINES or error.count > 0
        printed.lines = out.lines if out.count <= MOST_LINES else []
        status = os.fstat(file)
        os.close(file)
        if stat.S_ISREG(status.st_mode) and status.st_size == 0:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _redirected(number: int, file: int) -> Iterator[None]:
    """Makes the file descriptor `number` mean `file` in the block, unless this process began without that stream."""
    if getattr(sys, {1: "__stdout__", 2: "__stderr__"}[number]) is None:
        yield
        return
    saved = os.dup(number)
    os.dup2(file, number)
    try:
        yield
    finally:
        os.dup2(saved, number)
        os.close(saved)


class _Stream(io.TextIOBase):
    """Standard output or error of a process that runs trials: the trial's file, and between trials what it was before.

    A carriage return overwrites the line, as on a terminal, so that of a progress bar its last state stays. Nothing
    written here raises.

    Args:
        name: `stdout` or `stderr`.

    Attributes:
        count: How many lines the trial has written.
        lines: The first of them.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, name: str) -> None:
        self._name = name
        self._outside: Any = None
        self._file: int | None = None
        self._lock = threading.RLock()
        self._start()

    def __reduce__(self) -> tuple[Any, ...]:
        return streams.standard, (self._name,)

    def _start(self) -> None:
        self._ended: list[str] = []
        self._ended_count = 0
        self._line = ""
        self._is_returned = False
        # Where the line begins in the file, and where what was written last ends.
        self._begin = self._end = -1

    @property
    def count(self) -> int:
        return self._ended_count + bool(self._line)

    @property
    def lines(self) -> list[str]:
        return [*self._ended, *([self._line] if self._line else [])]

    @contextlib.contextmanager
    def to(self, file: int) -> Iterator[None]:
        """Writes to `file` in the block."""
        self._start()
        self._file = file
        self._outside = getattr(sys, self._name)
        setattr(sys, self._name, self)
        try:
            yield
        finally:
            self._file = None
            if getattr(sys, self._name) is self:  # the block may have replaced it for good
                setattr(sys, self._name, self._outside)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._file is None:
            return self._outside.fileno()
        return self._file

    @property
    def buffer(self) -> io.FileIO:
        """Takes bytes, as they are."""
        return io.FileIO(self.fileno(), "w", closefd=False)

    def flush(self) -> None:
        if self._file is None and self._outside is not None:
            self._outside.flush()

    def close(self) -> None:
        """Stays open: a handler of a trial may close it, and other trials write to it too."""

    def write(self, text: str) -> int:
        if self._file is None:
            return len(text) if self._outside is None else self._outside.write(text)
        plain = _DRAWN.sub("", text) if "\x1b" in text or "\x08" in text else text
        with self._lock, contextlib.suppress(OSError):  # as of a full disk, which the trial will say
            for part in _PARTS.findall(plain) if "\r" in plain or self._is_returned else filter(None, [plain]):
                self._put(self._file, part)
        return len(text)

    def _put(self, file: int, part: str) -> None:
        if part == "\r":
            self._is_returned = True
            return
        if self._is_returned and part != "\n":
            self._take_back(file)
        self._is_returned = False
        *ended, rest = part.split("\n")
        if ended:
            ended[0] = self._line + ended[0]
            self._ended += ended[: MOST_LINES - len(self._ended)]
            self._ended_count += len(ended)
            self._line = ""
        self._line += rest
        encoded = part.encode("utf-8", "backslashreplace")
        view = memoryview(encoded)
        while view:
            view = view[os.write(file, view) :]
        end = os.lseek(file, 0, os.SEEK_CUR)
        if ended:
            self._begin = end - len(rest.encode("utf-8", "backslashreplace"))
        elif end - len(encoded) != self._end:  # another stream has written since: the line goes on after that
            self._begin = end - len(encoded)
        self._end = end

    def _take_back(self, file: int) -> None:
        """Removes the line from the file, if nothing else was written since."""
        self._line = ""
        if os.fstat(file).st_size == self._end:
            os.ftruncate(file, self._begin)
            self._end = self._begin


@functools.cache
def _stream(name: str) -> _Stream:
    """The stream of that name, the same for all trials of this process: a handler of one trial may keep it."""
    return _Stream(name)
