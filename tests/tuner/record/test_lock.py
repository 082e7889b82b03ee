"""A run directory has one search or evaluation at a time, however the one before has ended."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keras_search.results import layout
from keras_search.tuner.errors import InputError
from keras_search.tuner.record.lock import check_there, locked
from tests.helpers import ROOT

HOLDS = """
import sys
from pathlib import Path
from keras_search.tuner.record.lock import locked

with locked(Path(sys.argv[1]), sys.argv[2]):
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def held(run: Path, work: str = "search") -> Iterator[subprocess.Popen[str]]:
    """Another process that is at `work` on `run` while the block runs."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(run), work],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process


def test_another_process_is_refused_by_who_is_at_work(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "run"
    with held(run, "evaluation") as process:
        who = rf"{re.escape(str(run))}' \(process {process.pid} on .+\)"
        said = rf"^another evaluation is at work on run '{who}: wait until it ends$"
        with pytest.raises(InputError, match=said), locked(run, "evaluation"):
            pass
        with pytest.raises(InputError, match=r"wait until it ends, or give project_name another name$"), locked(run):
            pass
    with locked(run):
        pass


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with held(tmp_path) as process:
        process.kill()
    with locked(tmp_path):
        assert (tmp_path / layout.LOCK).read_text().startswith(f"process {os.getpid()} on ")


def test_a_block_within_another_leaves_it_locked(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tmp_path)
    with locked(tmp_path):
        with locked(tmp_path / "here", "evaluation"):
            pass
        refused = subprocess.run(
            [sys.executable, "-c", HOLDS, str(tmp_path), "search"], cwd=ROOT, capture_output=True, text=True
        )
        assert f"InputError: another search is at work on run '{tmp_path}' (process {os.getpid()} " in refused.stderr
    with held(tmp_path):
        pass


def test_an_error_in_the_block_ends_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    with held(tmp_path):
        pass


@pytest.mark.parametrize(
    "place",
    [lambda lock: lock.symlink_to(lock.with_name("other")), Path.mkdir, os.mkfifo],
    ids=["link", "folder", "pipe"],
)
def test_what_is_no_file_is_no_lock(place: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "other").write_text("of somebody else")
    place(tmp_path / layout.LOCK)
    with pytest.raises(InputError, match=r"is no file, but a link, a folder or a device: remove it$"), locked(tmp_path):
        pass
    assert (tmp_path / "other").read_text() == "of somebody else"


def test_a_run_that_has_vanished_or_been_replaced_is_seen(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with locked(run):
        check_there(run)
        run.rename(tmp_path / "elsewhere")
        with pytest.raises(FileNotFoundError, match="it has vanished"):
            check_there(run)
        run.mkdir()
        (run / layout.LOCK).touch()
        with pytest.raises(FileNotFoundError, match="it has vanished"):
            check_there(run)
