"""Files that the user asks for, at a path of the user's choice: written whole or not at all."""

import contextlib
import os
import stat
from pathlib import Path

from keras_search.results import files
from keras_search.results.errors import Parameter, RunError

_STREAMS = (1, 2)


def check(parameter: str, path: Path) -> None:
    """Raises RunError if `path`, the value of `parameter`, is a folder or in a folder that does not exist."""
    if path.is_dir():
        raise RunError(Parameter(parameter), f" {str(path)!r} is a folder: give the name of a file")
    if not path.absolute().parent.is_dir():
        raise RunError(Parameter(parameter), f" {str(path)!r}: there is no folder {str(path.parent)!r}")


def write(path: Path, content: bytes) -> None:
    """Replaces the file at `path` by `content` in one step: if the disk is full, the old file stays.

    The new file has the permissions of the old one. If `path` is a link, the link stays and its target is replaced. A
    pipe, a device or `/dev/stdout` cannot be replaced: `content` is written into it.

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
    """Whether `path` can be replaced in one step: it is a regular file, or does not exist yet."""
    return not path.exists() or not _is_written_through(path.stat())


def _take_over(temporary: Path, before: os.stat_result) -> None:
    """Gives `temporary` the permissions of the old file and, if this process may, its owner."""
    with contextlib.suppress(PermissionError):
        os.chown(temporary, before.st_uid, before.st_gid)
    temporary.chmod(stat.S_IMODE(before.st_mode))


def _is_written_through(status: os.stat_result) -> bool:
    return not stat.S_ISREG(status.st_mode) or _stream(status) is not None


def _stream(status: os.stat_result) -> int | None:
    """Which standard stream (1 or 2) the file of `status` is, as `/dev/stdout` is; None if neither."""
    for number in _STREAMS:
        try:
            if os.path.samestat(status, os.fstat(number)):
                return number
        except OSError:  # the stream is closed
            continue
    return None


def _write_through(path: Path, status: os.stat_result, content: bytes) -> None:
    stream = _stream(status)
    # If standard output goes to a file, opening that file by name would overwrite its beginning.
    with path.open("wb") if stream is None else os.fdopen(os.dup(stream), "wb") as file:
        file.write(content)
