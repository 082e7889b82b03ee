"""Whole files or none: everything a run keeps is written to a temporary file and moved into place."""

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from results.errors import DamagedFile
from results.text import csv_cell

_LEAST_BYTES = 65536
_DISK_FAILURES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE)
# What `write_text`, `replacing` and `check_writable` call a file before it has its name.
_UNFINISHED = re.compile(r"\.(?!data).+\.[a-z0-9_]{8}|writing\..+")


def write_text(path: Path, text: str) -> None:
    """Replaces `path` by `text` (UTF-8) in one step: a reader, or a kill, sees the old file or the new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path`, with the same ending; what is written there takes its place when the block ends well."""
    temporary = path.with_name(f"writing.{path.name}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Replaces `path` by `value` as JSON, in one step."""
    write_text(path, json.dumps(value, indent=1) + "\n")


def read_json(path: Path) -> Any:
    """The JSON value in `path`, or None where the file is missing or does not parse."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in `path`.

    Raises:
        DamagedFile: The file is missing, cut off, or holds something else.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        value = json.loads(text)
        if "\\ud" in text.lower():
            # It may be half of a character, which JSON can hold and no file of text can.
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except FileNotFoundError:
        raise DamagedFile(f"{path.name} is missing") from None
    except OSError as error:
        raise DamagedFile(f"{path.name} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise DamagedFile(f"{path.name} is cut off or damaged") from None
    if not isinstance(value, dict):
        raise DamagedFile(f"{path.name} is damaged (it holds no object)")
    return value


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Replaces `path` by a CSV table in one step, a row a line.

    None and a missing key are empty cells, floats are exact; no text, a column's name included, is a formula.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(csv_cell, columns))
    for row in rows:
        writer.writerow(csv_cell(cell) if isinstance(cell := row.get(name), str) else cell for name in columns)
    write_text(path, text.getvalue())


def set_aside(path: Path) -> Path:
    """Gives a damaged file another name beside its own, which it returns."""
    aside = path.with_name(f"{path.name}.damaged")
    path.replace(aside)
    return aside


def remove_unfinished(folder: Path) -> None:
    """Removes what a killed process had begun to write in `folder` with the functions above."""
    for path in folder.iterdir():
        if _UNFINISHED.fullmatch(path.name):
            path.unlink()


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of those files in `folder` that are there, by name."""
    found = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            found[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return found


def check_writable(folder: Path, size: int = _LEAST_BYTES) -> None:
    """Raises OSError where no file of `size` bytes can be written in `folder`.

    That is where it has vanished or is read-only, or the disk is full.
    """
    with tempfile.NamedTemporaryFile(prefix=".check.", dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, size)


def disk_failure(error: BaseException | None) -> OSError | None:
    """The error among `error` and its causes that says that a disk is full, read-only or gone; None where none does."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_FAILURES:
            return error
        error = error.__cause__ or error.__context__
    return None


def require_disk(folder: Path, error: BaseException) -> None:
    """Raises OSError where `error` comes of a disk that is full, read-only or gone, or `folder` shows that it is."""
    if (failure := disk_failure(error)) is not None:
        raise failure from None
    check_writable(folder)


def _umask() -> int:
    # The only portable way to read the umask is to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
