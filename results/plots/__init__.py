"""Runs as pictures: functions that take a run, or what its model predicts, and give a matplotlib Figure.

from results import plots

figure = plots.history(results.read("runs/mnist-baseline_cnn-random-seed0"))
figure.savefig("history.png")

Loads matplotlib, so it is imported only where something is drawn.
"""

from results.plots.classes import Predictions, confusion, mistakes
from results.plots.coordinates import parallel
from results.plots.costs import tradeoff
from results.plots.drawing import KINDS, check_kinds, draw, draw_possible
from results.plots.influence import importance
from results.plots.progress import curves, history
from results.plots.saving import check_file, check_folder, rendered, save, save_all
from results.plots.side_by_side import comparison
from results.plots.values import slices

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
