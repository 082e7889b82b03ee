"""Writes the table of trials to files of other programs."""

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
        RunError: It is a folder, is in none, or what writes the format is not installed.
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
    """Makes sure that each of `files`, by their formats, can be written, and that no two are one file.

    Raises:
        RunError: One cannot be written, or is given for two formats.
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
    """Writes every column as CSV; in no cell is there what a spreadsheet takes for a formula."""
    outputs.write(path, _with_texts(trials, csv_cell).to_csv(index=False).encode())


def write_json(trials: "pd.DataFrame", path: Path) -> None:
    """Writes an array of one object a trial; null is what is not known, NaN or infinite, for which JSON has no word."""
    rows = [{name: _json(value) for name, value in row.items()} for row in trials.to_dict("records")]
    outputs.write(path, (json.dumps(rows, indent=1, allow_nan=False) + "\n").encode())


def write_markdown(trials: "pd.DataFrame", path: Path) -> None:
    """Writes a table for people to read: without the columns that are empty, numbers to six digits."""
    table = trials.dropna(axis="columns", how="all")
    rows = [list(map(_markdown, row)) for row in table.astype(object).itertuples(index=False, name=None)]
    lines = [list(map(_markdown, table.columns)), ["---"] * len(table.columns), *rows]
    outputs.write(path, "".join(f"| {' | '.join(line)} |\n" for line in lines).encode())


def write_parquet(trials: "pd.DataFrame", path: Path) -> None:
    """Writes every column as Parquet; one that mixes texts with numbers, say, is all texts."""
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
    """`table` with every text in it, names of columns included, as `change` makes it."""
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
    # Parquet has no whole number of more than 64 bits.
    return len(set(map(type, values))) > 1 or any(type(value) is int for value in values)
