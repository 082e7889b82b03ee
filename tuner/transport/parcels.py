"""What travels between machines: a call that names files of the run directory, and these files.

A file is named by where it is in the run directory (`trial_03/epochs.csv`), whatever the folder that stands for the run
directory on a machine. Its stamp, size and time of change, goes along: equal stamps are equal files.
"""

import io
import marshal
import os
import pickle
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle

# Bytes, and the nanoseconds of the last change.
Stamp = tuple[int, int]

# As `results.files` names what it is writing.
_TEMPORARY = (".", "writing.")


def pack(root: Path | None, *values: Any) -> tuple[bytes, set[str]]:
    """`values` by cloudpickle, and the names of the paths below `root` in them, which are packed by name."""
    buffer = io.BytesIO()
    packer = _Packer(buffer, root)
    for value in values:
        packer.dump(value)
    return buffer.getvalue(), packer.names


def unpack(packed: bytes, place: Callable[[str], Path] = Path) -> Iterator[Any]:
    """What was packed, one value after the other as they are asked for.

    Args:
        place: Says where each path below the root is now.
    """
    file = io.BytesIO(packed)
    unpacker = _Unpacker(file, place)
    while file.tell() < len(packed):
        yield unpacker.load()


def _reduced(code: types.CodeType) -> tuple[Any, ...]:
    """How `code` is packed: with its file, which an error names, and which cloudpickle leaves out."""
    try:
        return marshal.loads, (marshal.dumps(code),)
    except ValueError:  # a debugger or the like has put an object into it
        return cloudpickle.Pickler.dispatch_table[types.CodeType](code)


class _Packer(cloudpickle.Pickler):
    dispatch_table = cloudpickle.Pickler.dispatch_table.new_child({types.CodeType: _reduced})

    def __init__(self, file: io.BytesIO, root: Path | None) -> None:
        super().__init__(file)
        self._root = root
        self.names: set[str] = set()

    def persistent_id(self, value: Any) -> str | None:
        if self._root is None or not isinstance(value, Path) or self._root not in value.parents:
            return None
        name = value.relative_to(self._root).as_posix()
        self.names.add(name)
        return name


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, place: Callable[[str], Path]) -> None:
        super().__init__(file)
        self._place = place

    def persistent_load(self, name: str) -> Path:
        return self._place(name)


def stamps(root: Path, names: Iterable[str]) -> dict[str, Stamp]:
    """The files below `root` that `names` name, themselves or by a folder that they are in; no half-written ones."""
    found = {}
    for name in sorted(names):
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.name.startswith(_TEMPORARY) and (seen := stamp(file)):
                found[file.relative_to(root).as_posix()] = seen
    return found


def stamp(path: Path) -> Stamp | None:
    """None where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if path.is_file() else None


def set_stamp(path: Path, stamp: Stamp) -> None:
    os.utime(path, ns=(stamp[1], stamp[1]))
