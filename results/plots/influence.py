"""How much each hyperparameter matters."""

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

    If it cannot be trusted, as with too few trials, the figure says so, and a `RunWarning` is given.

    Raises:
        RunError: Fewer than three trials have finished, or no hyperparameter or no score differs.
    """
    measured = permutation.measure(run)
    shown = min(len(measured.names), _MOST)
    if measured.warning:
        warnings.warn(f"importance: {measured.warning}", RunWarning, stacklevel=3)
    figure = style.figure(trials.headline(run), 2 + 0.27 * shown)
    axes = figure.subplots()
    rows = range(shown)
    axes.barh(rows, measured.means[:shown], color=style.GREY if measured.warning else style.BLUE, height=0.65)
    look = {"fmt": "none", "ecolor": style.BLACK, "elinewidth": 1.2, "capsize": 3}
    axes.errorbar(measured.means[:shown], rows, xerr=measured.margins[:shown], **look)
    axes.axvline(0, color=style.BLACK, linewidth=1)
    axes.set_yticks(rows, style.apart(measured.names[:shown]))
    axes.set_ylim(shown - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("importance: fall in the forest's R² when the values are shuffled, with 95% interval")
    notes = [f"a random forest forecasts the ranking of trials that it has not seen with R² = {measured.r2:.2f}"]
    if hidden := len(measured.names) - shown:
        notes.append(f"not shown: the {hidden} least important, {measured.means[shown]:.3f} and less")
    if measured.warning:
        notes.append(f"Caution: {measured.warning}")
    axes.set_title("\n".join(textwrap.fill(note, _LINE) for note in notes), fontsize=9.5)
    return figure
