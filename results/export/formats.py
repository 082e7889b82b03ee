"""Writes the table of trials in the formats of other programs."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_search.results import outputs
from keras_search.results.errors import Parameter, RunError
from keras_search.results.numbers import is_missing, setting
from keras_search.results.text import csv_cell, one_line

if TYPE_CHECKING:
    import pandas as pd

_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*[]<>|~&"})


def check(format: str, path: Path) -> None:
    """Makes sure that `path` can be written in `format`, one of `FORMATS`.

    Raises:
        RunError: It is a folder, its folder does not exist, or the package that writes the format is not installed.
    """
    outputs.check(format, path)
    if format == "parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise RunError(
                Parameter("parquet"), " needs the package pyarrow: python -m pip install -e '.[parquet]'"
            ) from None


def check_all(files: Mapping[str, Path]) -> None:
    """Makes sure that all `files`, given by their formats, can be written and are distinct.

    Raises:
        RunError: A file cannot be written, or is given for two formats.
    """
    formats: dict[Path, str] = {}
    for format, path in files.items():
        check(format, path)
        other = formats.setdefault(path.resolve(), format)
        if other != format and (not path.exists() or path.is_file()):
            raise RunError(
                Parameter(format), f" {str(path)!r} is the file of ", Parameter(other), " too: give each its own"
            )


def write_csv(trials: "pd.DataFrame", path: Path) -> None:
    """Writes every column as CSV, made safe for spreadsheets: no cell is taken for a formula."""
    outputs.write(path, _with_texts(trials, csv_cell).to_csv(index=False).encode())


def write_json(trials: "pd.DataFrame", path: Path) -> None:
    """Writes a JSON array with an object per trial; unknown, NaN and infinite values become null."""
    rows = [{name: _json(value) for name, value in row.items()} for row in trials.to_dict("records")]
    outputs.write(path, (json.dumps(rows, indent=1, allow_nan=False) + "\n").encode())


def write_markdown(trials: "pd.DataFrame", path: Path) -> None:
    """Writes a Markdown table for people: without empty columns, numbers to six digits."""
    table = trials.dropna(axis="columns", how="all")
    rows = [list(map(_markdown, row)) for row in table.astype(object).itertuples(index=False, name=None)]
    lines = [list(map(_markdown, table.columns)), ["---"] * len(table.columns), *rows]
    outputs.write(path, "".join(f"| {' | '.join(line)} |\n" for line in lines).encode())


def write_parquet(trials: "pd.DataFrame", path: Path) -> None:
    """Writes every column as Parquet; a column of mixed types becomes all texts."""
    texts = {
        str(name): column.map(str, na_action="ignore")
        for name, column in trials.items()
        if column.dtype == object and _is_mixed(column.dropna())
    }
    outputs.write(path, trials.assign(**texts).to_parquet(index=False, engine="pyarrow"))


FORMATS: "dict[str, Callable[[pd.DataFrame, Path], None]]" = {
    "csv": write_csv,
    "json": write_json,
    "markdown": write_markdown,
    "parquet": write_parquet,
}


def _with_texts(table: "pd.DataFrame", change: Callable[[str], str]) -> "pd.DataFrame":
    """`table` with `change` applied to every text, column names included."""
    changed = table.rename(columns=change)
    for place, dtype in enumerate(table.dtypes):
        if dtype.kind == "O":
            column = table.iloc[:, place].astype(object)
            texts = column.map(lambda value: change(value) if isinstance(value, str) else value)
            changed.isetitem(place, texts)
    return changed


def _json(value: Any) -> Any:
    return None if is_missing(value) or (isinstance(value, float) and math.isinf(value)) else value


def _markdown(value: Any) -> str:
    if is_missing(value):
        return ""
    return one_line(setting(value)).translate(_MARKDOWN)


def _is_mixed(values: "pd.Series") -> bool:
    # Python integers in a column of objects have more than 64 bits, which Parquet cannot hold.
    return len(set(map(type, values))) > 1 or any(type(value) is int for value in values)
