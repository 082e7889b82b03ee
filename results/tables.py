"""Runs and verdicts as tables and sentences for a terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from results import layout
from results.errors import RunError
from results.reader import Run, trial_order
from results.verdict import Interval, Verdict

if TYPE_CHECKING:
    import pandas as pd

NOT_COMPARABLE = "The documented test accuracy is for MNIST: not comparable with these data."

_BEST = 5


def ordered(run: Run, sort: str, top: int | None) -> "pd.DataFrame":
    """The trials of `run` by the column `sort`, the first `top` of them; None is all.

    The score and accuracies are shown with the best first, other columns with the smallest first; trials without a
    value come last.

    Raises:
        RunError: There is no such column, or `top` is not positive.
    """
    if top is not None and top < 1:
        raise RunError(f"--top is {top}: it must be at least 1")
    trials = run.trials
    if sort not in trials.columns:
        raise RunError(f"--sort: unknown column {sort!r}: choose one of {', '.join(trials.columns)}")
    largest_first = sort.endswith("accuracy") or (sort == "score" and run.info["objective"]["direction"] == "max")
    key = (lambda ids: ids.map(trial_order)) if sort == "trial_id" else None
    trials = trials.sort_values(sort, ascending=not largest_first, kind="stable", na_position="last", key=key)
    return trials if top is None else trials.head(top)


def trials_table(trials: "pd.DataFrame") -> Table:
    """The trials with what most people ask first; `summary.csv` has every column."""
    names = [name for name in trials.columns if name.startswith(layout.HYPERPARAMETER_PREFIX)]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("trial", no_wrap=True)
    for heading in ("score", "val_loss", "epoch", "parameters", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("hyperparameters", overflow="fold")
    for trial in trials.to_dict("records"):
        values = {name.removeprefix(layout.HYPERPARAMETER_PREFIX): trial[name] for name in names}
        table.add_row(
            _label(trial),
            _cell(trial["score"], ".4f"),
            _cell(trial["val_loss"], ".4f"),
            f"{_cell(trial['best_epoch'], 'd')}/{_cell(trial['epochs_run'], 'd')}".strip("/"),
            _cell(trial["parameters"], ",d"),
            _cell(trial["duration_s"], ".1f"),
            " ".join(f"{name}={_plain(value)}" for name, value in values.items() if not _is_missing(value)),
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


def best_sentence(run: Run) -> str:
    """The score of the best trial, its epoch where that is known, and its size."""
    best = run.best
    epoch = "" if _is_missing(best["best_epoch"]) else f" at epoch {best['best_epoch']} of {best['epochs_run']}"
    return f"{run.info['objective']['name']} {best['score']:.4f}{epoch}, {best['parameters']:,} parameters"


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
    label = str(trial["trial_id"])
    if trial["is_baseline"] is True:
        label += " baseline"
    status = trial["status"]
    return label if status == "COMPLETED" else f"{label} {(status or 'unreadable').lower()}"


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds without any spread"


def _cell(value: Any, form: str) -> str:
    return "" if _is_missing(value) else format(value, form)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))
