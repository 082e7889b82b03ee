"""How much each hyperparameter decides."""

import textwrap
import warnings
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from keras_search.results.errors import RunWarning
from keras_search.results.plots import style, trials
from keras_search.results.telling import importance as permutation

if TYPE_CHECKING:
    from keras_search.results.reading.run import Run

_MOST = 15
_LINE = 92  # characters


@style.styled
def importance(run: "Run") -> Figure:
    """The importance of each hyperparameter that varied, with its 95% interval.

    Warns with `RunWarning`, on the figure as well, where there are too few trials to say.

    Raises:
        RunError: Fewer than three trials have finished, or no hyperparameter or no score differs.
    """
    found = permutation.measure(run)
    shown = min(len(found.names), _MOST)
    if found.warning:
        warnings.warn(f"importance: {found.warning}", RunWarning, stacklevel=3)
    figure = style.figure(trials.headline(run), 2 + 0.27 * shown)
    axes = figure.subplots()
    rows = range(shown)
    axes.barh(rows, found.means[:shown], color=style.GREY if found.warning else style.BLUE, height=0.65)
    look = {"fmt": "none", "ecolor": style.BLACK, "elinewidth": 1.2, "capsize": 3}
    axes.errorbar(found.means[:shown], rows, xerr=found.margins[:shown], **look)
    axes.axvline(0, color=style.BLACK, linewidth=1)
    axes.set_yticks(rows, style.apart(found.names[:shown]))
    axes.set_ylim(shown - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("importance: fall in the forest's R² when the values are shuffled, with 95% interval")
    notes = [f"a random forest forecasts the ranking of trials that it has not seen with R² = {found.r2:.2f}"]
    if hidden := len(found.names) - shown:
        notes.append(f"not shown: the {hidden} least important, {found.means[shown]:.3f} and less")
    if found.warning:
        notes.append(f"Caution: {found.warning}")
    axes.set_title("\n".join(textwrap.fill(note, _LINE) for note in notes), fontsize=9.5)
    return figure
