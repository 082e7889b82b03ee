"""What several plots share: the headline, the limits of the scores, and a marker per trial."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from keras_search.results.numbers import number
from keras_search.results.plots import style
from keras_search.results.reading import scores
from keras_search.results.text import count

if TYPE_CHECKING:
    import pandas as pd

    from keras_search.results.reading.run import Run

_LINE = 95  # characters
_LONGEST_ID = 40
_LARGE = 130
_SIZE_IN_LEGEND = 30


def headline(run: "Run") -> str:
    """The name of the run, how many of its trials have finished, and the best of them."""
    finished = scores.scored(run)
    best = finished.iloc[0]
    name = run.path.resolve().name
    of = count(len(finished), "finished trial")
    about = f"{of}, best {style.objective(run)} {number(best['score'])} ({label(best['trial_id'])})"
    if len(name) + len(about) <= _LINE:
        return f"{style.written(name)}: {about}"
    return f"{style.shortened(name, _LINE)}\n{about}"


def label(trial_id: str) -> str:
    """A trial as a legend names it."""
    return f"trial {style.shortened(trial_id, _LONGEST_ID)}"


def is_baseline(trials: "pd.DataFrame") -> "pd.Series":
    """Which of `trials` are the documented point."""
    return trials.loc[:, "is_baseline"].eq(True).fillna(False).astype(bool)


def score_limits(run: "Run") -> tuple[float, float]:
    """The limits of an axis with the scores of `run`: without outliers, but always with the baseline."""
    finished = scores.scored(run)
    baseline = finished.loc[is_baseline(finished), "score"].tolist()
    return scores.view(finished.loc[:, "score"], scores.is_minimised(run), baseline)


def draw(axes: Axes, x: np.ndarray, trials: "pd.DataFrame", run: "Run", scale: float = 1) -> None:
    """Draws a marker for each of the finished `trials` of `run`, at `x` and its score, and fits the y axis to the run.

    The best, the baseline and pruned trials stand out. A score outside the axis becomes a triangle on its edge.

    Args:
        scale: A factor for the area of the markers.
    """
    y = trials["score"].to_numpy(float)
    low, high = score_limits(run)
    baseline = is_baseline(trials).to_numpy()
    best = (trials["trial_id"] == scores.scored(run).iloc[0]["trial_id"]).to_numpy()
    far = ~best & ~baseline & ((y < low) | (y > high))
    pruned = trials["pruned"].eq(True).fillna(False).to_numpy(bool)
    plain = ~(far | baseline | best)
    size, alpha = scale * _size(len(trials)), 0.85 if len(trials) <= 100 else 0.5
    large = scale * _LARGE
    edge = {"marker": "^" if scores.is_minimised(run) else "v", "color": style.GREY, "clip_on": False}
    in_front = {"edgecolors": style.BLACK, "zorder": 4}
    looks = {
        "finished trial": (plain & ~pruned, {"s": size, "color": style.BLUE, "alpha": alpha, "linewidths": 0}),
        "pruned trial": (plain & pruned, {"s": size, "color": "white", "edgecolors": style.BLUE, "alpha": alpha}),
        "off the scale": (far, {"s": size} | edge),
        "baseline": (baseline & ~best, {"s": 0.6 * large, "marker": "D", "color": style.ORANGE} | in_front),
        "best": (best & ~baseline, {"s": large, "marker": "*", "color": style.VERMILION} | in_front),
        "best: the baseline": (best & baseline, {"s": large, "marker": "*", "color": style.ORANGE} | in_front),
    }
    for label, (chosen, look) in looks.items():
        if not chosen.any():
            continue
        look = {"linewidths": 0.8, "zorder": 3} | look
        axes.scatter(x[chosen], y[chosen].clip(low, high), rasterized=chosen.sum() > style.MANY, **look)
        # Small markers are larger in the legend.
        axes.scatter([], [], label=label, **look | {"s": max(look["s"], _SIZE_IN_LEGEND), "alpha": 1})
    axes.set_ylim(low, high)


def _size(count: int) -> float:
    return 34 if count <= 50 else 18 if count <= 300 else 9
