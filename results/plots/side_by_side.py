"""How several searches went, on the same axes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from keras_search.results.plots import style
from keras_search.results.reading import scores

if TYPE_CHECKING:
    from keras_search.results.reading.run import Run

_LOG_RATIO = 20  # of the longest run to the shortest
_LONGEST_NAME = 100
_NO_ORDER = " (by trial id: the order in which they ran is not known)"


@style.styled
def comparison(runs: Mapping[str, "Run"]) -> Figure:
    """The best score so far of several runs with the same objective, each under its name.

    Raises:
        RunError: One of them has no finished trial.
    """
    import pandas as pd

    first = next(iter(runs.values()))
    minimised = scores.is_minimised(first)
    lines: dict[str, pd.Series] = {}
    for name, run in runs.items():
        scores.scored(run)
        lines[name] = scores.best_so_far(run)
    columns = 1 if max(map(len, runs)) > 40 or not all(map(scores.order, runs.values())) else 2
    figure = style.figure("the best score so far of each run", 4 + 0.22 * len(runs) / columns)
    axes = figure.subplots()
    orders = {name: scores.order(run) for name, run in runs.items()}
    for (name, line), label in zip(lines.items(), style.apart(list(lines), _LONGEST_NAME)):
        label += "" if orders[name] else _NO_ORDER
        label = f" {label}" if label.startswith("_") else label  # matplotlib hides labels that begin with an underscore
        drawn = axes.step(line.index, line, where="post", linewidth=1.8, label=label)[0]
        axes.plot(line.index[-1:], line.iloc[-1:], "o", color=drawn.get_color(), markersize=6)
    # A very bad first trial must not squeeze the lines together.
    reached = [line.iloc[-1] for line in lines.values()]
    axes.set_ylim(*scores.view(pd.concat(lines.values()), minimised, reached))
    axes.set_xlabel("trials ended" if set(orders.values()) == {"ended"} else "trials")
    axes.set_ylabel(style.objective(first))
    lengths = [line.index[-1] for line in lines.values()]
    style.count_axis(axes, logarithmic=max(lengths) >= _LOG_RATIO * min(lengths))
    style.legend(figure, columns)
    return figure
