"""Reads the files that `search` keeps beside Keras Tuner's: `run.json`, `record.json` and a trial's `epochs.csv`."""

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any, get_args, get_type_hints

from keras_search.results import files, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.run_info import Asked, DatasetInfo, ObjectiveInfo
from keras_search.results.trial_record import TrialRecord

_LARGEST = 2**63 - 1  # a whole number must find room in a column of 64 bits


def _types(described: type, names: Collection[str]) -> dict[str, type]:
    """The types of those keys of a file that `names` has, each of which may be None where `described` says so."""
    hints = get_type_hints(described)
    return {name: next(iter(get_args(hint)), hint) for name, hint in hints.items() if name in names}


# Of a run, what these parts must have is relied on; of a record, the columns of the table of trials.
_RUN = {
    part: _types(described, described.__required_keys__)
    for part, described in {"objective": ObjectiveInfo, "dataset": DatasetInfo, "asked": Asked}.items()
}
_RECORD = _types(TrialRecord, layout.SUMMARY_COLUMNS)


def read_run(run: Path) -> dict[str, Any]:
    """What the search in the folder `run` was asked for; nothing where `search` did not make it.

    Raises:
        DamagedFile: It is cut off, or not what `search` writes.
    """
    path = run / layout.RUN
    if not path.exists():
        return {}
    info = files.read_object(path)
    for part, kinds in _RUN.items():
        found = info.get(part)
        if found is None:
            continue
        if not isinstance(found, dict):
            raise _not_ours(path, part, found)
        for name, kind in kinds.items():
            if not _is_a(found.get(name), kind):
                raise _not_ours(path, f"{part}.{name}", found.get(name))
    share_and_class = (info.get("dataset") or {}).get("most_frequent_class")
    if share_and_class is not None and not _is_share_and_class(share_and_class):
        raise _not_ours(path, "dataset.most_frequent_class", share_and_class)
    if info.get("objective") and info["objective"]["direction"] not in ("min", "max"):
        raise _not_ours(path, "objective.direction", info["objective"]["direction"])
    return info


def read_record(trial: Path) -> dict[str, Any]:
    """What Keras Tuner does not keep of the trial in the folder `trial`; nothing where it was not recorded.

    Raises:
        DamagedFile: It is cut off, or not what `search` writes.
    """
    path = trial / layout.TRIAL_RECORD
    if not path.exists():
        return {}
    found = files.read_object(path)
    record = {name: found[name] for name in _RECORD if name in found}
    for name, value in record.items():
        if value is not None and not _is_a(value, _RECORD[name]):
            raise _not_ours(path, name, value)
    return record


def read_accelerations(trial: Path) -> dict[str, bool | str]:
    """The `TrialRecord.accelerations` of the trial in the folder `trial`.

    Nothing where they are not known, as of trials of older versions, or the record is damaged.
    """
    record = files.read_json(trial / layout.TRIAL_RECORD)
    known = record.get("accelerations") if isinstance(record, dict) else None
    if not isinstance(known, dict):
        return {}
    return {name: value for name, value in known.items() if value is True or isinstance(value, str)}


def read_epochs(trial: Path) -> list[dict[str, Any]]:
    """The learning curves of the trial in the folder `trial`, a row per execution and epoch; none where it has none.

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
    except (TypeError, UnicodeDecodeError, csv.Error):  # in a line that is too long or too short, not all are texts
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
