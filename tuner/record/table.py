"""A CSV table of many trials, replaced in one step, for which only trials that have changed are put into words."""

import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_search.results import files
from keras_search.results.reading import trial_rows


class Table:
    """The rows of trials, in trial order; only those of trials that have changed are put into words again.

    Args:
        path: The CSV file.
        columns: Gives the columns of the table, from the names of the cells of its rows.
    """

    def __init__(self, path: Path, columns: Callable[[Iterable[Iterable[str]]], list[str]]) -> None:
        self._path = path
        self._choose = columns
        self._columns: list[str] = []
        self._order: list[str] = []
        # Of each trial: the names of its cells, the cells row by row, and the lines that they are in the table. Rows as
        # dicts would take several times the memory.
        self._names: dict[str, tuple[str, ...]] = {}
        self._cells: dict[str, list[tuple[Any, ...]]] = {}
        self._lines: dict[str, str] = {}
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def put(self, trial_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Sets the rows of a trial."""
        if trial_id not in self._names:
            bisect.insort(self._order, trial_id, key=trial_rows.trial_order)
        names = tuple(dict.fromkeys(name for row in rows for name in row))
        self._names[trial_id] = self._known.setdefault(names, names)
        self._cells[trial_id] = [tuple(map(row.get, names)) for row in rows]
        self._lines.pop(trial_id, None)

    def write(self) -> None:
        """Replaces the file."""
        kinds = dict.fromkeys(map(self._names.__getitem__, self._order))
        columns = self._choose(kinds)
        if columns != self._columns:
            self._columns = columns
            self._lines.clear()
        for trial_id in self._order:
            if trial_id not in self._lines:
                names = self._names[trial_id]
                rows = (dict(zip(names, cells)) for cells in self._cells[trial_id])
                self._lines[trial_id] = files.csv_lines(columns, rows)
        header = files.csv_lines(columns, [dict(zip(columns, columns))])
        files.write_text(self._path, header + "".join(map(self._lines.__getitem__, self._order)))
