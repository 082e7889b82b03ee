"""Scores against their cost: the size of the model and the time of its training."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from keras_search.results.errors import RunError
from keras_search.results.numbers import has_values
from keras_search.results.plots import style, trials
from keras_search.results.reading import scores

if TYPE_CHECKING:
    from keras_search.results.reading.run import Run

_COSTS = {"parameters": "parameters of the model", "duration_s": "time of the trial (s)"}
_LOG_RATIO = 10


@style.styled
def tradeoff(run: "Run") -> Figure:
    """The score against the model's parameters and the trial's seconds, with the best score for each cost.

    Raises:
        RunError: No trial has finished, or neither cost is known.
    """
    finished = scores.scored(run)
    costs = [name for name in _COSTS if has_values(finished, name)]
    if not costs:
        raise RunError(f"run {str(run.path)!r} tells neither parameters nor seconds of its trials")
    figure = style.figure(trials.headline(run), 4.2)
    for axes, cost in zip(figure.subplots(1, len(costs), squeeze=False, sharey=True)[0], costs):
        known = finished.loc[finished[cost].notna()]
        x = known[cost].to_numpy(float)
        if x.min() > 0 and x.max() / x.min() >= _LOG_RATIO:
            _logarithmic(axes)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5))
        _front(axes, x, known["score"].to_numpy(float), scores.is_minimised(run))
        trials.draw(axes, x, known, run)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
        axes.set_xlabel(_COSTS[cost])
    figure.axes[0].set_ylabel(style.objective(run))
    style.legend(figure, columns=6)
    return figure


def _front(axes: Axes, cost: np.ndarray, score: np.ndarray, minimised: bool) -> None:
    """Joins the trials on the Pareto front: no cheaper trial is as good."""
    order = np.lexsort((score if minimised else -score, cost))
    best = (np.minimum if minimised else np.maximum).accumulate(score[order])
    axes.step(cost[order], best, where="post", color=style.GREEN, linewidth=1.5, zorder=2, label="best for the cost")


def _logarithmic(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _short(value: float) -> str:
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"
