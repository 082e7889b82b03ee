"""How every plot looks: dark on opaque white, so that it reads in print and on a dark page, in Okabe and Ito's colours.

Their palette (https://jfly.uni-koeln.de/color/) can be told apart by colour-blind readers; what matters differs in its
marker or its line style as well.
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
WORST, MIDDLING, BEST = "#E3DFC0", "#62A6A9", "#15305B"  # of a scale of scores: lightness alone tells them apart

WIDTH = 9.0  # inches: at a README's width the text is then as large as the README's
LONGEST_LABEL = 36  # characters, of an axis: the lowest plots are four inches high
MANY = 300  # marks: more than these are an image within an SVG, which else takes seconds to show

_LEGEND, _HANDLE = 115, 6  # characters: of a row of a legend, of the mark before a label
_TITLE = 10.6  # characters an inch
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
    "text.parse_math": False,  # a dollar sign in a name is one
    "xtick.color": BLACK,
    "ytick.color": BLACK,
    "font.size": 10,
    "figure.titlesize": 11.5,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
}

P = ParamSpec("P")


class Plot(Figure):
    """A figure that every notebook shows, whether or not matplotlib is set up there to show figures."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=_DPI_ON_A_SCREEN)
        return file.getvalue()


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Has `draw` draw in the style of these plots: matplotlib reads it as it makes axes and text."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.rc_context({**_PARAMETERS, "font.family": fonts.families(fonts.own())}):
            return draw(*args, **kwargs)

    return drawn


def figure(title: str, height: float, width: float = WIDTH) -> Figure:
    """An empty figure of so many inches that finds room for all its labels."""
    made = Plot(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    lines = [textwrap.fill(line, int(_TITLE * width)) for line in fonts.legible(title).split("\n")]
    made.suptitle("\n".join(lines), x=0.01, ha="left")
    return made


def shortened(text: str, length: int = 28) -> str:
    """`text` as a plot has room for it."""
    return labels.shortened(written(text), length)


def apart(texts: Sequence[str], length: int = 28) -> list[str]:
    """`texts` as a plot has room for them, cut so that they can be told apart."""
    return labels.apart(list(map(written, texts)), length)


def written(text: str) -> str:
    """`text` on one line, in characters that there are on a plot."""
    return fonts.legible(one_line(text))


def objective(run: "Run") -> str:
    """What the scores of `run` are, as an axis has room for it."""
    return shortened(scores.name(run), LONGEST_LABEL)


def legend(figure: Figure, columns: int = 6) -> None:
    """One legend for all axes, below them, in as few rows as it takes; what is on several axes is named once."""
    found = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels())}
    rows = next(
        rows
        for rows in range(math.ceil(len(found) / columns), len(found) + 1)
        if _legend_width(list(found), rows) <= _LEGEND or rows == len(found)
    )
    figure.legend(found.values(), found, loc="outside lower center", ncols=math.ceil(len(found) / rows))


def _legend_width(names: Sequence[str], rows: int) -> int:
    """How many characters wide a legend of so many `rows` is, which matplotlib fills column by column."""
    columns = [names[first : first + rows] for first in range(0, len(names), rows)]
    return sum(max(map(len, column)) + _HANDLE for column in columns)


def count_axis(axes: Axes, logarithmic: bool = False) -> None:
    """Marks the x axis at whole numbers only, with commas in large ones."""
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], nbins=10, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
