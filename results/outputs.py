"""The files that a user asks a command to write: whole or not at all, wherever they are to be."""

import contextlib
import os
import stat
from pathlib import Path

from keras_search.results import files
from keras_search.results.errors import Parameter, RunError

_STREAMS = (1, 2)


def check(parameter: str, path: Path) -> None:
    """Raises RunError where `path`, given by `parameter`, can be no file: it is a folder, or is in none."""
    if path.is_dir():
        raise RunError(Parameter(parameter), f" {str(path)!r} is a folder: give the name of a file")
    if not path.absolute().parent.is_dir():
        raise RunError(Parameter(parameter), f" {str(path)!r}: there is no folder {str(path.parent)!r}")


def write(path: Path, content: bytes) -> None:
    """Replaces what is at `path` by `content` in one step, so that a full disk leaves what was there.

    What a link leads to is replaced, the link stays. A file keeps its permissions. Into what is no regular file - a
    pipe, `/dev/stdout` - `content` is written as it is.

    Raises:
        OSError: It cannot be written; the error names `path`.
    """
    try:
        before = path.stat()
    except FileNotFoundError:
        before = None
    try:
        if before is not None and _is_written_through(before):
            _write_through(path, before, content)
            return
        with files.replacing(Path(os.path.realpath(path))) as temporary:
            if before is not None:
                temporary.chmod(0o600)
            temporary.write_bytes(content)
            if before is not None:
                _take_over(temporary, before)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def is_regular(path: Path) -> bool:
    """Whether `path` is a file that can be replaced, or nothing yet."""
    return not path.exists() or not _is_written_through(path.stat())


def _take_over(temporary: Path, before: os.stat_result) -> None:
    """Gives the file that takes another's place its permissions and, where that may be done, its owner."""
    with contextlib.suppress(PermissionError):
        os.chown(temporary, before.st_uid, before.st_gid)
    temporary.chmod(stat.S_IMODE(before.st_mode))


def _is_written_through(status: os.stat_result) -> bool:
    return not stat.S_ISREG(status.st_mode) or _stream(status) is not None


def _stream(status: os.stat_result) -> int | None:
    """The standard output or error that is the file of `status`, as `/dev/stdout` is; None where neither is."""
    for number in _STREAMS:
        try:
            if os.path.samestat(status, os.fstat(number)):
                return number
        except OSError:  # it is closed
            continue
    return None


def _write_through(path: Path, status: os.stat_result, content: bytes) -> None:
    stream = _stream(status)
    # Opened by its name, a file that standard output goes to would be written from its beginning.
    with path.open("wb") if stream is None else os.fdopen(os.dup(stream), "wb") as file:
        file.write(content)
