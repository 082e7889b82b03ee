"""The trials in the formats of other programs."""

import csv
import json
import sys
from pathlib import Path

import pandas
import pytest

from keras_search import results
from keras_search.results.export import formats
from tests.helpers import Cli, refused
from tests.results.projects import NASTY


def test_every_format_has_the_same_trials(cli: Cli, project: Path, tmp_path: Path) -> None:
    done = cli("results", project, "--top", "3", "--csv", "t.csv", "--json", "t.json", "--markdown", "t.md")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == ["Written: t.csv", "Written: t.json", "Written: t.md"]
    trials = results.read(project).trials
    as_json = json.loads((tmp_path / "t.json").read_text())
    assert [row["trial_id"] for row in as_json] == ["0", "2", "1"]
    assert list(as_json[0]) == list(trials.columns)
    assert [as_json[0][name] for name in ("score", "hp_units", "hp_note", "hp_kind")] == [0.125, 8, NASTY, 1]
    assert as_json[0]["val_accuracy"] == 1 / 3
    assert [as_json[1][name] for name in ("score", "tuner/epochs", "hp_kind", "error")] == [None, 2, "one", None]

    with (tmp_path / "t.csv").open(newline="") as file:
        as_csv = list(csv.DictReader(file))
    assert [row["trial_id"] for row in as_csv] == ["0", "2", "1"]
    assert [as_csv[0][name] for name in ("hp_rate", "hp_\\x1b[31mred", "hp_units")] == ["-1e-07", "-5", "8"]
    assert as_csv[0]["hp_note"].startswith("'=cmd|")
    assert all(text.isprintable() for row in as_csv for pair in row.items() for text in pair)
    assert [as_csv[1][name] for name in ("score", "error")] == ["inf", ""]

    lines = (tmp_path / "t.md").read_text().splitlines()
    header = lines[0].strip("| ").split(" | ")
    assert header[:4] == ["trial_id", "status", "score", "val_accuracy"]
    assert "seed" not in header, "a column without a value"
    assert lines[2].startswith("| 0 | COMPLETED | 0.125 | 0.333333 | 0.125 | 2 |")
    assert "=cmd\\|' /C calc'!A1\\\\x1b\\]0;title\\\\x07\\\\n\\\\u202e\\<b\\>\\*x\\*\\</b\\>" in lines[2]
    assert len(lines) == 5


def test_parquet_gives_back_what_it_was_given(project: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    trials = results.read(project).trials
    formats.check("parquet", tmp_path / "t.parquet")
    formats.write_parquet(trials, tmp_path / "t.parquet")
    reread = pandas.read_parquet(tmp_path / "t.parquet")
    assert list(reread.columns) == list(trials.columns)
    assert reread["score"].equals(trials["score"])
    assert reread["hp_note"].iloc[0] == NASTY
    assert reread["hp_kind"].tolist()[::2] == ["1", "one"]


def test_parquet_without_pyarrow_names_the_command(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(results.RunError, match=r"^parquet needs the package pyarrow: python -m pip install"):
        formats.check("parquet", tmp_path / "t.parquet")


@pytest.mark.parametrize("option", ["csv", "json", "markdown"])
def test_where_nothing_can_be_written_nothing_is(cli: Cli, project: Path, tmp_path: Path, option: str) -> None:
    other = "csv" if option != "csv" else "json"
    arguments = ("results", project, f"--{other}", "first")
    assert f"--{option} '.' is a folder" in refused(cli, tmp_path, *arguments, f"--{option}", ".")
    assert f"--{option} 'no/file': there is no folder 'no'" in refused(
        cli, tmp_path, *arguments, f"--{option}", "no/file"
    )
