"""What a classifier confuses: its confusion matrix and its most confident mistakes."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from keras_search.results.errors import RunError
from keras_search.results.plots import style

_MOST_MISTAKES = 20
_COLUMNS = 5
_MOST_NUMBERED = 20  # classes; with more, the cells are too small for numbers


@dataclass(frozen=True)
class Predictions:
    """The predictions of an evaluated model for the test images.

    Attributes:
        title: Which model, and which images.
        images: The test images, (images, height, width, channels).
        labels: Their true classes, 0..n-1.
        probabilities: Of each class, as the model predicts them, (images, classes).
    """

    title: str
    images: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """The predicted class of each image."""
        return self.probabilities.argmax(axis=1)


@style.styled
def confusion(predictions: Predictions) -> Figure:
    """The confusion matrix: how often each class was predicted for each true class; colours show the mistakes."""
    count = predictions.probabilities.shape[1]
    matrix = np.zeros((count, count), dtype=int)
    np.add.at(matrix, (predictions.labels, predictions.classes), 1)
    mistakes = np.where(np.eye(count, dtype=bool), 0, matrix)
    figure = style.figure(_headline(predictions), 6.6, 7.4)
    axes = figure.subplots()
    axes.grid(False)
    # Right answers far outnumber mistakes, which would be invisible on the same scale of colours.
    image = axes.imshow(np.ma.masked_equal(mistakes, 0), cmap="YlOrRd", vmin=0, vmax=max(mistakes.max(), 1))
    axes.imshow(np.ma.masked_equal(np.eye(count), 0), cmap="Blues", vmin=0, vmax=6)
    if count <= _MOST_NUMBERED:
        axes.set_xticks(range(count))
        axes.set_yticks(range(count))
        for row, column in np.argwhere(matrix):
            dark = row != column and matrix[row, column] > 0.6 * mistakes.max()
            axes.text(
                column, row, f"{matrix[row, column]:,}", ha="center", va="center",
                fontsize=min(10, 110 / count), color="white" if dark else style.BLACK,
            )  # fmt: skip
    axes.tick_params(length=0)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    bar = figure.colorbar(image, ax=axes, shrink=0.75, pad=0.02)
    bar.set_label("mistakes (images)")
    bar.locator = MaxNLocator(integer=True)
    bar.outline.set_visible(False)
    return figure


@style.styled
def mistakes(predictions: Predictions) -> Figure:
    """The misclassified images of which the model was most sure.

    Raises:
        RunError: It made no mistake.
    """
    wrong = np.flatnonzero(predictions.classes != predictions.labels)
    if not wrong.size:
        raise RunError(f"there are no mistakes to show: {predictions.title}, all right")
    sure = predictions.probabilities[wrong].max(axis=1)
    shown = wrong[np.argsort(-sure, kind="stable")[:_MOST_MISTAKES]]
    columns = min(_COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = style.figure(_headline(predictions), 0.7 + 1.75 * rows, 7.4)
    panels = figure.subplots(rows, columns, squeeze=False)
    lowest = predictions.images.min()
    spread = (predictions.images.max() - lowest) or 1
    for axes in panels.flat:
        axes.axis("off")
    for axes, index in zip(panels.flat, shown):
        image = predictions.images[index]
        picture = image if image.shape[-1] == 3 else image[..., 0]
        axes.imshow((picture - lowest) / spread, cmap="gray", vmin=0, vmax=1)
        share = predictions.probabilities[index].max()
        # Rounded down: a mistake at "100.0%" would look impossible.
        sure = math.floor(1000 * share) / 10
        axes.set_title(
            f"true {predictions.labels[index]}, said {predictions.classes[index]}\n{sure:.1f}% sure",
            fontsize=9, loc="center",
        )  # fmt: skip
    return figure


def _headline(predictions: Predictions) -> str:
    wrong = int((predictions.classes != predictions.labels).sum())
    right = 1 - wrong / len(predictions.labels)
    noun = "mistake" if wrong == 1 else "mistakes"
    return f"{predictions.title}\n{100 * right:.2f}% right, {wrong:,} {noun}"
