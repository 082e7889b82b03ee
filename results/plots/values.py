"""The score against the values of each hyperparameter."""

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.cells import cell_len

from keras_search.results.numbers import settings
from keras_search.results.plots import style, trials
from keras_search.results.reading import scores
from keras_search.results.reading.scales import Scale, varied

if TYPE_CHECKING:
    from keras_search.results.reading.run import Run

_COLUMNS = 4
# In characters: the width of a row of panels; the length and the distance of slanted labels.
_ROW_WIDTH, _SLANTED_LABEL, _SLANTED_APART = 100, 14, 4
_LONGEST_NAME = 22
_FONT_SIZE = 8.5
_ASIDE = 0.22


@style.styled
def slices(run: "Run") -> Figure:
    """The score against each hyperparameter that varied, over the trials in which it was active.

    Raises:
        RunError: No trial has finished, or all have the same hyperparameters.
    """
    finished = scores.scored(run)
    scales = varied(run)
    rows, columns = math.ceil(len(scales) / _COLUMNS), min(_COLUMNS, len(scales))
    figure = style.figure(trials.headline(run), 1.3 + 1.9 * rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in panels.flat[len(scales) :]:
        axes.remove()
    rng = np.random.default_rng(0)
    names = style.apart([scale.name for scale in scales], _LONGEST_NAME)
    for axes, scale, name in zip(panels.flat, scales, names):
        positions = scale.positions(finished)
        active = ~np.isnan(positions)
        x, shown = positions[active], finished.loc[active]
        if scale.kind == "category":
            _medians(axes, x, shown["score"].to_numpy(float))
            # Spread a little, or trials with equal values would hide one another.
            x = x + rng.uniform(-_ASIDE, _ASIDE, len(x))
        trials.draw(axes, x, shown, run, scale=0.6)
        _mark(axes, scale, _ROW_WIDTH / columns)
        axes.set_xlabel(name)
    for axes in panels[:, 0]:
        axes.set_ylabel(style.shortened(scores.name(run), _LONGEST_NAME), fontsize=_FONT_SIZE)
    style.legend(figure)
    return figure


def _medians(axes: Axes, x: np.ndarray, score: np.ndarray) -> None:
    places = np.unique(x)
    medians = [np.median(score[x == place]) for place in places]
    axes.hlines(medians, places - 0.3, places + 0.3, colors=style.BLACK, linewidth=1.4, zorder=2, label="median")


def _mark(axes: Axes, scale: Scale, width: float) -> None:
    """Labels the x axis, which is `width` characters wide, with values of `scale`."""
    positions, labels = scale.ticks(width, style.apart)
    slant = {}
    if scale.kind == "category" and (len(labels) < len(scale.levels) or max(map(cell_len, labels)) > width / 2):
        labels = style.apart(settings(scale.levels), _SLANTED_LABEL)
        every = math.ceil(_SLANTED_APART * len(labels) / width)
        positions, labels = list(range(0, len(labels), every)), labels[::every]
        slant = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(positions, labels, fontsize=_FONT_SIZE, **slant)
    axes.tick_params(axis="y", labelsize=_FONT_SIZE)
    low, high = scale.limits()
    margin = 0.5 if scale.kind == "category" else 0.06 * (high - low)
    axes.set_xlim(low - margin, high + margin)
