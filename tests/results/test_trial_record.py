"""The record of a trial goes into its row of the table of trials, under the same names."""

from pathlib import Path

import pytest

from keras_search.results import files, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.reading import search_files
from keras_search.results.trial_record import TrialRecord


def test_the_record_of_a_trial_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = TrialRecord(seed=7, is_baseline=True, started_at="2026-01-01T00:00:00+00:00", duration_s=2.5, worker=11)
    record.save(tmp_path)
    row = search_files.read_record(tmp_path)
    assert row.keys() <= set(layout.SUMMARY_COLUMNS)
    assert (row["seed"], row["is_baseline"], row["duration_s"], row["best_epoch"]) == (7, True, 2.5, None)


def test_a_record_of_an_earlier_version_lacks_what_came_later_and_a_foreign_one_has_more(tmp_path: Path) -> None:
    files.write_json(tmp_path / layout.TRIAL_RECORD, {"seed": 7, "colour": "red"})
    assert search_files.read_record(tmp_path) == {"seed": 7}


@pytest.mark.parametrize(("name", "value"), [("seed", "7"), ("pruned", 1), ("duration_s", "long"), ("epochs_run", 1.5)])
def test_a_value_of_another_type_is_damage(name: str, value: object, tmp_path: Path) -> None:
    files.write_json(tmp_path / layout.TRIAL_RECORD, {name: value})
    with pytest.raises(DamagedFile, match=f"{name} is {value!r}"):
        search_files.read_record(tmp_path)
