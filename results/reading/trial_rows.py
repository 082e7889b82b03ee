"""Reads the trials of a run as rows of its tables."""

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
    """The directories of the trials that have begun, in trial order; links are left out."""
    directories = (
        path.parent for path in run.glob(f"{layout.TRIAL_PREFIX}*/{layout.TRIAL}") if not path.parent.is_symlink()
    )
    return sorted(directories, key=lambda path: trial_order(path.name.removeprefix(layout.TRIAL_PREFIX)))


def linked(folder: Path) -> list[Path]:
    """The links to folders in `folder`; writing into them would write elsewhere."""
    paths = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in paths if path.is_symlink() and path.is_dir())


def trial_order(trial_id: str) -> tuple[int, str, str]:
    """A sorting key for trial ids: numbers by their value, whatever zeros they begin with, then all other ids."""
    if trial_id.isascii() and trial_id.isdecimal():
        digits = trial_id.lstrip("0")
        return (len(digits), digits, trial_id)
    return (sys.maxsize, "", trial_id)


def count_ended(run: Path) -> int:
    """How many trials of a run have ended, well or not, and are undamaged; paused ones go on."""
    directories = trial_directories(run)
    return sum(_has_ended(read_trial(directory)) and not damaged_files(directory) for directory in directories)


def _has_ended(trial: Row) -> bool:
    return trial["status"] in ("COMPLETED", "FAILED") and not trial.get("paused")


def damaged_files(directory: Path) -> list[Path]:
    """The files of a trial that have changed since it ended, by the digests in its record; not its `trial.json`."""
    path = directory / layout.TRIAL_RECORD
    record = files.read_json(path)
    digests = record.get("files", {}) if isinstance(record, dict) else None
    if not isinstance(digests, dict):
        return [path] if path.exists() else []
    return [directory / name for name, digest in files.digests(directory, digests).items() if digest != digests[name]]


def read_trial(directory: Path) -> Row:
    """A trial as a row of `summary.csv`, without what its damaged files held."""
    trial, record = None, {}
    with contextlib.suppress(DamagedFile):
        record = search_files.read_record(directory)
    with contextlib.suppress(DamagedFile):
        trial = keras_tuner_files.read_trial(directory)
    return row(directory, trial, record)


def row(directory: Path, trial: Trial | None, record: Row) -> Row:
    """The row of `summary.csv` of the trial in `directory`.

    Args:
        trial: What Keras Tuner recorded; None if that cannot be read.
        record: What this toolkit recorded.
    """
    if trial is None:
        cells: Row = {"trial_id": directory.name.removeprefix(layout.TRIAL_PREFIX), "status": None, "score": None}
        cells |= record
        message = ""
    else:
        cells = {"trial_id": trial.trial_id, "status": trial.status, "score": trial.score}
        cells |= {_metric_column(name, _RESERVED): metric.best for name, metric in trial.metrics.items()} | record
        cells |= {_column(name): value for name, value in trial.values.items()}
        message = trial.message
    cells["error"] = one_line(record.get("error") or "") or reason(message)
    return cells


def read_epochs(directory: Path) -> list[Row]:
    """The learning curves of a trial, a row per execution and epoch; none if the file is damaged.

    A line cut off by a kill is left out.
    """
    with contextlib.suppress(DamagedFile):
        return search_files.read_epochs(directory)
    return []


def observed_epochs(trial: Trial, is_epoch: bool) -> list[Row]:
    """What Keras Tuner itself recorded of a trial's learning curves, a row per execution and step.

    Args:
        is_epoch: Whether its steps, which count from 0, are epochs, which count from 1; if not, the epoch is not known.
    """
    rows: dict[tuple[int, int], Row] = {}
    for name, metric in trial.metrics.items():
        for observation in metric.observations:
            step = observation.step or 0
            for execution, value in enumerate(observation.values):
                known = {"trial_id": trial.trial_id, "execution": execution, "epoch": step + 1 if is_epoch else None}
                rows.setdefault((execution, step), known)[_metric_column(name, layout.EPOCH_KEYS)] = value
    return [rows[key] for key in sorted(rows)]


def columns(rows: Iterable[Iterable[str]], first: list[str]) -> list[str]:
    """The columns of a table of `rows`, or of their keys: `first`, then all other keys in order of appearance."""
    return list(dict.fromkeys([*first, *(key for row in rows for key in row)]))


def summary_columns(rows: Iterable[Iterable[str]]) -> list[str]:
    """The columns of `summary.csv`: the fixed ones, an `hp_` column per hyperparameter, and further metrics."""
    names = columns(rows, layout.SUMMARY_COLUMNS)
    metrics = [name for name in names if name not in layout.SUMMARY_COLUMNS and not _is_hyperparameter(name)]
    return [*layout.SUMMARY_COLUMNS, *filter(_is_hyperparameter, names), *metrics]


def _metric_column(name: str, taken: Collection[str]) -> str:
    # A metric may have the name of a column with another meaning.
    is_taken = name in taken or _is_hyperparameter(name) or name.startswith(layout.NOTE_PREFIX)
    return f"metric_{name}" if is_taken else name


def _column(name: str) -> str:
    return name if name.startswith(layout.NOTE_PREFIX) else f"{layout.HYPERPARAMETER_PREFIX}{name}"


def _is_hyperparameter(name: str) -> bool:
    return name.startswith(layout.HYPERPARAMETER_PREFIX)
