"""Keeps `summary.csv` and `epochs.csv` of a run current while its search goes on."""

from pathlib import Path

from results import files, layout, reader


class SummaryWriter:
    """Rewrites both tables, each in one step, whenever a trial has changed.

    Only the changed trial is read again, so a search of many trials does not slow down.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._trials: dict[str, reader.Row] = {}
        self._epochs: dict[str, list[reader.Row]] = {}
        for directory in reader.trial_directories(run):
            self._read(directory)

    def update(self, trial_directory: Path) -> None:
        """Takes in the present state of one trial and writes both tables."""
        self._read(trial_directory)
        trials = [self._trials[name] for name in sorted(self._trials, key=lambda name: (len(name), name))]
        epochs = [row for name in sorted(self._epochs) for row in self._epochs[name]]
        files.write_csv(self._run / layout.SUMMARY, reader.summary_columns(trials), trials)
        files.write_csv(self._run / layout.EPOCHS, reader.columns(epochs, layout.EPOCH_KEYS), epochs)

    def _read(self, directory: Path) -> None:
        self._trials[directory.name] = reader.read_trial(directory)
        self._epochs[directory.name] = reader.read_epochs(directory)
