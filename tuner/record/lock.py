"""The lock of a run directory, for one search or evaluation at a time; it ends with its process, however that ends."""

import contextlib
import errno
import fcntl
import os
import platform
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from keras_search.results import layout
from keras_search.results.errors import Parameter
from keras_search.tuner.errors import InputError

_LONGEST_OWNER = 200
_held: dict[Path, TextIO] = {}


@contextlib.contextmanager
def locked(run: Path, work: str = "search") -> Iterator[None]:
    """Locks the directory `run`, which is made if need be, against other searches and evaluations in the block.

    A block inside another one for the same directory changes nothing.

    Args:
        work: What the block does, for the message to processes that are refused meanwhile.

    Raises:
        InputError: Another process holds the lock, or the lock's path is no file.
    """
    run = run.resolve()
    if run in _held:
        yield
        return
    run.mkdir(parents=True, exist_ok=True)
    with _opened(run / layout.LOCK) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner, _, other = file.read(_LONGEST_OWNER).strip().partition(", ")
            raise InputError(
                f"another {other or 'search'} is at work on run {str(run)!r} ({owner}): wait until it ends",
                *((", or give ", Parameter("project_name"), " another name") if work == "search" else ()),
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}, {work}")
        file.flush()
        _held[run] = file
        try:
            yield
        finally:
            del _held[run]


def _opened(path: Path) -> TextIO:
    """Opens the lock's file, and makes it if need be; follows no link and opens no device."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise _not_a_lock(path) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _not_a_lock(path)
    return os.fdopen(handle, "r+", encoding="utf-8", errors="replace")


def _not_a_lock(path: Path) -> InputError:
    return InputError(f"{str(path)!r} is no file, but a link, a folder or a device: remove it")


def check_there(run: Path) -> None:
    """Raises FileNotFoundError if the locked directory is no longer at the path `run`."""
    run = run.resolve()
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat((run / layout.LOCK).lstat(), os.fstat(_held[run].fileno())):
            return
    raise FileNotFoundError(errno.ENOENT, "it has vanished", str(run))
