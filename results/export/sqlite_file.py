"""A SQLite database changed in one step, though what changes it commits many times."""

import contextlib
import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keras_search.results import outputs
from keras_search.results.errors import RunError


@contextlib.contextmanager
def changed(path: Path) -> Iterator[Path]:
    """A copy beside the database `path`; what becomes of the copy is what `path` becomes when the block ends well.

    A file that was there takes it over in one transaction, so that other programs may have it open; where the disk has
    no room for it, it stays as it was.

    Raises:
        RunError: Another program has written to `path` meanwhile.
        OSError: It is no regular file.
        sqlite3.Error: It is no database, or cannot be written.
    """
    if not outputs.is_regular(path):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    with tempfile.TemporaryDirectory(prefix=".writing.", dir=target.parent) as folder:
        copy = Path(folder) / target.name
        if not target.exists():
            yield copy
            if target.exists():
                raise _interfered(path)
            copy.replace(target)
            return
        with contextlib.closing(sqlite3.connect(target)) as original:
            version = _version(original)
            _copy(original, copy)
            yield copy
            if _version(original) != version:
                raise _interfered(path)
            with contextlib.closing(sqlite3.connect(copy)) as source:
                source.backup(original)


def _copy(original: sqlite3.Connection, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as copy:
        original.backup(copy)


def _version(connection: sqlite3.Connection) -> int:
    """Changes when another connection changes the database."""
    return connection.execute("PRAGMA data_version").fetchone()[0]


def _interfered(path: Path) -> RunError:
    return RunError(f"{str(path)!r} was written by another program meanwhile: export again")
