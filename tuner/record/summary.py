"""Keeps `summary.csv` and `epochs.csv` of a run up to date during its search."""

from pathlib import Path

from keras_search.results import layout
from keras_search.results.reading import trial_rows
from keras_search.tuner.record.table import Table


class SummaryWriter:
    """Has both tables in memory, and replaces each file in one step.

    Only trials that have changed are read again, so that many trials do not slow down a search.
    """

    def __init__(self, run: Path) -> None:
        self._trials = Table(run / layout.SUMMARY, trial_rows.summary_columns)
        self._epochs = Table(run / layout.EPOCHS, lambda rows: trial_rows.columns(rows, layout.EPOCH_KEYS))
        for directory in trial_rows.trial_directories(run):
            self.read(directory)

    def read(self, trial_directory: Path) -> None:
        """Reads one trial again."""
        trial_id = trial_directory.name.removeprefix(layout.TRIAL_PREFIX)
        self._trials.put(trial_id, [trial_rows.read_trial(trial_directory)])
        self._epochs.put(trial_id, trial_rows.read_epochs(trial_directory))

    def write(self) -> None:
        """Writes both tables."""
        self._trials.write()
        self._epochs.write()
