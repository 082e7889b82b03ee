"""Reads the files that this toolkit adds to Keras Tuner's: `run.json`, `record.json` and a trial's `epochs.csv`."""

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any, get_args, get_type_hints

from keras_search.results import files, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.run_info import Asked, DatasetInfo, ObjectiveInfo
from keras_search.results.trial_record import TrialRecord

_LARGEST = 2**63 - 1  # of a column of 64-bit integers


def _types(described: type, names: Collection[str]) -> dict[str, type]:
    """The types of the keys `names` in a file that `described` describes; of `X | None`, that is `X`."""
    hints = get_type_hints(described)
    return {name: next(iter(get_args(hint)), hint) for name, hint in hints.items() if name in names}


# What is checked: the required keys of these parts of `run.json`, and the columns of `summary.csv` in `record.json`.
_RUN = {
    part: _types(described, described.__required_keys__)
    for part, described in {"objective": ObjectiveInfo, "dataset": DatasetInfo, "asked": Asked}.items()
}
_RECORD = _types(TrialRecord, layout.SUMMARY_COLUMNS)


def read_run(run: Path) -> dict[str, Any]:
    """The content of `run.json` in the folder `run`; empty if this toolkit did not make the run.

    Raises:
        DamagedFile: It is cut off, or not what `search` writes.
    """
    path = run / layout.RUN
    if not path.exists():
        return {}
    info = files.read_object(path)
    for part, kinds in _RUN.items():
        section = info.get(part)
        if section is None:
            continue
        if not isinstance(section, dict):
            raise _not_ours(path, part, section)
        for name, kind in kinds.items():
            if not _is_a(section.get(name), kind):
                raise _not_ours(path, f"{part}.{name}", section.get(name))
    share_and_class = (info.get("dataset") or {}).get("most_frequent_class")
    if share_and_class is not None and not _is_share_and_class(share_and_class):
        raise _not_ours(path, "dataset.most_frequent_class", share_and_class)
    if info.get("objective") and info["objective"]["direction"] not in ("min", "max"):
        raise _not_ours(path, "objective.direction", info["objective"]["direction"])
    return info


def read_record(trial: Path) -> dict[str, Any]:
    """The columns of `summary.csv` in the record of the trial in the folder `trial`; empty if there is no record.

    Raises:
        DamagedFile: It is cut off, or not what `search` writes.
    """
    path = trial / layout.TRIAL_RECORD
    if not path.exists():
        return {}
    content = files.read_object(path)
    record = {name: content[name] for name in _RECORD if name in content}
    for name, value in record.items():
        if value is not None and not _is_a(value, _RECORD[name]):
            raise _not_ours(path, name, value)
    return record


def read_accelerations(trial: Path) -> dict[str, bool | str]:
    """The `TrialRecord.accelerations` of the trial in the folder `trial`.

    Empty if an older version wrote the record, which has none, or if the record is damaged.
    """
    record = files.read_json(trial / layout.TRIAL_RECORD)
    known = record.get("accelerations") if isinstance(record, dict) else None
    if not isinstance(known, dict):
        return {}
    return {name: value for name, value in known.items() if value is True or isinstance(value, str)}


def read_epochs(trial: Path) -> list[dict[str, Any]]:
    """The learning curves of the trial in the folder `trial`, a row per execution and epoch.

    A line cut off by a kill is left out.

    Raises:
        DamagedFile: It is not what `search` writes.
    """
    path = trial / layout.TRIAL_EPOCHS
    try:
        content = files.read_bytes(path)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DamagedFile(f"{path.name} cannot be read ({error.strerror})") from None
    try:
        text = io.StringIO(content[: content.rfind(b"\n") + 1].decode(), newline="")
        rows = [{name: _parse(value) for name, value in row.items()} for row in csv.DictReader(text, strict=True)]
    except (TypeError, UnicodeDecodeError, csv.Error):  # TypeError: a line has too many or too few cells
        raise DamagedFile(f"{path.name} is damaged") from None
    for row in rows:
        for name in layout.EPOCH_NUMBERS:
            if not _is_a(row.get(name), int):
                raise _not_ours(path, name, row.get(name))
    trial_id = trial.name.removeprefix(layout.TRIAL_PREFIX)
    return [row | {"trial_id": trial_id} for row in rows]


def _is_a(value: Any, kind: type) -> bool:
    if kind is float and type(value) is float:
        return True
    if kind in (int, float):
        return type(value) is int and abs(value) <= _LARGEST
    return type(value) is kind


def _is_share_and_class(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and _is_a(value[0], float) and _is_a(value[1], int)


def _not_ours(path: Path, name: str, value: Any) -> DamagedFile:
    return DamagedFile(f"{path.name} is not one that `search` writes ({name} is {value!r})")


def _parse(text: str) -> int | float | str | None:
    if text in ("", "NA"):
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
