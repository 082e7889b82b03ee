"""How every plot looks: dark on opaque white, so that it reads in print and on a dark page, in Okabe and Ito's colours.

Their palette (https://jfly.uni-koeln.de/color/) can be told apart by colour-blind readers; what matters differs in its
marker or its line style as well.
"""

import math
from typing import TYPE_CHECKING, Any

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from results import scores
from results.labels import shortened

if TYPE_CHECKING:
    from results import Run

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#222222",
)  # fmt: skip
GREY = "#8A8A8A"
WORST, MIDDLING, BEST = "#E3DFC0", "#62A6A9", "#15305B"  # of a scale of scores: lightness alone tells them apart

WIDTH = 9.0  # inches: at a README's width the text is then as large as the README's
LONGEST_LABEL = 44  # characters, of an axis: the lowest plots are four inches high
MANY = 300  # marks: more than these are an image within an SVG, which else takes seconds to show

_COLOURS = [BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK]
_PARAMETERS: dict[str, Any] = {
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

# As a decorator of what draws: matplotlib reads these settings as it makes axes and text.
styled = matplotlib.rc_context(_PARAMETERS)


def figure(title: str, height: float, width: float = WIDTH) -> Figure:
    """An empty figure of so many inches that finds room for all its labels."""
    made = Figure(figsize=(width, height), layout="constrained")
    made.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    made.suptitle(title, x=0.01, ha="left")
    return made


def objective(run: "Run") -> str:
    """What the scores of `run` are, as an axis has room for it."""
    return shortened(scores.name(run), LONGEST_LABEL)


def legend(figure: Figure, columns: int = 6) -> None:
    """One legend for all axes, below them, in as few rows as it takes; what is on several axes is named once."""
    found = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels())}
    columns = math.ceil(len(found) / math.ceil(len(found) / columns))
    figure.legend(found.values(), found, loc="outside lower center", ncols=columns)


def count_axis(axes: Axes, logarithmic: bool = False) -> None:
    """Marks the x axis at whole numbers only, with commas in large ones."""
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], nbins=10, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
