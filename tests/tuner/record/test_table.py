"""A table that is kept up to date as trials end is the one that would be made anew of all of them."""

import random
from pathlib import Path
from typing import Any

import pytest

from keras_search.results import files
from keras_search.results.reading import trial_rows
from keras_search.tuner.record.table import Table

FIRST = ["trial_id", "epoch"]


def rows(trial_id: str, rng: random.Random) -> list[dict[str, Any]]:
    names = ["loss", "=name", *(["late"] if rng.random() < 0.1 else [])]
    epochs = range(rng.randrange(3))
    return [{"trial_id": trial_id, "epoch": epoch} | {name: rng.random() for name in names} for epoch in epochs]


def table(path: Path) -> Table:
    return Table(path, lambda kinds: trial_rows.columns(kinds, FIRST))


def test_it_is_the_table_of_all_rows_whatever_changes_in_whatever_order(tmp_path: Path) -> None:
    rng = random.Random(0)
    kept, known = table(tmp_path / "kept.csv"), {}
    for _ in range(60):
        trial_id = str(rng.randrange(30))
        known[trial_id] = rows(trial_id, rng)
        kept.put(trial_id, known[trial_id])
        kept.write()
        everything = [row for trial_id in sorted(known, key=trial_rows.trial_order) for row in known[trial_id]]
        files.write_csv(tmp_path / "anew.csv", trial_rows.columns(everything, FIRST), everything)
        assert (tmp_path / "kept.csv").read_text() == (tmp_path / "anew.csv").read_text()
    assert "late" in (tmp_path / "kept.csv").read_text()


def test_only_what_has_changed_is_put_into_words_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = table(tmp_path / "kept.csv")
    for number in range(50):
        kept.put(str(number), [{"trial_id": str(number), "epoch": 1, "loss": 0.5}])
    kept.write()
    written = []
    whole = files.csv_lines
    monkeypatch.setattr(files, "csv_lines", lambda columns, rows: written.append(1) or whole(columns, rows))
    kept.put("7", [{"trial_id": "7", "epoch": 1, "loss": 0.25}])
    kept.write()
    assert len(written) == 2, "the header and the trial"
    assert "7,1,0.25\n" in (tmp_path / "kept.csv").read_text()
