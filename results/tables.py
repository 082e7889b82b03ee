"""Runs and verdicts as tables and sentences for a terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from results import layout
from results.errors import RunError
from results.reader import trial_order
from results.run import Run
from results.text import count, one_line, shortened
from results.verdict import Interval, Verdict

if TYPE_CHECKING:
    import pandas as pd

NOT_COMPARABLE = "The documented test accuracy is for MNIST: not comparable with these data."

# The headings of the columns of `trials_table` that hold texts.
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
_FORMATS = {"parameters": ",d", "duration_s": ".1f"}


def ordered(run: Run, sort: str, top: int | None) -> "pd.DataFrame":
    """The trials of `run` by the column `sort`, the first `top` of them; None is all.

    The score and accuracies are shown with the best first, other columns - and a score of which the better side is not
    known - with the smallest first; trials without a value come last.

    Raises:
        RunError: There is no such column, or `top` is not positive.
    """
    if top is not None and top < 1:
        raise RunError(f"--top is {top}: it must be at least 1")
    trials = run.trials
    if sort not in trials.columns:
        raise RunError(f"--sort: unknown column {sort!r}: choose one of {one_line(', '.join(trials.columns))}")
    is_maximised = run.objective is not None and run.objective.direction == "max"
    largest_first = sort.endswith("accuracy") or (sort == "score" and is_maximised)
    key = (lambda ids: ids.map(trial_order)) if sort == "trial_id" else _numbers_first
    trials = trials.sort_values(sort, ascending=not largest_first, kind="stable", na_position="last", key=key)
    return trials if top is None else trials.head(top)


def trials_table(trials: "pd.DataFrame") -> Table:
    """The trials with what most people ask first and is known of any; `summary.csv` has every column."""
    headings, rows = trial_cells(trials)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in headings:
        if heading in TEXTS:
            table.add_column(heading, overflow="fold", no_wrap=heading == "trial")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def trial_cells(trials: "pd.DataFrame") -> tuple[list[str], list[list[str]]]:
    """The headings and the rows of `trials_table`; what stands under one of `TEXTS` is no number."""
    names = [name for name in trials.columns if name.startswith(layout.HYPERPARAMETER_PREFIX)]
    figures = {heading: name for heading, name in _FIGURES.items() if trials[name].notna().any()}
    has_errors = trials["error"].notna().any()
    rows = []
    for trial in trials.to_dict("records"):
        values = {name.removeprefix(layout.HYPERPARAMETER_PREFIX): trial[name] for name in names}
        row = [
            _label(trial),
            *(_figure(name, trial) for name in figures.values()),
            " ".join(f"{one_line(name)}={_plain(value)}" for name, value in values.items() if not _is_missing(value)),
        ]
        rows.append([*row, _error(trial["error"])] if has_errors else row)
    return ["trial", *figures, "hyperparameters", *(["error"] if has_errors else [])], rows


def projects_table(found: Sequence[tuple[str, Run | None]]) -> Table:
    """Projects by name, with what was reached in each; None is one without a trial that can be read."""
    table = Table("project", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("trials", "finished", "best score"):
        table.add_column(heading, justify="right")
    table.add_column("objective")
    for name, run in found:
        if run is None:
            table.add_row(one_line(name), "0", "0")
            continue
        finished = run.finished
        best = "" if run.objective is None or finished.empty else _number(finished["score"].iloc[0])
        table.add_row(one_line(name), f"{len(run.trials):,}", f"{len(finished):,}", best, objective(run))
    return table


def objective(run: Run) -> str:
    """What `run` optimised, or that this is not known."""
    return f"{one_line(str(run.objective))} ({run.objective.direction})" if run.objective else "not known"


def headline(run: Run) -> str:
    """Where `run` is, how many of its trials have finished, and what it optimised."""
    finished = f"{len(run.finished):,} finished of {count(len(run.trials), 'trial')}"
    return f"{one_line(str(run.path))}: {finished}; objective: {objective(run)}"


def short(run: Run) -> str:
    """`headline`, with the best trial where there is one."""
    try:
        best = run.best
    except RunError:
        return headline(run)
    return f"{headline(run)}; best: {_number(best['score'])}, trial {one_line(best['trial_id'])}"


def best_trials(run: Run, most: int) -> "pd.DataFrame":
    """The best finished trials, at most so many, and the baseline where it is not among them."""
    finished = run.finished
    others = finished.iloc[most:]
    return finished.loc[[*finished.index[:most], *others.index[others["is_baseline"].eq(True)]]]


def best_table(run: Run) -> Table:
    """The best five trials, and the baseline where it is not among them."""
    table = trials_table(best_trials(run, _BEST))
    table.title = f"The best of {len(run.trials)} trials"
    table.title_justify = "left"
    return table


def baseline_place(run: Run) -> str:
    """Where the baseline stands among the finished trials, in a sentence; empty where it has not finished."""
    finished = run.finished
    places = [place for place, flag in enumerate(finished["is_baseline"], 1) if flag is True or flag == 1]
    return f"The baseline is number {places[0]} of {len(finished)} finished trials." if places else ""


def configuration_table(values: Mapping[str, Any]) -> Table:
    """A point of a search space, a hyperparameter a line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in values.items():
        table.add_row(f"  {one_line(name)}", f"{value:g}" if isinstance(value, float) else one_line(str(value)))
    return table


