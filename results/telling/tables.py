"""Runs and verdicts as tables on a terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from keras_search.results import layout
from keras_search.results.errors import Parameter, RunError
from keras_search.results.labels import apart
from keras_search.results.numbers import has_values, is_missing, number, setting
from keras_search.results.reading.run import Run, finite_first
from keras_search.results.reading.trial_rows import trial_order
from keras_search.results.telling import sentences
from keras_search.results.telling.best_table import BestTable, Side
from keras_search.results.telling.fitted import Column, FittedTable
from keras_search.results.text import count, one_line, shortened
from keras_search.results.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

# The headings of those columns of `trials_table` that hold texts.
TEXTS = ("trial", "hyperparameters", "error")

_BEST = 5
_LONGEST_VALUE = 60
_LONGEST_ERROR = 80
_FIGURES = {
    "score": "score",
    "val_loss": "val_loss",
    "epoch": "best_epoch",
    "parameters": "parameters",
    "seconds": "duration_s",
}
_GOES = {"seconds": 6, "parameters": 5, "val_loss": 4, "epoch": 3, "hyperparameters": 2, "error": 1}
_FORMATS = {"parameters": ",d", "duration_s": ".1f"}


def ordered(run: Run, sort: str, top: int | None) -> "pd.DataFrame":
    """The first `top` trials of `run` (None: all), sorted by the column `sort`.

    The score and accuracies are sorted with the best first, all other columns, and the score of an unknown objective,
    with the smallest first. Trials without a value come last.

    Raises:
        RunError: There is no such column, or `top` is not positive.
    """
    if top is not None and top < 1:
        raise RunError(Parameter("top"), f" is {top}: it must be at least 1")
    trials = run.trials
    if sort not in trials.columns:
        raise RunError(
            Parameter("sort"), f": unknown column {sort!r}: choose one of {one_line(', '.join(trials.columns))}"
        )
    is_maximised = run.objective is not None and run.objective.direction == "max"
    largest_first = sort.endswith("accuracy") or (sort == "score" and is_maximised)
    key = (lambda ids: ids.map(trial_order)) if sort == "trial_id" else _numbers_first
    if sort == "score" and run.objective is not None:
        key = finite_first(not is_maximised)
    trials = trials.sort_values(sort, ascending=not largest_first, kind="stable", na_position="last", key=key)
    return trials if top is None else trials.head(top)


def trials_table(trials: "pd.DataFrame") -> FittedTable:
    """The trials with the columns that people ask for first, unless they are empty; `summary.csv` has all."""
    headings, rows = trial_cells(trials)
    cells = zip(*rows) if rows else [()] * len(headings)
    return FittedTable([_column(heading, column) for heading, column in zip(headings, cells)])


def trial_cells(trials: "pd.DataFrame") -> tuple[list[str], list[list[str]]]:
    """The headings and the rows of `trials_table`."""
    figures = {heading: name for heading, name in _FIGURES.items() if has_values(trials, name)}
    values = _values(trials)
    has_errors = has_values(trials, "error")
    rows = []
    for trial, own in zip(trials.to_dict("records"), values):
        row = [_label(trial), *(_figure(name, trial) for name in figures.values()), " ".join(own)]
        rows.append([*row, _error(trial["error"])] if has_errors else row)
    return ["trial", *figures, "hyperparameters", *(["error"] if has_errors else [])], rows


def projects_table(projects: Sequence[tuple[str, Run | None]]) -> FittedTable:
    """Projects by name, with the best score of each; a project without a readable trial is given as None."""
    rows = []
    for name, run in projects:
        if run is None:
            rows.append((one_line(name), "0", "0", "", ""))
            continue
        finished = run.finished
        best = "" if run.objective is None or finished.empty else number(finished["score"].iloc[0])
        rows.append((one_line(name), f"{len(run.trials):,}", f"{len(finished):,}", best, sentences.objective(run)))
    names, trials, finished, best, objectives = zip(*rows)
    return FittedTable(
        [
            Column("project", names, is_text=True),
            Column("trials", trials, goes=3),
            Column("finished", finished, goes=2),
            Column("best score", best),
            Column("objective", objectives, goes=1, is_text=True),
        ]
    )


def best_trials(run: Run, most: int) -> "pd.DataFrame":
    """The best finished trials, at most `most`, and the baseline if it is not among them."""
    finished = run.finished
    others = finished.iloc[most:]
    return finished.loc[[*finished.index[:most], *others.index[others["is_baseline"].eq(True)]]]


def best_table(run: Run) -> BestTable:
    """The best five trials side by side, and the baseline if it is not among them."""
    ended = run.trials.loc[:, "status"].isin(["COMPLETED", "FAILED"]).sum()
    trials = best_trials(run, _BEST)
    return BestTable(f"The best of {count(ended, 'trial')}", [_side(trial) for trial in trials.to_dict("records")])


def configuration_table(values: Mapping[str, Any]) -> Table:
    """The hyperparameters of a point, a line each."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(f"  {one_line(name)}", one_line(setting(value)))
    return table


