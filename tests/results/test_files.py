"""The files of a run: replaced whole or not at all, and read only if they are regular files."""

import csv
import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keras_search.results import files
from keras_search.results.errors import DamagedFile


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    files.write_json(path, {"before": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        files.write_json(path, {"after": object()})
    with pytest.raises(UnicodeEncodeError):
        files.write_text(path, "\ud800")
    assert files.read_json(path) == {"before": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["table.json"]


def test_until_it_is_whole_a_reader_sees_the_file_before(tmp_path: Path) -> None:
    path = tmp_path / "epochs.csv"
    files.write_text(path, "before")
    with files.replacing(path) as temporary:
        temporary.write_text("after")
        assert (temporary.parent, temporary.suffix) == (tmp_path, ".csv")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_may_be_read_by_whom_any_file_may(tmp_path: Path) -> None:
    files.write_text(tmp_path / "ours", "")
    (tmp_path / "other").touch()
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("of somebody else")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    files.write_text(tmp_path / "link", "ours")
    assert (tmp_path / "other").read_text() == "of somebody else"
    assert stat.S_ISREG((tmp_path / "link").lstat().st_mode)


def test_what_cannot_be_written_is_named_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        files.write_text(tmp_path / "nowhere" / "run.json", "")
    assert raised.value.filename == str(tmp_path / "nowhere" / "run.json")


def cut_off(path: Path) -> None:
    path.write_text('{"score": 1')


def of_no_text(path: Path) -> None:
    path.write_bytes(b'{"score": "\xff"}')


def too_deep(path: Path) -> None:
    path.write_text("[" * 100_000 + "]" * 100_000)


def too_deep_to_be_worked_with(path: Path) -> None:
    path.write_text("[" * 200 + "]" * 200)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (lambda path: None, "run.json is missing"),
        (Path.mkdir, "run.json cannot be read (it is no regular file)"),
        (os.mkfifo, "run.json cannot be read (it is no regular file)"),
        (lambda path: path.symlink_to("/dev/zero"), "run.json cannot be read (it is a link)"),
        (cut_off, "run.json is cut off or damaged"),
        (of_no_text, "run.json is cut off or damaged"),
        (too_deep, "run.json is cut off or damaged"),
        (too_deep_to_be_worked_with, "run.json is cut off or damaged"),
        (lambda path: path.write_text("[1]"), "run.json is damaged (it holds no object)"),
    ],
)
def test_what_is_no_object_is_told_and_read_as_nothing(place: Callable[[Path], Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    place(path)
    with pytest.raises(DamagedFile) as raised:
        files.read_object(path)
    assert str(raised.value) == said
    assert files.read_json(path) in (None, [1])


def test_half_a_character_becomes_one_that_a_file_can_hold(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('\ufeff{"note": "a\\ud83db"}', encoding="utf-8")
    assert files.read_object(tmp_path / "run.json") == {"note": "a?b"}


def test_a_table_holds_exact_numbers_empty_cells_and_no_formulas(tmp_path: Path) -> None:
    rows = [{"score": 0.1 + 0.2, "note": '=1+1, "two"'}, {"score": None}, {"note": "a\nb", "other": 1}]
    files.write_csv(tmp_path / "summary.csv", ["score", "note", "@now"], rows)
    assert (tmp_path / "summary.csv").read_bytes().count(b"\n") == 4
    with (tmp_path / "summary.csv").open(newline="") as file:
        header, *cells = csv.reader(file)
    assert header == ["score", "note", "'@now"]
    assert cells == [["0.30000000000000004", '\'=1+1, "two"', ""], ["", "", ""], ["", "a\\nb", ""]]


def test_what_a_killed_process_had_begun_is_removed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "trial.json"
    other = [".data-host-1", ".lock", "trial.json.damaged", "checkpoint.weights.h5", ".hidden"]
    for name in other:
        (tmp_path / name).touch()
    with files.replacing(path) as begun:
        pass
    begun.touch()  # as if the process is killed before the file is renamed
    (tmp_path / "writing.epochs.csv").touch()  # as earlier versions named it
    files.remove_unfinished(tmp_path)
    assert sorted(left.name for left in tmp_path.iterdir()) == sorted([*other, "trial.json"])


def test_a_damaged_file_is_kept_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "oracle.json").write_text("{")
    aside = files.set_aside(tmp_path / "oracle.json")
    assert aside.read_text() == "{"
    assert [path.name for path in tmp_path.iterdir()] == ["oracle.json.damaged"]


def test_digests_are_of_files_in_the_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "trial_0").mkdir()
    (tmp_path / "secret").write_text("")
    (tmp_path / "trial_0" / "epochs.csv").write_text("abc")
    (tmp_path / "trial_0" / "link").symlink_to(tmp_path / "secret")
    digests = files.digests(tmp_path / "trial_0", ["epochs.csv", "link", "missing", "../secret", "", "..", "a\0b"])
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digests == {"epochs.csv": abc, "link": ""}


def test_a_failure_of_the_disk_is_found_among_the_causes_of_an_error(tmp_path: Path) -> None:
    full, error = OSError(errno.ENOSPC, "No space left on device"), RuntimeError("HDF5 error")
    error.__cause__ = full
    assert files.disk_failure(error) is full
    assert files.disk_failure(FileNotFoundError(errno.ENOENT, "no such file")) is None
    with pytest.raises(OSError, match="No space left on device"):
        files.require_disk(tmp_path, error)
    files.require_disk(tmp_path, RuntimeError("of the model's own"))
    with pytest.raises(FileNotFoundError):
        files.require_disk(tmp_path / "gone", RuntimeError("of HDF5"))


def test_json_is_what_any_program_reads(tmp_path: Path) -> None:
    files.write_json(tmp_path / "run.json", {"seed": 1, "note": "é"})
    assert json.loads((tmp_path / "run.json").read_bytes()) == {"seed": 1, "note": "é"}
