"""The scores of a run: their name and direction, which trials have a score, and the best so far."""

import math
from typing import TYPE_CHECKING

from keras_search.results.errors import RunError
from keras_search.results.numbers import has_values
from keras_search.results.text import one_line, shortened

if TYPE_CHECKING:
    import pandas as pd

    from keras_search.results.reading.run import Run

_LONGEST_NAME = 100


def name(run: "Run") -> str:
    """The name of the score to show, such as `val_accuracy`."""
    return shortened(one_line(str(run.objective or "score")), _LONGEST_NAME)


def is_minimised(run: "Run") -> bool:
    """Whether the smallest score is the best."""
    return run.objective is not None and run.objective.direction == "min"


def scored(run: "Run") -> "pd.DataFrame":
    """The finished trials that have a score, the best first.

    Raises:
        RunError: There is none, or the objective is not known.
    """
    _ = run.best
    finished = run.finished.loc[has_score(run.finished)]
    if finished.empty:
        raise RunError(f"run {str(run.path)!r} has no finished trial whose score is finite: search on with more trials")
    return finished


def has_score(trials: "pd.DataFrame") -> "pd.Series":
    """Which of `trials` have finished with a finite score."""
    status, score = trials.loc[:, "status"], trials.loc[:, "score"]
    return (status == "COMPLETED") & (score.astype(float).abs() < math.inf)


def metric(run: "Run") -> str | None:
    """The column of `run.epochs` with the objective epoch by epoch; None if there is none."""
    names = () if run.objective is None else run.objective.names
    return next((name for name in names if name in run.epochs.columns and has_values(run.epochs, name)), None)


def order(run: "Run") -> str:
    """How `ended` sorts the trials: as they `ended`, as they were `begun`, or empty if neither order is known.

    Keras Tuner records the order in which trials end since 1.2, and numbers them as they begin since 1.1.1.
    """
    trials = _ended(run)
    trial_ids = trials["trial_id"].tolist()
    if _has_all_ends(trials) or set(trial_ids) <= set(run.end_order):
        return "ended"
    return "begun" if all(trial_id.isascii() and trial_id.isdecimal() for trial_id in trial_ids) else ""


def ended(run: "Run") -> "pd.DataFrame":
    """The trials that have ended, well or not, in the known `order`; the column `number` counts them from 1."""
    trials = _ended(run)
    if _has_all_ends(trials):
        trials = trials.sort_values("ended_at", kind="stable")
    elif order(run) == "ended":
        places = {trial_id: place for place, trial_id in enumerate(run.end_order)}
        trials = trials.sort_values("trial_id", kind="stable", key=lambda ids: ids.map(places))
    return trials.assign(number=range(1, len(trials) + 1))


def _ended(run: "Run") -> "pd.DataFrame":
    return run.trials.loc[run.trials["status"].isin(["COMPLETED", "FAILED", "INVALID"])]


def _has_all_ends(trials: "pd.DataFrame") -> bool:
    """Whether the times at which `trials` ended are all recorded."""
    return bool(trials["ended_at"].notna().all())


def best_so_far(run: "Run") -> "pd.Series":
    """The best score after each trial, by its `number` (see `ended`), from the first score on."""
    import pandas as pd

    trials = ended(run)
    values = trials["score"].where(has_score(trials)).astype(float)
    best = values.cummin() if is_minimised(run) else values.cummax()
    return pd.Series(best.to_numpy(), index=trials["number"].to_numpy()).ffill().dropna()


def view(values: "pd.Series", minimised: bool, always: list[float]) -> tuple[float, float]:
    """The limits of an axis of scores: outliers on the bad side lie outside, unless they are among `always`.

    A few very bad trials would otherwise squeeze all others into one line. A score is an outlier if it is worse than
    the quartile of the bad end by more than one and a half times the distance from that quartile to the best score.
    """
    signed = -values.astype(float) if minimised else values.astype(float)
    best, quartile = signed.max(), signed.quantile(0.25)
    far = quartile - 1.5 * (best - quartile)
    shown = signed[signed >= far]
    worst = min([shown.min(), *(-value if minimised else value for value in always)])
    margin = 0.06 * (best - worst) or 0.01 * abs(best) or 0.01
    low, high = worst - margin, best + margin
    return (-high, -low) if minimised else (low, high)