def verdict_table(verdict: Verdict, epochs: Mapping[str, int | None], same: bool = False) -> FittedTable:
    """Documented, retrained and best test accuracy with their intervals."""
    model, epochs_run, seeds, accuracy, interval = zip(*sentences.verdict_rows(verdict, epochs, same))
    names = sentences.VERDICT_HEADINGS
    return FittedTable(
        [
            Column(names[0], model, is_text=True),
            Column(names[1], epochs_run, goes=2),
            Column(names[2], seeds, goes=1),
            Column(names[3], accuracy),
            Column(names[4], interval),
        ]
    )


def _column(heading: str, cells: Sequence[str]) -> Column:
    if heading == "trial":
        return Column(heading, cells, is_id=True)
    return Column(heading, cells, goes=_GOES.get(heading, 0), is_text=heading in TEXTS, is_long=True)


def _side(trial: Mapping[str, Any]) -> Side:
    figures = {heading: _figure(name, trial) for heading, name in _FIGURES.items()}
    values = {name.removeprefix(layout.HYPERPARAMETER_PREFIX): trial[name] for name in trial if _is_setting(name)}
    settings = {name: one_line(setting(value)) for name, value in values.items() if not is_missing(value)}
    return Side(one_line(str(trial["trial_id"])), trial["is_baseline"] is True, figures, settings)


def _is_setting(name: str) -> bool:
    return name.startswith(layout.HYPERPARAMETER_PREFIX)


def _label(trial: Mapping[str, Any]) -> str:
    label = one_line(str(trial["trial_id"]))
    if trial["is_baseline"] is True:
        label += " baseline"
    status = "unreadable" if is_missing(trial["status"]) else one_line(trial["status"]).lower()
    return label if status == "completed" else f"{label} {status}"


def _numbers_first(column: "pd.Series") -> "pd.Series":
    # A hyperparameter may be a number in one trial and a text in another, which Python does not compare.
    if column.dtype != object:
        return column
    return column.map(lambda value: (isinstance(value, str), value), na_action="ignore")


def _cell(value: Any, form: str) -> str:
    return "" if is_missing(value) else format(value, form)


def _figure(name: str, trial: Mapping[str, Any]) -> str:
    if name == "best_epoch":
        epochs = f"{_cell(trial['best_epoch'], 'd')}/{_cell(trial['epochs_run'], 'd')}".strip("/")
        return f"{epochs} paused" if trial.get("paused") is True else epochs
    return number(trial[name]) if name in ("score", "val_loss") else _cell(trial[name], _FORMATS[name])


def _values(trials: "pd.DataFrame") -> list[list[str]]:
    """The active hyperparameters of each of `trials` as `name=value`; shortened values can still be told apart."""
    rows: list[list[str]] = [[] for _ in range(len(trials))]
    for name in filter(_is_setting, trials.columns):
        active = [place for place, value in enumerate(trials[name]) if not is_missing(value)]
        texts = apart([setting(trials[name].iloc[place]) for place in active], _LONGEST_VALUE)
        for place, text in zip(active, texts):
            rows[place].append(f"{one_line(name.removeprefix(layout.HYPERPARAMETER_PREFIX))}={text}")
    return rows


def _error(value: Any) -> str:
    return "" if is_missing(value) else shortened(one_line(value), _LONGEST_ERROR)
