"""Reads the file of a run's oracle without the oracle."""

from pathlib import Path
from typing import TYPE_CHECKING

from keras_search.results import files, layout
from keras_search.search_spaces.space import Value

if TYPE_CHECKING:
    import keras_tuner


def saved_space(run: Path) -> "keras_tuner.HyperParameters | None":
    """The space in the oracle's file of the run directory `run`; None if it cannot be read."""
    import keras_tuner

    try:
        return keras_tuner.HyperParameters.from_config(files.read_json(run / layout.ORACLE)["hyperparameters"])
    except (KeyError, TypeError, ValueError, AttributeError, OSError):
        return None


def saved_points(run: Path) -> list[dict[str, Value]]:
    """The points of the ended trials in the oracle's file of the run directory `run`, in the order of their ends."""
    try:
        oracle = files.read_json(run / layout.ORACLE)
        return [dict(oracle["points"][trial_id]) for trial_id in oracle["end_order"] if trial_id in oracle["points"]]
    except (KeyError, TypeError, ValueError, AttributeError, OSError):
        return []
