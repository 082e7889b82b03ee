"""The look of all plots: dark on opaque white, to be read in print and on dark pages, in the colours of Okabe and Ito.

Colour-blind readers can tell these apart (https://jfly.uni-koeln.de/color/); what matters also differs in its marker or
its line style.
"""

import functools
import io
import math
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from keras_search.results import labels
from keras_search.results.plots import fonts
from keras_search.results.reading import scores
from keras_search.results.text import one_line

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

    from keras_search.results.reading.run import Run

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#222222",
)  # fmt: skip
GREY = "#8A8A8A"
WORST, MIDDLING, BEST = "#E3DFC0", "#62A6A9", "#15305B"  # a scale of scores that can be read by lightness alone

WIDTH = 9.0  # inches: at the width of a README, the text is as large as the README's
LONGEST_LABEL = 36  # characters of the label of an axis, on plots of four inches in height
MANY = 300  # marks; more than these become an image within the SVG, which else takes seconds to show

_LEGEND, _HANDLE = 115, 6  # characters, of a row of a legend and of the mark before a label
_TITLE = 10.6  # characters per inch
_DPI_ON_A_SCREEN = 100

_COLOURS = [BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK]
_PARAMETERS: "dict[RcKeyType, Any]" = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": "#555555",
    "axes.labelcolor": BLACK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "axes.prop_cycle": cycler(color=_COLOURS * 3) + cycler(linestyle=["-"] * 7 + ["--"] * 7 + [":"] * 7),
    "grid.color": "#E4E4E4",
    "text.color": BLACK,
    "text.parse_math": False,  # a dollar sign in a name is just that
    "xtick.color": BLACK,
    "ytick.color": BLACK,
    "font.size": 10,
    "figure.titlesize": 11.5,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
}

P = ParamSpec("P")


class Plot(Figure):
    """A figure that a notebook shows even if matplotlib is not set up to show figures there."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=_DPI_ON_A_SCREEN)
        return file.getvalue()


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Makes `draw` draw in this style, which matplotlib reads whenever it makes axes and text."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.rc_context({**_PARAMETERS, "font.family": fonts.families(fonts.own())}):
            return draw(*args, **kwargs)

    return drawn


def figure(title: str, height: float, width: float = WIDTH) -> Figure:
    """An empty figure, in inches, that makes room for all its labels."""
    made = Plot(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    lines = [textwrap.fill(line, int(_TITLE * width)) for line in fonts.legible(title).split("\n")]
    made.suptitle("\n".join(lines), x=0.01, ha="left")
    return made


def shortened(text: str, length: int = 28) -> str:
    """`text`, shortened and in characters that the plot can show."""
    return labels.shortened(written(text), length)


def apart(texts: Sequence[str], length: int = 28) -> list[str]:
    """`texts`, shortened so that they can be told apart, in characters that the plot can show."""
    return labels.apart(list(map(written, texts)), length)


def written(text: str) -> str:
    """`text` on one line, in characters that a plot can show."""
    return fonts.legible(one_line(text))


def objective(run: "Run") -> str:
    """The name of the score of `run`, as the label of an axis."""
    return shortened(scores.name(run), LONGEST_LABEL)


def legend(figure: Figure, columns: int = 6) -> None:
    """Adds a single legend for all axes, below them, in as few rows as possible; equal labels appear once."""
    handles = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels())}
    rows = next(
        rows
        for rows in range(math.ceil(len(handles) / columns), len(handles) + 1)
        if _legend_width(list(handles), rows) <= _LEGEND or rows == len(handles)
    )
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=math.ceil(len(handles) / rows))


def _legend_width(names: Sequence[str], rows: int) -> int:
    """The width in characters of a legend of `rows` rows, which matplotlib fills column by column."""
    columns = [names[first : first + rows] for first in range(0, len(names), rows)]
    return sum(max(map(len, column)) + _HANDLE for column in columns)


def count_axis(axes: Axes, logarithmic: bool = False) -> None:
    """Marks only integers on the x axis, with commas in large ones."""
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], nbins=10, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
