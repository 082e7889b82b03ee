"""All hyperparameters at once, in parallel coordinates."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from keras_search.results.plots import style, trials
from keras_search.results.reading import scores
from keras_search.results.reading.scales import Scale, varied

if TYPE_CHECKING:
    import pandas as pd

    from keras_search.results.reading.run import Run

_WIDTH, _LONGEST_VALUE = 85, 20  # characters, of a row and of a value below it
_ASIDE = 0.012
_CLEAR = 20  # about how many lines can be told apart
_FAINTEST = 0.04


@style.styled
def parallel(run: "Run") -> Figure:
    """Every finished trial as a line through its hyperparameters: the better, the darker; the best stands out.

    Each row is a hyperparameter. A line breaks where a hyperparameter is not active.

    Raises:
        RunError: No trial has finished, or all have the same hyperparameters.
    """
    finished = scores.scored(run)
    scales = varied(run)
    minimised = scores.is_minimised(run)
    norm = _norm(finished["score"].to_numpy(float), minimised)
    colours = [style.WORST, style.MIDDLING, style.BEST]
    shades = LinearSegmentedColormap.from_list("scores", colours[::-1] if minimised else colours)

    figure = style.figure(trials.headline(run), 1.5 + 0.5 * len(scales))
    axes = figure.subplots()
    _rows(axes, scales)
    # From worst to best, so that better trials are drawn in front.
    others = finished.iloc[:0:-1]
    look = shades(norm(others["score"].to_numpy(float)))
    look[:, 3] = _opacity(len(others))
    _lines(axes, scales, others, look, width=1.4)
    best = finished.iloc[:1]
    _lines(axes, scales, best, style.VERMILION, width=3)
    label = f"{trials.label(best['trial_id'].iloc[0])}, the best"
    axes.plot([], [], "o-", color=style.VERMILION, linewidth=3, label=label)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    beyond = "max" if minimised else "min"
    bar = figure.colorbar(
        ScalarMappable(norm, shades), ax=axes, location="bottom", aspect=50, pad=0.01, extend=beyond
    )  # fmt: skip
    bar.set_label(f"{style.objective(run)}; a line breaks where a hyperparameter is not active")
    bar.outline.set_visible(False)
    return figure


def _norm(values: np.ndarray, minimised: bool) -> Normalize:
    """Spreads the colours over the scores; the worst tenth shares a single colour."""
    worst = np.quantile(values, 0.9 if minimised else 0.1)
    best = values.min() if minimised else values.max()
    return Normalize(*sorted((worst, best)), clip=True)


def _opacity(count: int) -> np.ndarray:
    """The opacity of each of `count` lines, the worst first: among many, only the better ones are not faint."""
    place = np.arange(1, count + 1) / max(count, 1)
    return np.maximum(place ** max(0.5, count / _CLEAR), 0.35 if count <= 2 * _CLEAR else _FAINTEST)


def _lines(axes: Axes, scales: list[Scale], trials: "pd.DataFrame", colours: "np.ndarray | str", width: float) -> None:
    """Draws each trial as a line through the rows, with a dot at each of its values."""
    places = np.column_stack([_share(scale, scale.positions(trials)) for scale in scales])
    if len(trials) > 1:
        # Spread a little, or lines between the same two values would hide one another.
        aside = np.random.default_rng(0).uniform(-_ASIDE, _ASIDE, places.shape)
        places += np.where([scale.kind == "category" for scale in scales], aside, 0)
    rows = np.arange(len(scales), dtype=float)
    many = len(trials) > style.MANY
    lines = [np.column_stack([line, rows]) for line in places]
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=width, rasterized=many, zorder=2))
    # A value between two inactive hyperparameters has no line.
    each = colours if isinstance(colours, str) else np.repeat(colours, len(scales), axis=0)
    dots = np.tile(rows, len(trials))
    axes.scatter(places.ravel(), dots, s=8 * width, c=each, linewidths=0, rasterized=many, zorder=3)


def _share(scale: Scale, positions: np.ndarray) -> np.ndarray:
    low, high = scale.limits()
    return (positions - low) / (high - low)


def _rows(axes: Axes, scales: list[Scale]) -> None:
    """Labels each row: the hyperparameter on its left, values below its line."""
    axes.grid(False)
    axes.hlines(range(len(scales)), 0, 1, colors="#C4C4C4", linewidth=1, zorder=1)
    axes.set_yticks(range(len(scales)), style.apart([scale.name for scale in scales]))
    axes.tick_params(axis="both", length=0)
    axes.set_xticks([])
    axes.set_xlim(-0.04, 1.04)
    axes.set_ylim(len(scales) - 0.35, -0.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
    look = {"textcoords": "offset points", "ha": "center", "va": "top", "fontsize": 8, "bbox": box, "zorder": 5}
    for row, scale in enumerate(scales):
        positions, labels = scale.ticks(_WIDTH, lambda values: style.apart(values, _LONGEST_VALUE))
        for place, text in zip(_share(scale, np.array(positions)), labels):
            axes.annotate(text, (place, row), (0, -5), **look)
