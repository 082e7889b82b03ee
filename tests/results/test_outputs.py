"""Files that a user asks for are written whole or not at all, wherever they are."""

import contextlib
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keras_search.commands import app as cli
from tests.helpers import ROOT
from tests.results.made_run import make_run, random_trials

WRITERS = {
    "trials.csv": lambda run, out: ["results", run, "--csv", out],
    "trials.json": lambda run, out: ["results", run, "--json", out],
    "trials.md": lambda run, out: ["results", run, "--markdown", out],
    "trials.parquet": lambda run, out: ["results", run, "--parquet", out],
    "page.html": lambda run, out: ["report", run, "--out", out],
    "compare.png": lambda run, out: ["compare", run, f"{run}2", "--out", out],
    "compare.svg": lambda run, out: ["compare", run, f"{run}2", "--out", out],
    "samples.png": lambda run, out: ["samples", "--dataset", "digits", "--out", out],
    "study.db": lambda run, out: ["export", run, "--optuna", f"sqlite:///{out}"],
    "history.png": lambda run, out: ["plot", run, "--kind", "history", "--out", Path(out).parent],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of two runs."""
    folder = tmp_path_factory.mktemp("outputs")
    for name in ("run", "run2"):
        make_run(folder / name, random_trials(5))
    return folder / "run"


def invoke(arguments: list[str | Path]) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, list(map(str, arguments)))
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done.exit_code, done.output


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Limits the size of files that this process writes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def before(path: Path) -> bytes:
    """Writes the old content of `path`; a database gets a table of its own."""
    if path.suffix != ".db":
        path.write_bytes(b"before")
    else:
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE mine (one INTEGER)")
    return path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_what_was_there(name: str, run: Path, tmp_path: Path) -> None:
    out = tmp_path / name
    content = before(out)
    with room_for(500):
        code, said = invoke(WRITERS[name](run, out))
    assert code == 2
    assert said.count("\n") == 1, said
    assert name in said
    assert out.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["trials.csv", "study.db"])
def test_a_link_stays_and_what_it_leads_to_is_replaced(name: str, run: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "elsewhere" / name, tmp_path / name
    target.parent.mkdir()
    content = before(target)
    target.chmod(0o640)
    link.symlink_to(target)
    code, said = invoke(WRITERS[name](run, link))
    assert code == 0, said
    assert link.is_symlink()
    assert target.read_bytes() != content
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert len(list(target.parent.iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["trials.csv", "compare.svg", "samples.png", "study.db"])
def test_a_device_stays_one(name: str, run: Path, tmp_path: Path) -> None:
    for device in ("/dev/full", "/dev/null"):
        link = tmp_path / f"{Path(device).name}{Path(name).suffix}"
        link.symlink_to(device)
        before = link.stat()
        code, said = invoke(WRITERS[name](run, link))
        assert stat.S_ISCHR(link.stat().st_mode)
        assert link.stat().st_ino == before.st_ino
        fails = device == "/dev/full" or name == "study.db"
        assert code == (2 if fails else 0), said
        assert not fails or str(link) in said


def test_a_pipe_is_written_into(run: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "trials.csv"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    code, said = invoke(["results", run, "--csv", pipe])
    reader.join(30)
    assert code == 0, said
    assert read[0].count("\n") == 6
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_standard_output_is_not_cut(run: Path, tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "cli.py", "results", run, "--csv", "/dev/stdout", "--top", "1"]
    with (tmp_path / "out").open("w") as file:
        subprocess.run(command, stdout=file, check=True)
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines[0].startswith("trial_id,status,")
    assert lines[-1] == "Written: /dev/stdout"


def test_another_program_may_have_the_database_open(run: Path, tmp_path: Path) -> None:
    before(tmp_path / "study.db")
    with sqlite3.connect(tmp_path / "study.db") as other:
        assert invoke(["export", run, "--optuna", f"sqlite:///{tmp_path / 'study.db'}"])[0] == 0
        other.execute("INSERT INTO mine VALUES (1)")
        other.commit()
        assert other.execute("SELECT study_name FROM studies").fetchall() == [("run",)]
    other.close()
    with sqlite3.connect(tmp_path / "study.db") as again:
        assert again.execute("SELECT one FROM mine").fetchall() == [(1,)]
