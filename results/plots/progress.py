"""How a search went: the scores trial by trial, and the learning curves."""

import math
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from keras_search.results.errors import RunError
from keras_search.results.numbers import has_values
from keras_search.results.plots import style, trials
from keras_search.results.reading import scores

if TYPE_CHECKING:
    import pandas as pd

    from keras_search.results.reading.run import Run

_NAMED = (style.VERMILION, style.BLUE, style.GREEN)  # colours of the curves of the best trials
_ORDERS = {
    "ended": "trials ended",
    "begun": "trials, in the order in which they began",
    "": "trials, by their ids: in which order they ran is not known",
}
_FAILED_HEIGHT = 0.035  # of the height of the axes: below all scores, above the triangles on the edge


@style.styled
def history(run: "Run") -> Figure:
    """The score of every trial in the known order (see `scores.order`), with the best so far and the baseline.

    Raises:
        RunError: No trial has finished.
    """
    figure = style.figure(trials.headline(run), 4.2)
    axes = figure.subplots()
    ended = scores.ended(run)
    finished = ended.loc[scores.has_score(ended)]
    order = scores.order(run)
    if order:
        best = scores.best_so_far(run)
        axes.step(best.index, best, where="post", color=style.BLACK, linewidth=1.4, label="best so far")
    for score in finished.loc[trials.is_baseline(finished), "score"]:
        axes.axhline(score, color=style.ORANGE, linewidth=1.2, linestyle="--", zorder=2)
    trials.draw(axes, finished["number"].to_numpy(), finished, run)
    failed = ended.loc[~ended.index.isin(finished.index), "number"]
    if not failed.empty:
        axes.plot(
            failed, [_FAILED_HEIGHT] * len(failed), "x", color=style.BLACK, transform=axes.get_xaxis_transform(),
            clip_on=False, zorder=4, label="failed trial (no score)",
        )  # fmt: skip
    axes.set_xlabel(_ORDERS[order])
    axes.set_ylabel(style.objective(run))
    margin = max(0.5, 0.01 * len(ended))
    axes.set_xlim(1 - margin, len(ended) + margin)
    style.count_axis(axes)
    style.legend(figure)
    return figure


@style.styled
def curves(run: "Run") -> Figure:
    """The learning curves: the objective of every trial by epoch; beside it, training and validation of the best.

    Raises:
        RunError: No trial has finished, or the objective was not measured epoch by epoch.
    """
    best = scores.scored(run)["trial_id"].iloc[0]
    objective = scores.metric(run)
    if objective is None or not _has_lines(measured := _measured(run, objective)):
        is_kept = objective is not None and not measured.empty
        kept = "no trial has more than one epoch of" if is_kept else "no trial kept the epochs of"
        raise RunError(f"run {str(run.path)!r} has no learning curves: {kept} {scores.name(run)!r}")
    own = run.epochs.loc[run.epochs["trial_id"] == best]
    training = objective.removeprefix("val_")
    has_both = training != objective and training in own.columns and has_values(own, training)
    figure = style.figure(trials.headline(run), 4.2)
    panels = figure.subplots(1, 2 if has_both else 1, squeeze=False)[0]
    _every_curve(panels[0], run, objective)
    panels[0].set_title(f"every trial: {style.objective(run)}")
    panels[0].set_ylabel(style.objective(run))
    if has_both:
        _both_curves(panels[1], own, training, objective)
        panels[1].set_title(f"{trials.label(best)}, the best: training and validation")
        panels[1].set_ylabel(style.shortened(training, style.LONGEST_LABEL))
    for axes in panels:
        axes.set_xlabel("epoch")
        style.count_axis(axes)
    style.legend(figure)
    return figure


def _every_curve(axes: Axes, run: "Run", objective: str) -> None:
    best = scores.scored(run)["trial_id"].tolist()[: len(_NAMED)]
    baseline = run.trials.loc[trials.is_baseline(run.trials), "trial_id"].tolist()
    measured = _measured(run, objective)
    others = []
    look: dict[str, Any]
    every = measured[["epoch", objective]].to_numpy(float)
    ids = measured["trial_id"].tolist()
    for rows in measured.groupby(["trial_id", "execution"], sort=False, dropna=False).indices.values():
        trial, points = str(ids[rows[0]]), every[rows]
        if trial in baseline and trial != best[0]:
            look = {"color": style.ORANGE, "marker": "D", "markeredgecolor": style.BLACK}
            axes.plot(*points.T, label="baseline", zorder=7, **look)
        elif trial in best:
            place = best.index(trial)
            look = {"color": _NAMED[place], "marker": "o", "markersize": 4, "linewidth": 2 - 0.3 * place}
            note = ", the best" * (place == 0) + ", the baseline" * (trial in baseline)
            axes.plot(*points.T, label=f"{trials.label(trial)}{note}", zorder=6 - place, **look)
        else:
            others.append(points)
    if others:
        faint = max(0.12, min(0.7, 14 / len(others)))
        look = {"colors": style.GREY, "linewidths": 0.9, "alpha": faint, "rasterized": len(others) > 300, "zorder": 2}
        axes.add_collection(LineCollection(others, **look))
        axes.plot([], [], color=style.GREY, linewidth=0.9, label="other trials")
        # A trial of a single epoch has no line.
        single = [points[0] for points in others if len(points) == 1]
        if single:
            axes.plot(*zip(*single), "o", color=style.GREY, markersize=4, alpha=faint, zorder=2)
    # The first epochs may be far below all the others.
    shown = run.trials[run.trials["trial_id"].isin([*best, *baseline]) & scores.has_score(run.trials)]
    limits = scores.view(measured.loc[:, objective], scores.is_minimised(run), shown["score"].tolist())
    axes.set_ylim(*limits)


def _measured(run: "Run", objective: str) -> "pd.DataFrame":
    """The epochs of every trial in which `objective` was finite."""
    known = run.epochs.dropna(subset=["epoch", objective])
    return known.loc[known[objective].astype(float).abs() < math.inf]


def _has_lines(measured: "pd.DataFrame") -> bool:
    """Whether any trial has two epochs, which make a line."""
    return bool(measured.duplicated(["trial_id", "execution"]).any())


def _both_curves(axes: Axes, own: "pd.DataFrame", training: str, objective: str) -> None:
    for _, curve in own.groupby("execution", sort=False, dropna=False):
        label = f"{style.shortened(training)} (training)"
        axes.plot(curve["epoch"], curve[training], "s--", color=style.BLACK, markersize=4, label=label)
        axes.plot(curve["epoch"], curve[objective], "o-", color=_NAMED[0], markersize=4)
