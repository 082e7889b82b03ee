"""The score against the values of each hyperparameter."""

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results import hyperparameters, scores
from results.hyperparameters import Scale
from results.labels import apart, shortened
from results.plots import style, trials

if TYPE_CHECKING:
    from results import Run

_COLUMNS = 4
# In characters: of an axis, of one whose labels are slanted, and of such a label.
_PANEL_WIDTH, _SLANTED_WIDTH, _SLANTED_LABEL = 25, 120, 14
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
    scales = hyperparameters.varied(run)
    rows = math.ceil(len(scales) / _COLUMNS)
    figure = style.figure(trials.headline(run), 1.3 + 1.9 * rows)
    panels = figure.subplots(rows, min(_COLUMNS, len(scales)), squeeze=False, sharey=True)
    for axes in panels.flat[len(scales) :]:
        axes.remove()
    rng = np.random.default_rng(0)
    names = apart([scale.name for scale in scales], _LONGEST_NAME)
    for axes, scale, name in zip(panels.flat, scales, names):
        positions = scale.positions(finished)
        active = ~np.isnan(positions)
        x, shown = positions[active], finished[active]
        if scale.kind == "category":
            _medians(axes, x, shown["score"].to_numpy(float))
            # Beside each other, or equal values would hide one another.
            x = x + rng.uniform(-_ASIDE, _ASIDE, len(x))
        trials.draw(axes, x, shown, run, scale=0.6)
        _mark(axes, scale)
        axes.set_xlabel(name)
    for axes in panels[:, 0]:
        axes.set_ylabel(shortened(scores.name(run), _LONGEST_NAME), fontsize=_FONT_SIZE)
    style.legend(figure)
    return figure


def _medians(axes: Axes, x: np.ndarray, score: np.ndarray) -> None:
    places = np.unique(x)
    medians = [np.median(score[x == place]) for place in places]
    axes.hlines(medians, places - 0.3, places + 0.3, colors=style.BLACK, linewidth=1.4, zorder=2, label="median")


def _mark(axes: Axes, scale: Scale) -> None:
    positions, labels = scale.ticks(_PANEL_WIDTH)
    slant = {}
    if scale.kind == "category" and len(labels) < len(scale.levels):
        positions, labels = scale.ticks(_SLANTED_WIDTH)
        labels = apart(labels, _SLANTED_LABEL)
        slant = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(positions, labels, fontsize=_FONT_SIZE, **slant)
    axes.tick_params(axis="y", labelsize=_FONT_SIZE)
    low, high = scale.limits()
    margin = 0.5 if scale.kind == "category" else 0.06 * (high - low)
    axes.set_xlim(low - margin, high + margin)
