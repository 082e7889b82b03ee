"""Draws plots by the names of their kinds."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from keras_search.results.errors import Parameter, RunError
from keras_search.results.plots.classes import Predictions, confusion, mistakes
from keras_search.results.plots.coordinates import parallel
from keras_search.results.plots.costs import tradeoff
from keras_search.results.plots.influence import importance
from keras_search.results.plots.progress import curves, history
from keras_search.results.plots.values import slices
from keras_search.results.reading import scores

if TYPE_CHECKING:
    from keras_search.results.reading.run import Run

_OF_A_RUN: Mapping[str, Callable[["Run"], Figure]] = {
    "history": history,
    "curves": curves,
    "slices": slices,
    "parallel": parallel,
    "importance": importance,
    "tradeoff": tradeoff,
}
_OF_PREDICTIONS: Mapping[str, Callable[[Predictions], Figure]] = {"confusion": confusion, "mistakes": mistakes}

KINDS = (*_OF_A_RUN, *_OF_PREDICTIONS)


def check_kinds(kinds: Sequence[str]) -> None:
    """Raises RunError unless all `kinds` are among `KINDS`."""
    for kind in kinds:
        if kind not in KINDS:
            raise RunError(Parameter("kinds"), f": unknown kind {kind!r}: choose one of {', '.join(KINDS)}")


def draw(run: "Run", kinds: Sequence[str], predict: Callable[["Run"], Predictions]) -> dict[str, Figure]:
    """Draws `kinds` of plots of `run`, each under its name.

    Args:
        predict: Gives the predictions of a run's evaluated model; called at most once, and only if they are drawn.

    Raises:
        RunError: One of them cannot be drawn.
    """
    scores.scored(run)
    predictions = functools.cache(lambda: predict(run))
    figures = {}
    for kind in kinds:
        try:
            figures[kind] = _draw(kind, run, predictions)
        except RunError as error:
            raise RunError(Parameter("kinds"), f" {kind}: ", *error.args) from error
    return figures


def draw_possible(
    run: "Run", predict: Callable[["Run"], Predictions]
) -> tuple[dict[str, Figure], dict[str, list[str]]]:
    """Draws every kind of plot that `run` has enough data for; also returns, by reason, the kinds that it left out.

    Args:
        predict: As for `draw`.

    Raises:
        RunError: No trial has finished.
    """
    scores.scored(run)
    predictions = functools.cache(lambda: predict(run))
    figures: dict[str, Figure] = {}
    left_out: dict[str, list[str]] = {}
    for kind in KINDS:
        try:
            figures[kind] = _draw(kind, run, predictions)
        except RunError as error:
            left_out.setdefault(str(error), []).append(kind)
    return figures, left_out


def _draw(kind: str, run: "Run", predictions: Callable[[], Predictions]) -> Figure:
    return _OF_A_RUN[kind](run) if kind in _OF_A_RUN else _OF_PREDICTIONS[kind](predictions())
