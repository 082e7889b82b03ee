"""Keeps `summary.csv` and `epochs.csv` of a run up to date during its search."""

from pathlib import Path

from keras_search.results import files, layout
from keras_search.results.reading import trial_rows


class SummaryWriter:
    """Rewrites both tables, each in one step, when a trial has changed.

    Only the changed trial is read again, so that many trials do not slow down a search.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._trials: dict[str, trial_rows.Row] = {}
        self._epochs: dict[str, list[trial_rows.Row]] = {}
        for directory in trial_rows.trial_directories(run):
            self._read(directory)

    def update(self, trial_directory: Path) -> None:
        """Reads one trial again and writes both tables."""
        self._read(trial_directory)
        self.write()

    def refresh(self) -> None:
        """Reads all trials again, ended or not, and writes both tables."""
        for directory in trial_rows.trial_directories(self._run):
            self._read(directory)
        self.write()

    def write(self) -> None:
        """Writes both tables."""
        order = sorted(self._trials, key=trial_rows.trial_order)
        trials = [self._trials[trial_id] for trial_id in order]
        epochs = [row for trial_id in order for row in self._epochs[trial_id]]
        files.write_csv(self._run / layout.SUMMARY, trial_rows.summary_columns(trials), trials)
        files.write_csv(self._run / layout.EPOCHS, trial_rows.columns(epochs, layout.EPOCH_KEYS), epochs)

    def _read(self, directory: Path) -> None:
        trial_id = directory.name.removeprefix(layout.TRIAL_PREFIX)
        self._trials[trial_id] = trial_rows.read_trial(directory)
        self._epochs[trial_id] = trial_rows.read_epochs(directory)
