"""The plots of a report, embedded in the page, each with a caption and an alternative text."""

import base64
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from keras_search.results import plots
from keras_search.results.errors import RunError, RunWarning
from keras_search.results.numbers import number
from keras_search.results.plots import Predictions
from keras_search.results.reading import scores
from keras_search.results.text import count, one_line

if TYPE_CHECKING:
    from keras_search.results.reading.run import Run

_LARGE = 300_000  # bytes; a larger SVG, of thousands of marks, takes several times as much as a WebP of `_DPI`
_DPI = 200
_ORDERS = {
    "ended": "in the order in which they ended",
    "begun": "in the order in which they began",
    "": "by their ids, as it is not known in which order they ran",
}
_TITLES = {
    "history": "Trial by trial",
    "curves": "Learning curves",
    "slices": "The score against each hyperparameter",
    "parallel": "All hyperparameters at once",
    "importance": "Which hyperparameters matter",
    "tradeoff": "What the score costs",
    "confusion": "What the best model confuses",
    "mistakes": "The mistakes it was most sure of",
}


@dataclass(frozen=True)
class Picture:
    """A plot in the page.

    Attributes:
        kind: One of `plots.KINDS`.
        title: Its title.
        caption: How to read it.
        text: The alternative text: what it shows, in words.
        source: The picture itself, as a `data:` URI.
        width, height: In points.
    """

    kind: str
    title: str
    caption: str
    text: str
    source: str
    width: int
    height: int


@dataclass(frozen=True)
class Pictures:
    """Every plot that a run has enough data for.

    Attributes:
        drawn: The plots, in the order of `plots.KINDS`.
        left_out: By reason, the kinds that are missing.
        notes: Cautions about the plots that are drawn.
    """

    drawn: Sequence[Picture]
    left_out: Mapping[str, Sequence[str]]
    notes: Sequence[str]


def draw(run: "Run", predict: Callable[["Run"], Predictions]) -> Pictures:
    """Draws every kind of plot that `run` has enough data for; none if no trial has finished.

    Args:
        predict: Gives the predictions of a run's evaluated model for the test images.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", RunWarning)
        try:
            figures, left_out = plots.draw_possible(run, predict)
        except RunError as error:
            return Pictures([], {one_line(str(error)): plots.KINDS}, [])
        drawn = [_picture(run, kind, figure) for kind, figure in figures.items()]
    notes = [one_line(str(warning.message)) for warning in caught]
    return Pictures(drawn, {one_line(reason): kinds for reason, kinds in left_out.items()}, notes)


def _picture(run: "Run", kind: str, figure: Figure) -> Picture:
    width, height = (round(72 * inches) for inches in figure.get_size_inches())
    caption, text = _caption(run, kind, figure), one_line(_text(run, kind, figure))
    return Picture(kind, _TITLES[kind], caption, text, _source(figure, kind), width, height)


def _source(figure: Figure, kind: str) -> str:
    picture, media = plots.rendered(figure, kind, "svg"), "svg+xml"
    if len(picture) > _LARGE:
        file = io.BytesIO()
        figure.savefig(file, format="webp", dpi=_DPI, pil_kwargs={"quality": 85})
        picture, media = min((picture, media), (file.getvalue(), "webp"), key=lambda rendering: len(rendering[0]))
    return f"data:image/{media};base64,{base64.b64encode(picture).decode()}"


def _caption(run: "Run", kind: str, figure: Figure) -> str:
    score = one_line(scores.name(run))
    order = scores.order(run)
    better = "smaller" if scores.is_minimised(run) else "larger"
    has_two = len(figure.axes) > 1
    captions = {
        "history": f"Each mark is a trial, {_ORDERS[order]}; the {better} its {score}, the better."
        + (" The black line is the best so far." if order else "")
        + (" The dashed line is the baseline." if _has_baseline(run) else ""),
        "curves": f"Every trial's {score} epoch by epoch"
        + ("; on the right, the best trial's training beside its validation." if has_two else "."),
        "slices": "One panel for each hyperparameter that varied, one mark for each trial in which it was active.",
        "parallel": "Each line is a trial and goes through its values: the better, the darker; the best is red. It "
        "breaks where a hyperparameter was not active.",
        "importance": "How much worse a random forest forecasts the ranking of trials that it has not seen when the "
        "values of a hyperparameter are shuffled, with 95% intervals over the trials.",
        "tradeoff": "Each mark is a trial; the green line joins those than which no cheaper one is as good.",
        "confusion": "How many test images of each true class the evaluated model gave each class. Mistakes are "
        "coloured by their number.",
        "mistakes": "The test images of which the evaluated model was most sure, and wrong.",
    }  # fmt: skip
    return captions[kind]


def _text(run: "Run", kind: str, figure: Figure) -> str:
    """The alternative text of `figure`, made of the texts on it."""
    best = run.best
    objective = scores.name(run)
    about = f"{objective} of {count(len(scores.scored(run)), 'finished trial')}"
    reached = f"the best is {number(best['score'])}, of trial {best['trial_id']}"
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    named = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    texts = {
        "history": f"Plot of the {about}, {_ORDERS[scores.order(run)]}; {reached}.",
        "curves": f"Learning curves: {objective} by epoch; {reached}.",
        "slices": f"Plots of the {about} against {', '.join(named)}.",
        "parallel": f"Parallel coordinates of {about}, through {', '.join(labels)}.",
        "importance": f"Bars of the importance of hyperparameters, the most important first: {', '.join(labels)}.",
        "tradeoff": f"Plots of the {about} against {' and '.join(named)}; {reached}.",
        "confusion": f"Confusion matrix: {figure.get_suptitle()}.",
        "mistakes": f"Images that were mistaken: {figure.get_suptitle()}.",
    }
    return texts[kind].replace("\n", ", ")


def _has_baseline(run: "Run") -> bool:
    return bool(scores.scored(run)["is_baseline"].eq(True).fillna(False).any())
