"""Runs and verdicts as tables and sentences for a terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from results import layout
from results.errors import RunError
from results.reader import Run
from results.verdict import Interval, Verdict

if TYPE_CHECKING:
    import pandas as pd

NOT_COMPARABLE = "The documented test accuracy is for MNIST: not comparable with these data."

_BEST = 5
_FIGURES = ["score", "val_loss", "best_epoch", "epochs_run", "parameters", "duration_s"]


def ordered(run: Run, sort: str | None, top: int | None) -> "pd.DataFrame":
    """The trials of `run` by `sort`, the first `top` of them; None is trial order, and all.

    The score and accuracies are shown with the best first, other columns with the smallest first; trials without a
    value come last.

    Raises:
        RunError: There is no such column, or `top` is not positive.
    """
    if top is not None and top < 1:
        raise RunError(f"--top is {top}: it must be at least 1")
    trials = run.trials
    if sort is not None:
        if sort not in trials.columns:
            raise RunError(f"--sort: unknown column {sort!r}: choose one of {', '.join(trials.columns)}")
        largest_first = sort.endswith("accuracy") or (sort == "score" and run.info["objective"]["direction"] == "max")
        trials = trials.sort_values(sort, ascending=not largest_first, kind="stable", na_position="last")
    return trials if top is None else trials.head(top)


def trials_table(trials: "pd.DataFrame") -> Table:
    """The trials with what most people ask first; `summary.csv` has every column."""
    names = [name for name in trials.columns if name.startswith(layout.HYPERPARAMETER_PREFIX)]
    table = Table(box=SIMPLE_HEAD)
    for heading in ["trial", "status", *_FIGURES, *(name.removeprefix(layout.HYPERPARAMETER_PREFIX) for name in names)]:
        table.add_column(heading, justify="left" if heading in ("trial", "status") else "right")
    for trial in trials.to_dict("records"):
        table.add_row(
            f"{trial['trial_id']}{' (baseline)' if trial['is_baseline'] is True else ''}",
            trial["status"].lower(),
            *(_cell(name, trial[name]) for name in [*_FIGURES, *names]),
        )
    return table


def best_table(run: Run) -> Table:
    """The best five trials, and the baseline where it is not among them."""
    finished = run.finished
    is_baseline = finished["is_baseline"].eq(True)
    shown = finished.assign(place=range(1, len(finished) + 1))
    shown = shown[(shown["place"] <= _BEST) | is_baseline]
    table = trials_table(shown.drop(columns="place"))
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
        table.add_row(f"  {name}", f"{value:g}" if isinstance(value, float) else str(value))
    return table


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
    return (
        f"{percent(documented)} is the share of {label}s in the test set ({percent(share)}), that is, the score of a "
        f"model that always answers {label}: beating it alone proves nothing."
    )


def percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def between(interval: Interval) -> str:
    """The ends of an interval of shares, or why there is none."""
    if interval.low is None:
        return "none from one seed"
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
        return "One seed says nothing on significance: use --seeds 3 or more."
    by = "" if verdict.p_value is None else f" (Welch's t-test, p = {verdict.p_value:.2g})"
    if verdict.significant:
        return f"The difference is significant{by}."
    return f"The difference is not significant{by}: the interval includes 0."


def _cell(name: str, value: Any) -> str:
    import pandas as pd

    if pd.isna(value):
        return ""
    if name in ("score", "val_loss"):
        return f"{value:.4f}"
    if name == "duration_s":
        return f"{value:.1f}"
    if name == "parameters":
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def spaces_table(hyperparameters: Sequence[Any]) -> Table:
    """The hyperparameters of a search space: what is sampled, and the baseline's value."""
    table = Table("hyperparameter", "type", "range", "baseline", "only with", box=SIMPLE_HEAD)
    for one in hyperparameters:
        conditions = ", ".join(f"{parent}={'/'.join(map(str, values))}" for parent, values in one.conditions)
        table.add_row(one.name, one.kind, one.range, str(one.default), conditions)
    if not any(one.conditions for one in hyperparameters):
        table.columns.pop()
    return table
