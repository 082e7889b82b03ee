"""The table of trials in a report: every trial, without the columns that are empty."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_search.results import layout, numbers
from keras_search.results.errors import RunError
from keras_search.results.numbers import is_missing, number
from keras_search.results.telling import tables
from keras_search.results.text import one_line, shortened

if TYPE_CHECKING:
    import pandas as pd

    from keras_search.results.reading.run import Run

_COMPLETED = "completed"
_LONGEST = 300  # characters
_MOST_NARROW = 50  # trials
_FIRST = 200  # trials
_BEFORE = ("trial_id", "status", "score", "best_epoch", "epochs_run", "parameters", "duration_s")
_HEADINGS = {
    "trial_id": "trial", "best_epoch": "best epoch", "epochs_run": "epochs", "duration_s": "seconds",
}  # fmt: skip
# The status says which trials were pruned or paused, a tag which is the baseline; the rest is in summary.csv.
_LEFT_OUT = ("is_baseline", "pruned", "paused", "started_at", "ended_at", "seed", "error")


class Cell(NamedTuple):
    """A cell: what it shows, and what it is sorted by; empty if that is the same."""

    text: str
    exact: str = ""


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        name: Its name among the columns of `summary.csv`.
        heading: Its heading.
        is_number: Whether it is sorted by number rather than by text.
        is_hyperparameter: Whether it holds the values of a hyperparameter.
        order: `ascending` or `descending` if the rows are sorted by this column, else `none`.
        cells: One per trial.
    """

    name: str
    heading: str
    is_number: bool
    is_hyperparameter: bool
    order: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class TrialsTable:
    """Every trial of a run, the best first; in trial order if the objective is not known.

    Attributes:
        columns: All columns that are not empty.
        tags: For each row those of `best` and `baseline` that apply.
        statuses: The status of each trial.
    """

    columns: Sequence[Column]
    tags: Sequence[Sequence[str]]
    statuses: Sequence[str]

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of trials with each status."""
        return Counter(self.statuses)

    @property
    def rows(self) -> "list[tuple[Sequence[str], tuple[Cell, ...]]]":
        """The tags and the cells of each trial."""
        return list(zip(self.tags, zip(*(column.cells for column in self.columns))))

    @property
    def first_rows(self) -> "list[tuple[Sequence[str], tuple[Cell, ...]]]":
        """The rows that a page without scripts has."""
        return self.rows[:_FIRST]

    @property
    def narrow(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows that fit on paper: the first trials, with all hyperparameters in a single cell."""
        kept = [column for column in self.columns if column.name in _BEFORE and column.name != "status"]
        tuned = [column for column in self.columns if column.is_hyperparameter]
        errors = [column for column in self.columns if column.name == "error"]
        rows = []
        for place, tags in enumerate(self.tags[:_MOST_NARROW]):
            values = [(column.heading, column.cells[place].text) for column in tuned]
            cells = [column.cells[place].text for column in kept]
            status = self.statuses[place]
            cells[0] = " ".join([cells[0], *tags, *([] if status == _COMPLETED else [status])])
            cells.append(" ".join(f"{name}={text}" for name, text in values if text))
            rows.append(cells + [column.cells[place].text for column in errors])
        return [*(column.heading for column in kept), "hyperparameters", *(column.heading for column in errors)], rows


def of(run: "Run") -> TrialsTable:
    """The table of all trials of `run`."""
    ordered_by = "trial_id" if run.objective is None else "score"
    trials = tables.ordered(run, ordered_by, None)
    is_maximised = run.objective is not None and run.objective.direction == "max"
    orders = {ordered_by: "descending" if is_maximised else "ascending"}
    statuses = [_status(trial) for trial in trials.loc[:, ["status", "pruned", "paused"]].to_dict("records")]
    trials = trials.assign(status=statuses)
    columns = [_column(name, trials.loc[:, name], orders.get(name, "none")) for name in _names(run, trials)]
    return TrialsTable([column for column in columns if _tells(column)], _tags(run, trials), statuses)


def _names(run: "Run", trials: "pd.DataFrame") -> list[str]:
    """The columns in order: results, hyperparameters, other metrics, the error."""
    others = [name for name in trials.columns if name not in (*_BEFORE, *_LEFT_OUT)]
    # The objective is the score.
    repeated = () if run.objective is None else (run.objective.name, *run.objective.others)
    tuned = [name for name in others if name.startswith((layout.HYPERPARAMETER_PREFIX, layout.NOTE_PREFIX))]
    metrics = [name for name in others if name not in tuned and name not in repeated]
    return [*_BEFORE, *tuned, *metrics, "error"]


def _column(name: str, values: "pd.Series", order: str) -> Column:
    listed = values.tolist()
    is_hyperparameter = name.startswith(layout.HYPERPARAMETER_PREFIX)
    heading = _HEADINGS.get(name) or one_line(name.removeprefix(layout.HYPERPARAMETER_PREFIX))
    # Trial ids are texts; the page sorts texts by the numbers in them.
    is_number = all(_is_number(value) for value in listed if not is_missing(value))
    show = numbers.setting if is_hyperparameter else _FORMATS.get(name, _metric)
    return Column(name, heading, is_number, is_hyperparameter, order, [_cell(value, show) for value in listed])


def _cell(value: Any, show: Callable[[Any], str]) -> Cell:
    if is_missing(value):
        return Cell("")
    if not _is_number(value):
        return Cell(shortened(one_line(str(value)), _LONGEST))
    text, exact = show(value), str(value)
    if math.isinf(value):
        exact = "Infinity" if value > 0 else "-Infinity"  # JavaScript's spelling
    return Cell(text) if text == exact else Cell(text, exact)


def _metric(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else number(value)


_FORMATS: dict[str, Callable[[Any], str]] = {"duration_s": lambda seconds: f"{seconds:,.1f}"}


def _tags(run: "Run", trials: "pd.DataFrame") -> list[list[str]]:
    try:
        best = run.best["trial_id"]
    except RunError:
        best = None
    return [
        ["best"] * (trial["trial_id"] == best) + ["baseline"] * (trial["is_baseline"] is True)
        for trial in trials.loc[:, ["trial_id", "is_baseline"]].to_dict("records")
    ]


def _status(trial: dict[str, Any]) -> str:
    if is_missing(trial["status"]):
        return "unreadable"
    early = next((name for name in ("pruned", "paused") if trial[name] is True), None)
    return early or one_line(trial["status"]).lower()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _tells(column: Column) -> bool:
    """Whether `column` says anything; a status of `completed` for all trials does not."""
    return any(cell.text not in ("", _COMPLETED if column.name == "status" else "") for cell in column.cells)
