"""Changes a SQLite database in one step, however many transactions the change takes."""

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
    """Yields the path of a copy beside the database `path`; when the block ends well, `path` becomes like the copy.

    An existing database takes over the copy in one transaction, so other programs may have it open. If the disk is
    full, it stays as it was.

    Raises:
        RunError: Another program has written to `path` meanwhile.
        OSError: `path` is not a regular file.
        sqlite3.Error: `path` is not a database, or cannot be written.
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
    """A number that changes when another connection changes the database."""
    return connection.execute("PRAGMA data_version").fetchone()[0]


def _interfered(path: Path) -> RunError:
    return RunError(f"{str(path)!r} was written by another program meanwhile: export again")
