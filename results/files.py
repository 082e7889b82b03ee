"""The files of a run, each replaced in one step; what is not a regular file is never read.

A file is written under another name and then moved into place, so a kill leaves the old file or the new one.
"""

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_search.results.errors import DamagedFile
from keras_search.results.text import csv_cell

_LEAST_BYTES = 65536
# The largest file that is read. The oracle's file of 100,000 trials takes about a third of it.
_MOST_BYTES = 256 * 2**20
_DEEPEST = 100  # levels of nested JSON; Keras Tuner's files have a dozen
_LONGEST_ENDING = 40
_DISK_FAILURES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE)
# The temporary files of `replacing` and `check_writable`, in this version and earlier ones.
_UNFINISHED = re.compile(r"\.(?!data).+\.[a-z0-9_]{8}|\.?writing\..+")


class NotAFile(OSError):
    """Where a run should have a file there is a link, a folder, a device, a pipe, or something far too large."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """Opens the file `path` of a run directory for reading; follows no link and waits for no pipe.

    Raises:
        NotAFile: It is a link, or no regular file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotAFile(error.errno, "it is a link", str(path)) from None
        if error.errno == errno.ENXIO:
            raise NotAFile(error.errno, "it is no regular file", str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotAFile(errno.EINVAL, "it is no regular file", str(path))
    with os.fdopen(handle, "rb") as file:
        yield file


def read_bytes(path: Path) -> bytes:
    """The content of the file `path` of a run directory.

    Raises:
        NotAFile: It is a link, no regular file, or larger than any such file can be.
    """
    with opened(path) as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise NotAFile(errno.EFBIG, f"it has more than {_MOST_BYTES:,} bytes", str(path))
    return content


def write_text(path: Path, text: str) -> None:
    """Replaces `path` by `text` (UTF-8) in one step: readers, even after a kill, see the old file or the new one."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, with the same ending; its file replaces `path` when the block ends well.

    If `path` is a link, the link is replaced, not what it points to.

    Raises:
        OSError: It cannot be written; the error names `path`.
    """
    temporary = None
    try:
        handle, name = tempfile.mkstemp(prefix=".writing.", suffix=f".{path.name[-_LONGEST_ENDING:]}", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        temporary.chmod(0o666 & ~_umask())
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror or os.strerror(error.errno), str(path)) from error
        raise


def write_json(path: Path, value: Any, is_indented: bool = True) -> None:
    """Replaces `path` by `value` as JSON, in one step. Indentation takes ten times as long."""
    write_text(path, json.dumps(value, indent=1 if is_indented else None) + "\n")


def read_json(path: Path) -> Any:
    """The JSON value in `path`; None if the file is missing, not a regular file or not JSON."""
    try:
        return parse_json(read_bytes(path).decode())
    except (FileNotFoundError, NotAFile, ValueError):
        return None


def parse_json(text: str) -> Any:
    """The JSON value in `text`; raises ValueError if it is not JSON or too deeply nested."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("too deep") from None
    if text.count("[") + text.count("{") <= _DEEPEST:
        return value
    level, depth = [value] if isinstance(value, list | dict) else [], 0
    while level:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        parents = [container.values() if isinstance(container, dict) else container for container in level]
        level = [child for parent in parents for child in parent if isinstance(child, list | dict)]
        depth += 1
    return value


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in `path`.

    Raises:
        DamagedFile: The file is missing, cut off, or holds something else.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
        value = parse_json(text)
        if "\\ud" in text.lower():
            # It may be half of a surrogate pair, which JSON can hold and a text file cannot.
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except FileNotFoundError:
        raise DamagedFile(f"{path.name} is missing") from None
    except OSError as error:
        raise DamagedFile(f"{path.name} cannot be read ({error.strerror})") from None
    except ValueError:
        raise DamagedFile(f"{path.name} is cut off or damaged") from None
    if not isinstance(value, dict):
        raise DamagedFile(f"{path.name} is damaged (it holds no object)")
    return value


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Replaces `path` by a CSV table in one step.

    None and a missing key become empty cells. Floats are exact. Texts, column names included, are made safe for
    spreadsheets: none is taken for a formula.
    """
    write_text(path, csv_lines(columns, [dict(zip(columns, columns)), *rows]))


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """The lines of `rows` in a table that `write_csv` writes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow(csv_cell(cell) if isinstance(cell := row.get(name), str) else cell for name in columns)
    return text.getvalue()


def set_aside(path: Path) -> Path:
    """Renames a damaged file within its folder, so that its name is free; returns the new path."""
    aside = path.with_name(f"{path.name}.damaged")
    path.replace(aside)
    return aside


def remove_unfinished(folder: Path) -> None:
    """Removes the temporary files that a killed process left in `folder`."""
    for path in folder.iterdir():
        if _UNFINISHED.fullmatch(path.name):
            path.unlink()


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 by name of those `names` that exist in `folder`; empty for what is not a regular file."""
    by_name = {}
    for name in filter(is_plain, names):
        try:
            with opened(folder / name) as file:
                by_name[name] = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            continue
        except NotAFile:
            by_name[name] = ""
    return by_name


def is_plain(name: str) -> bool:
    """Whether `name` is a bare file name, which cannot lead out of its folder."""
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def check_writable(folder: Path, size: int = _LEAST_BYTES) -> None:
    """Raises OSError if `folder` cannot take a file of `size` bytes: it is gone or read-only, or the disk is full."""
    with tempfile.NamedTemporaryFile(prefix=".check.", dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, size)


def disk_failure(error: BaseException | None) -> OSError | None:
    """The first of `error` and its causes that means a disk is full, read-only or gone; None if none does."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_FAILURES:
            return error
        error = error.__cause__ or error.__context__
    return None


def require_disk(folder: Path, error: BaseException) -> None:
    """Raises OSError if a full, read-only or vanished disk caused `error`, or if `folder` cannot be written now."""
    if (failure := disk_failure(error)) is not None:
        raise failure from None
    check_writable(folder)


def _umask() -> int:
    # The only portable way to read the umask is to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
