"""The trials that have stopped as the time was used up: they count as completed until the search goes on."""

from pathlib import Path

from keras_search.results import files, layout, trial_record
from keras_search.results.reading import trial_rows
from keras_search.tuner.keras_private import TrialStatus


def take_up(run: Path) -> None:
    """Makes the paused trials in the run directory `run` running ones, which were interrupted and go on."""
    for directory in trial_rows.trial_directories(run):
        # Only they have a state and have ended.
        if not (directory / layout.TRIAL_STATE).exists() or not trial_record.read(directory).get("paused"):
            continue
        trial = files.read_json(directory / layout.TRIAL)
        if isinstance(trial, dict) and trial.get("status") == TrialStatus.COMPLETED:
            changed = trial | {"status": TrialStatus.RUNNING, "score": None, "best_step": None}
            files.write_json(directory / layout.TRIAL, changed, is_indented=False)
