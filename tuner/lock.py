"""One search a run directory: a lock that ends with the process that holds it, however it ends."""

import contextlib
import errno
import fcntl
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from results import layout
from results.errors import Parameter
from tuner.errors import InputError

_held: dict[Path, TextIO] = {}


@contextlib.contextmanager
def locked(run: Path) -> Iterator[None]:
    """Keeps every other search from the directory `run`, which is made, while the block runs.

    A block within another of the same process and directory changes nothing.

    Raises:
        InputError: Another process searches in it.
    """
    run = run.resolve()
    if run in _held:
        yield
        return
    run.mkdir(parents=True, exist_ok=True)
    with (run / layout.LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InputError(
                f"another search is at work on run {str(run)!r} ({file.read().strip()}): wait until it ends, or give ",
                Parameter("project_name"),
                " another name",
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        _held[run] = file
        try:
            yield
        finally:
            del _held[run]


def check_there(run: Path) -> None:
    """Raises FileNotFoundError where the locked directory is no longer what is found at `run`."""
    run = run.resolve()
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat((run / layout.LOCK).stat(), os.fstat(_held[run].fileno())):
            return
    raise FileNotFoundError(errno.ENOENT, "it has vanished", str(run))
