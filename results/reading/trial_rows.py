"""Reads the trials of a run, one after the other, as rows of its tables."""

import contextlib
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from keras_search.results import files, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.reading import keras_tuner_files, search_files
from keras_search.results.reading.keras_tuner_files import Trial
from keras_search.results.text import one_line, reason

Row = dict[str, Any]

_METRICS = ("val_accuracy", "val_loss", "accuracy", "loss")
_RESERVED = [name for name in layout.SUMMARY_COLUMNS if name not in _METRICS]


def trial_directories(run: Path) -> list[Path]:
    """The directories of the trials that have begun, in trial order; a link to one elsewhere is none."""
    found = (path.parent for path in run.glob(f"{layout.TRIAL_PREFIX}*/{layout.TRIAL}") if not path.parent.is_symlink())
    return sorted(found, key=lambda path: trial_order(path.name.removeprefix(layout.TRIAL_PREFIX)))


def linked(folder: Path) -> list[Path]:
    """The links to folders in `folder`: what was written into them would be written elsewhere."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if path.is_symlink() and path.is_dir())


def trial_order(trial_id: str) -> tuple[int, str, str]:
    """Sorts trial ids: numbers, however many zeros they begin with, in their order; before other ids."""
    if trial_id.isascii() and trial_id.isdecimal():
        digits = trial_id.lstrip("0")
        return (len(digits), digits, trial_id)
    return (sys.maxsize, "", trial_id)


def count_ended(run: Path) -> int:
    """How many trials of a run have ended, well or not, and are whole."""
    return sum(
        read_trial(directory)["status"] in ("COMPLETED", "FAILED") and not damaged_files(directory)
        for directory in trial_directories(run)
    )


def damaged_files(directory: Path) -> list[Path]:
    """The files beside a trial's `trial.json` that are not as they were when it ended, by the digests in its record."""
    path = directory / layout.TRIAL_RECORD
    record = files.read_json(path)
    digests = record.get("files", {}) if isinstance(record, dict) else None
    if not isinstance(digests, dict):
        return [path] if path.exists() else []
    return [directory / name for name, digest in files.digests(directory, digests).items() if digest != digests[name]]


def read_trial(directory: Path) -> Row:
    """One trial as a row of `summary.csv`; of damaged files nothing is known."""
    trial, record = None, {}
    with contextlib.suppress(DamagedFile):
        record = search_files.read_record(directory)
    with contextlib.suppress(DamagedFile):
        trial = keras_tuner_files.read_trial(directory)
    return row(directory, trial, record)


def row(directory: Path, trial: Trial | None, record: Row) -> Row:
    """The row of `summary.csv` of the trial in `directory`.

    Args:
        trial: Status, score, metrics and hyperparameters; None where they are not known.
        record: The times, the seed and the sizes, which Keras Tuner does not keep.
    """
    if trial is None:
        found: Row = {"trial_id": directory.name.removeprefix(layout.TRIAL_PREFIX), "status": None, "score": None}
        found |= record
        message = ""
    else:
        found = {"trial_id": trial.trial_id, "status": trial.status, "score": trial.score}
        found |= {_metric_column(name, _RESERVED): metric.best for name, metric in trial.metrics.items()} | record
        found |= {_column(name): value for name, value in trial.values.items()}
        message = trial.message
    found["error"] = one_line(record.get("error") or "") or reason(message)
    return found


def read_epochs(directory: Path) -> list[Row]:
    """The learning curves of one trial, a row per execution and epoch; none where the file is damaged.

    A line cut off by a kill is left out.
    """
    with contextlib.suppress(DamagedFile):
        return search_files.read_epochs(directory)
    return []


def observed_epochs(trial: Trial, is_epoch: bool) -> list[Row]:
    """What Keras Tuner itself kept of a trial's learning curves, a row per execution and step.

    Args:
        is_epoch: Whether its steps, counted from 0, are epochs, counted from 1 here; else the epoch is not known.
    """
    rows: dict[tuple[int, int], Row] = {}
    for name, metric in trial.metrics.items():
        for observation in metric.observations:
            step = observation.step or 0
            for execution, value in enumerate(observation.values):
                known = {"trial_id": trial.trial_id, "execution": execution, "epoch": step + 1 if is_epoch else None}
                rows.setdefault((execution, step), known)[_metric_column(name, layout.EPOCH_KEYS)] = value
    return [rows[key] for key in sorted(rows)]


def columns(rows: Iterable[Row], first: list[str]) -> list[str]:
    """The columns of a table of `rows`: `first`, then every other key in the order in which it turns up."""
    return list(dict.fromkeys([*first, *(key for row in rows for key in row)]))


def summary_columns(rows: Iterable[Row]) -> list[str]:
    """The columns of `summary.csv`: the fixed ones, one `hp_` column a hyperparameter, and further metrics."""
    found = columns(rows, layout.SUMMARY_COLUMNS)
    metrics = [name for name in found if name not in layout.SUMMARY_COLUMNS and not _is_hyperparameter(name)]
    return [*layout.SUMMARY_COLUMNS, *filter(_is_hyperparameter, found), *metrics]


def _metric_column(name: str, taken: Collection[str]) -> str:
    # A metric may be called as a column is that says something else.
    is_taken = name in taken or _is_hyperparameter(name) or name.startswith(layout.NOTE_PREFIX)
    return f"metric_{name}" if is_taken else name


def _column(name: str) -> str:
    return name if name.startswith(layout.NOTE_PREFIX) else f"{layout.HYPERPARAMETER_PREFIX}{name}"


def _is_hyperparameter(name: str) -> bool:
    return name.startswith(layout.HYPERPARAMETER_PREFIX)
