"""Runs are found by name, by path, or as the run that was written to last."""

import os
from pathlib import Path

import pytest

from keras_search.results.errors import RunError
from keras_search.results.reading import runs


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the user is in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(name: str, written: int) -> Path:
    path = Path(name)
    path.mkdir(parents=True)
    (path / "oracle.json").touch()
    os.utime(path / "oracle.json", (written, written))
    return path


def test_a_plain_name_is_a_run_under_runs() -> None:
    assert runs.directory("first") == Path("runs/first")
    assert runs.directory("-x") == Path("runs/-x")


def test_a_path_is_itself(folder: Path) -> None:
    assert runs.directory("out/first") == folder / "out" / "first"
    assert runs.directory("./first") == folder / "first"
    assert runs.directory("..") == folder.parent
    assert runs.directory("~/first") == Path.home() / "first"


def test_a_name_that_no_folder_can_have_is_refused() -> None:
    with pytest.raises(RunError, match="the run's name is empty"):
        runs.directory(" ")
    with pytest.raises(RunError, match=r"is 202 bytes long \(UTF-8\): give one of at most 200"):
        runs.directory("é" * 101)
    with pytest.raises(RunError, match="the run '~nobody-of-this-name/x' cannot be found"):
        runs.directory("~nobody-of-this-name/x")


def test_without_a_name_it_is_the_run_that_was_written_to_last() -> None:
    for name, written in (("first", 1), ("last", 3), ("middle", 2)):
        made(f"runs/{name}", written)
    Path("runs/notes").mkdir()
    Path("runs/file").touch()
    assert runs.find(None) == Path("runs/last")


def test_where_there_is_none_it_is_said() -> None:
    with pytest.raises(RunError, match="there is no run in 'runs': `search` makes one, or give the path of one"):
        runs.find(None)


def test_a_folder_here_is_taken_where_no_run_has_its_name() -> None:
    made("project", 1)
    assert runs.find("project") == Path("project")
    made("runs/project", 1)
    assert runs.find("project") == Path("runs/project")
    assert runs.find("nowhere") == Path("runs/nowhere")
