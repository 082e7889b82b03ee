"""Whole files or none: everything a run keeps is written to a temporary file and moved into place."""

import contextlib
import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from results.errors import DamagedFile
from results.text import csv_cell


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


def _umask() -> int:
    # The only portable way to read the umask is to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
