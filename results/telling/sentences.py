"""Sentences about runs and verdicts, the same on a terminal and on a page."""

import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keras_search.results.numbers import is_missing, number
from keras_search.results.reading.objective import described
from keras_search.results.telling import prospect as prospects
from keras_search.results.text import count, duration, listed, one_line
from keras_search.results.verdict import Interval, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from keras_search.results.reading.run import Run

NOT_COMPARABLE = "The documented test accuracy is for MNIST: not comparable with these data."
VERDICT_HEADINGS = ("model", "epochs", "seeds", "test accuracy", "95% interval")


def objective(run: "Run") -> str:
    """What `run` optimised; if not known, that it is not."""
    return described(run.objective, run.objective_unknown)


def all_done(trials: int) -> str:
    """Says that a search of `trials` trials has nothing more to do."""
    return "the one trial is done already" if trials == 1 else f"all {trials:,} trials are done already"


def is_baseline(trial: "pd.Series") -> bool:
    """Whether `trial`, a row of `Run.trials`, is the documented point; False if not known."""
    return _is_set(trial["is_baseline"])


def baseline_place(run: "Run") -> str:
    """The rank of the baseline among the finished trials; empty if it has not finished."""
    finished = run.finished
    places = [place for place, flag in enumerate(finished["is_baseline"], 1) if _is_set(flag)]
    if not places or run.objective is None:
        return ""
    if len(finished) == 1:
        return "It is the baseline, the only trial that has finished."
    if places[0] == 1:
        return f"The best of the {len(finished):,} finished trials is the baseline itself."
    return f"The baseline is number {places[0]:,} of {len(finished):,} finished trials."


def prospect(run: "Run") -> str:
    """What more trials of a random search may gain; empty where that is not known."""
    further = prospects.of_run(run)
    if further is None:
        return ""
    time = "" if further.seconds is None else f" (about {duration(further.seconds)})"
    gain = f", better by {number(further.gain)} or less ({prospects.SURE:.0%} sure)" if further.gain > 0 else ""
    chance = f"would find a better one with a chance of at most {further.chance:.0%}"
    return f"{prospects.MORE_TRIALS} more trials{time} {chance}{gain}."


def to_beat(run: "Run") -> str:
    """What any accuracy on the validation images must be compared with; empty if that is not recorded."""
    share_and_class = (run.dataset or {}).get("most_frequent_class")
    if not share_and_class:
        return ""
    share, label = share_and_class
    return most_frequent(share, label, "validation images")


def best_trial(run: "Run") -> str:
    """The score of the best trial; its epoch and its size, if known."""
    best = run.best
    sentence = f"{one_line(str(run.objective))} {number(best['score'])}"
    if not is_missing(best["best_epoch"]):
        sentence += f" at epoch {best['best_epoch']}"
        sentence += "" if is_missing(best["epochs_run"]) else f" of {best['epochs_run']}"
        sentence += " (paused)" if _is_set(best.get("paused")) else ""
    return sentence if is_missing(best["parameters"]) else f"{sentence}, {best['parameters']:,} parameters"


def confirmed(run: "Run") -> str:
    """Which trial the confirmation has chosen, and how it did by one score; empty if it counts for nothing."""
    trial = run.confirmed
    if run.confirmation is not None and not run.confirmation.scores:
        return "Each of the best by one score has failed on a fresh seed: the very best of them stays."
    if run.confirmation is None or trial is None:
        return ""
    plan, scores = run.confirmation.plan, run.confirmation.scores[trial]
    more = "one more seed counts" if plan.seeds == 1 else f"{plan.seeds} more seeds count"
    mean = f", {number(statistics.mean(scores))} on average" if len(scores) > 1 else ""
    place = run.finished["trial_id"].tolist().index(trial) + 1
    failed = len(plan.trials) - len(run.confirmation.scores)
    left_out = f" {count(failed, 'trial')} failed on one of them, and cannot be chosen." if failed else ""
    return (
        f"Of the best {len(plan.trials)} by one score, trial {one_line(trial)} is the best when {more}: "
        f"{listed(list(map(number, scores)))} on these{mean}, after {number(run.best['score'])} in the search, number "
        f"{place} there.{left_out}"
    )


def verdict_rows(verdict: Verdict, epochs: Mapping[str, int | None], same: bool = False) -> list[tuple[str, ...]]:
    """Documented, retrained and best test accuracy with their intervals, in the columns of `VERDICT_HEADINGS`.

    Args:
        epochs: For how many epochs `baseline` and `best` were trained; None if not known.
        same: Whether the best configuration is the baseline itself; it then has a single row.
    """
    rows = []
    shown = {name: "" if number is None else str(number) for name, number in epochs.items()}
    if verdict.documented is not None:
        rows.append(("baseline as documented", shown["baseline"], "", percent(verdict.documented), ""))
    retrained = [("baseline", "baseline, retrained here", verdict.baseline)]
    if not same:
        retrained.append(("best", "best configuration", verdict.best))
    for name, label, interval in retrained:
        rows.append((label, shown[name], str(interval.count), percent(interval.mean), between(interval)))
    return rows


def verdict(judged: Verdict, most_frequent_class: tuple[float, int], same: bool) -> list[str]:
    """The verdict in words: the differences, whether they are significant, and what the documented accuracy means."""
    share, label = most_frequent_class
    if same:
        sentences = ["The best configuration is the baseline itself."]
    else:
        sentences = [f"Best minus baseline: {points(judged.difference)}. {_significance(judged)}"]
    if judged.documented is None:
        sentences += [NOT_COMPARABLE, most_frequent(share, label, "test images")]
    else:
        retrained = [("Baseline", judged.baseline), *([] if same else [("best", judged.best)])]
        over_documented = [
            f"{name} minus documented: {100 * (interval.mean - judged.documented):+.2f} points"
            for name, interval in retrained
        ]
        sentences.append(", ".join(over_documented) + ".")
        sentences.append(documented(judged.documented, share, label))
    return sentences


def documented(accuracy: float, share: float, label: int) -> str:
    """Says that the documented accuracy is that of a model which always gives the same answer."""
    those = "ones" if label == 1 else f"images of class {label}"
    return (
        f"{percent(accuracy)} is the share of {those} in the test set ({percent(share)}), that is, the score of a "
        f"model that always answers {label}: beating it alone proves nothing."
    )


def most_frequent(share: float, label: int, images: str) -> str:
    """What any accuracy on the `images` must be compared with."""
    return f"Always answering {label}, the most frequent class, scores {percent(share)} on the {images}."


def percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def between(interval: Interval) -> str:
    """The ends of an interval of shares; if there is none, why."""
    if interval.ends is None:
        return f"none from {_seeds(interval.count)}"
    return " to ".join(map(percent, interval.ends))


def points(interval: Interval) -> str:
    """A difference of shares in percentage points, with its interval if there is one."""
    text = f"{100 * interval.mean:+.2f} points"
    if interval.ends is None:
        return text
    low, high = interval.ends
    return f"{text} (95% interval {100 * low:+.2f} to {100 * high:+.2f})"


def _is_set(flag: Any) -> bool:
    return not is_missing(flag) and bool(flag)


def _significance(verdict: Verdict) -> str:
    if verdict.significant is None:
        return f"Nothing can be said on significance from {_seeds(verdict.best.count)}: use 3 seeds or more."
    by = "" if verdict.p_value is None else f" (Welch's t-test, p = {verdict.p_value:.2g})"
    if verdict.significant:
        return f"The difference is significant{by}."
    return f"The difference is not significant{by}: the interval includes 0."


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds without any spread"