def best_sentence(run: Run) -> str:
    """The score of the best trial, and its epoch and its size where they are known."""
    best = run.best
    sentence = f"{one_line(str(run.objective))} {_number(best['score'])}"
    if not _is_missing(best["best_epoch"]):
        sentence += f" at epoch {best['best_epoch']}"
        sentence += "" if _is_missing(best["epochs_run"]) else f" of {best['epochs_run']}"
    return sentence if _is_missing(best["parameters"]) else f"{sentence}, {best['parameters']:,} parameters"


def verdict_table(verdict: Verdict, epochs: Mapping[str, int]) -> Table:
    """Documented, retrained and best test accuracy with their intervals."""
    table = Table("model", box=SIMPLE_HEAD)
    for heading in ("epochs", "seeds", "test accuracy", "95% interval"):
        table.add_column(heading, justify="right")
    if verdict.documented is not None:
        table.add_row("baseline as documented", str(epochs["baseline"]), "", percent(verdict.documented), "")
    for name, label, interval in (
        ("baseline", "baseline, retrained here", verdict.baseline),
        ("best", "best configuration", verdict.best),
    ):
        table.add_row(label, str(epochs[name]), str(interval.count), percent(interval.mean), between(interval))
    return table


def verdict_sentences(verdict: Verdict, most_frequent_class: tuple[float, int], same: bool) -> list[str]:
    """The verdict in words: the differences, whether they are significant, and what the documented figure is."""
    share, label = most_frequent_class
    sentences = [f"Best minus baseline: {points(verdict.difference)}. {_significance(verdict, same)}"]
    if verdict.documented is None:
        sentences.append(NOT_COMPARABLE)
    else:
        over_documented = [
            f"{name} minus documented: {100 * (interval.mean - verdict.documented):+.2f} points"
            for name, interval in (("Baseline", verdict.baseline), ("best", verdict.best))
        ]
        sentences.append(", ".join(over_documented) + ".")
        sentences.append(documented_sentence(verdict.documented, share, label))
    return sentences


def documented_sentence(documented: float, share: float, label: int) -> str:
    """What the documented accuracy is: that of a model that always gives the same answer."""
    those = "ones" if label == 1 else f"images of class {label}"
    return (
        f"{percent(documented)} is the share of {those} in the test set ({percent(share)}), that is, the score of a "
        f"model that always answers {label}: beating it alone proves nothing."
    )


def percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def between(interval: Interval) -> str:
    """The ends of an interval of shares, or why there is none."""
    if interval.low is None:
        return f"none from {_seeds(interval.count)}"
    return f"{percent(interval.low)} to {percent(interval.high)}"


def points(interval: Interval) -> str:
    """A difference of shares in percentage points, with its interval."""
    text = f"{100 * interval.mean:+.2f} points"
    if interval.low is None:
        return text
    return f"{text} (95% interval {100 * interval.low:+.2f} to {100 * interval.high:+.2f})"


def _significance(verdict: Verdict, same: bool) -> str:
    if same:
        return "The best configuration is the baseline itself."
    if verdict.significant is None:
        return f"Nothing can be said on significance from {_seeds(verdict.best.count)}: use --seeds 3 or more."
    by = "" if verdict.p_value is None else f" (Welch's t-test, p = {verdict.p_value:.2g})"
    if verdict.significant:
        return f"The difference is significant{by}."
    return f"The difference is not significant{by}: the interval includes 0."


def _label(trial: Mapping[str, Any]) -> str:
    label = one_line(str(trial["trial_id"]))
    if trial["is_baseline"] is True:
        label += " baseline"
    status = "unreadable" if _is_missing(trial["status"]) else one_line(trial["status"]).lower()
    return label if status == "completed" else f"{label} {status}"


def _numbers_first(column: "pd.Series") -> "pd.Series":
    # A hyperparameter may be a number in one trial and a text in another, which have no order of their own.
    if column.dtype != object:
        return column
    return column.map(lambda value: (isinstance(value, str), value), na_action="ignore")


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds without any spread"


def _cell(value: Any, form: str) -> str:
    return "" if _is_missing(value) else format(value, form)


def _figure(name: str, trial: Mapping[str, Any]) -> str:
    if name == "best_epoch":
        return f"{_cell(trial['best_epoch'], 'd')}/{_cell(trial['epochs_run'], 'd')}".strip("/")
    return _number(trial[name]) if name in ("score", "val_loss") else _cell(trial[name], _FORMATS[name])


def _number(value: float) -> str:
    return "" if _is_missing(value) else format(value, ".4f" if value == 0 or 1e-3 <= abs(value) < 1e6 else ".4g")


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else shortened(one_line(str(value)), _LONGEST_VALUE)


def _error(value: Any) -> str:
    return "" if _is_missing(value) else shortened(one_line(value), _LONGEST_ERROR)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))
