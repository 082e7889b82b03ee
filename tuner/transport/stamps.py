"""The stamps of files: size and time of change. Files with equal stamps are taken for equal.

Importing this module does not load Keras: the Dask worker stays light.
"""

import os
from collections.abc import Iterable
from pathlib import Path

# Bytes, and the nanoseconds of the last change.
Stamp = tuple[int, int]

# The beginnings of the names of files that `results.files` is writing.
_TEMPORARY = (".", "writing.")


def below(root: Path, names: Iterable[str]) -> dict[str, Stamp]:
    """The stamps of the files below `root` that `names` name, or whose folders they name; no half-written files."""
    present = {}
    for name in sorted(names):
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.name.startswith(_TEMPORARY) and (current := of(file)):
                present[file.relative_to(root).as_posix()] = current
    return present


def of(path: Path) -> Stamp | None:
    """The stamp of the file `path`; None if there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if path.is_file() else None


def set_on(path: Path, stamp: Stamp) -> None:
    """Gives the file `path`, of the size in `stamp`, this time of change."""
    os.utime(path, ns=(stamp[1], stamp[1]))
