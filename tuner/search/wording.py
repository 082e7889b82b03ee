"""Words for a trial in the lines that a search prints."""

from collections.abc import Mapping
from typing import Any

from keras_search.results import layout
from keras_search.results.numbers import setting


def name(trial: Any) -> str:
    """What a trial of Keras Tuner's, or the task of one, is called: in a confirmation by the trial that it confirms."""
    values = trial.hyperparameters.values
    if layout.NOTED_TRIAL not in values:
        return f"trial {trial.trial_id}"
    return f"trial {values[layout.NOTED_TRIAL]}, fresh seed {values[layout.NOTED_SEED]}"


def early(row: Mapping[str, Any]) -> str:
    """How a trial ended before its last epoch, for the line that tells its score."""
    if row.get("paused"):
        planned = row.get("planned") or 0
        # A `fit` of the user's own may have a number of epochs that nobody else knows.
        return f", paused before its {planned} epochs" if planned > (row.get("epochs_run") or 0) else ", paused"
    return ", pruned" if row.get("pruned") else ""


def point(values: Mapping[str, object]) -> str:
    """A point in one line, such as `filters=28 dropout=0.2`, without the notes that oracles keep in its values."""
    own = {name: value for name, value in values.items() if not name.startswith(layout.NOTE_PREFIX)}
    return " ".join(f"{name}={setting(value)}" for name, value in own.items())
