"""`record.json` in a trial's directory: what Keras Tuner's `trial.json` has no place for."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from keras_search.results import files, layout


@dataclass
class TrialRecord:
    """How a trial was trained. Fields that are columns of `summary.csv` have the same names there.

    Attributes:
        seed: Seeds the weights, the dropout and the order of the images.
        is_baseline: Whether it is the documented point.
        started_at, ended_at: Times in ISO 8601.
        duration_s: The seconds that its training took, including those before an interruption.
        best_epoch: The epoch of its score, counted from 1.
        epochs_run: For how many epochs it was trained.
        parameters: How many parameters its model has.
        pruned: Whether a pruner ended it early.
        paused: Whether it stopped early, for want of time or to await the oracle's choice, and can go on.
        worker: The id of the process that trained it.
        weights_lost: Why its weights cannot be kept; None if they can.
        error: Why it failed, in one line.
        files: SHA-256 of the trial's other files when it ended, to detect damage.
        accelerations: By the name of each acceleration, True if it was on, else why not.
    """

    seed: int
    is_baseline: bool
    started_at: str
    ended_at: str | None = None
    duration_s: float | None = None
    best_epoch: int | None = None
    epochs_run: int | None = None
    parameters: int | None = None
    pruned: bool = False
    paused: bool = False
    worker: int | None = None
    weights_lost: str | None = None
    error: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    accelerations: dict[str, bool | str] = field(default_factory=dict)

    def save(self, directory: Path) -> None:
        """Writes `record.json` into the trial's `directory`."""
        files.write_json(directory / layout.TRIAL_RECORD, asdict(self))


def read(directory: Path) -> dict[str, Any]:
    """The record of the trial in `directory`, unchecked; empty if the file is missing or damaged."""
    record = files.read_json(directory / layout.TRIAL_RECORD)
    return record if isinstance(record, dict) else {}


def of(record: dict[str, Any]) -> TrialRecord:
    """The record that `read` gave, without what it holds beyond the fields."""
    known = {field.name for field in fields(TrialRecord)}
    return TrialRecord(**{name: value for name, value in record.items() if name in known})
