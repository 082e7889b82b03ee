"""Plots: functions that take a run, or the predictions of its model, and return a matplotlib Figure.

from keras_search.results import plots

figure = plots.history(results.read("runs/mnist-baseline_cnn-random-seed0"))
figure.savefig("history.png")

Loads matplotlib, so import it only where something is drawn.
"""

from keras_search.results.plots.classes import Predictions, confusion, mistakes
from keras_search.results.plots.coordinates import parallel
from keras_search.results.plots.costs import tradeoff
from keras_search.results.plots.drawing import KINDS, check_kinds, draw, draw_possible
from keras_search.results.plots.influence import importance
from keras_search.results.plots.progress import curves, history
from keras_search.results.plots.saving import check_file, check_folder, rendered, save, save_all
from keras_search.results.plots.side_by_side import comparison
from keras_search.results.plots.values import slices

__all__ = [
    "KINDS",
    "Predictions",
    "check_file",
    "check_folder",
    "check_kinds",
    "comparison",
    "confusion",
    "curves",
    "draw",
    "draw_possible",
    "history",
    "importance",
    "mistakes",
    "parallel",
    "rendered",
    "save",
    "save_all",
    "slices",
    "tradeoff",
]
