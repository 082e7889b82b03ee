"""Printing never ends a command: neither names that cannot be encoded, nor readers that are gone."""

import ast
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import cloudpickle
import pytest
from typer.testing import CliRunner

from keras_search.commands import app as cli
from keras_search.results import streams
from keras_search.results.text import escaped
from tests.helpers import ROOT
from tests.results.made_run import make_run, random_trials

NAME = "größe 数"
FOLDERS = ["run größe", os.fsdecode(b"run \xff")]


@pytest.fixture(params=FOLDERS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A run with non-ASCII characters in every name, in a folder whose name may not even be UTF-8."""
    trials = [
        {"values": {NAME: f"{NAME} {place % 2}", "rate": place / 10}, "score": 0.5 + place / 10} for place in range(4)
    ]
    trials.append({"values": {NAME: NAME, "rate": 0.1}, "score": None, "error": NAME})
    return make_run(tmp_path / request.param, trials, objective=f"val_{NAME}:max").path


@pytest.mark.parametrize(("run", "charset"), [(FOLDERS[0], "ascii"), (FOLDERS[1], "utf-8")], indirect=["run"])
def test_every_name_can_be_printed(charset: str, run: Path, tmp_path: Path) -> None:
    other = make_run(tmp_path / f"{NAME} other", [{"values": {NAME: 1}, "score": 0.5}], objective=f"val_{NAME}:max")
    for arguments, code in (
        (["results"], 0),
        (["results", "--sort", "数"], 2),
        (["best", "--run"], 0),
        (["export", "--optuna", f"sqlite:///{tmp_path / 'study.db'}"], 0),
        (["plot", "--kind", "slices"], 0),
        (["compare", other.path, "--out", tmp_path / "größe.png"], 0),
        (["predict", "数.png", "--run"], 2),
    ):
        done = CliRunner(charset=charset).invoke(cli.app, [*map(str, arguments), str(run)])
        assert isinstance(done.exception, SystemExit | None), (arguments, done.exception)
        assert done.exit_code == code, done.output
        assert not code or done.stderr.startswith("Error: ")


@pytest.mark.slow
def test_a_report_on_names_of_any_kind_is_written(run: Path, tmp_path: Path) -> None:
    done = CliRunner(charset="ascii").invoke(cli.app, ["report", str(run), "--out", str(tmp_path / "größe.html")])
    assert done.exit_code == 0, done.output
    assert "gr\\xf6\\xdfe.html" in done.stdout
    assert NAME in (tmp_path / "größe.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("run", "encoding"), [(FOLDERS[0], "ascii"), (FOLDERS[1], "latin-1")], indirect=["run"])
def test_a_command_line_without_utf_8(encoding: str, run: Path) -> None:
    command = [sys.executable, ROOT / "cli.py", "results", run]
    environment = os.environ | {"PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0", "COLUMNS": "200"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stderr == b""
    assert NAME.encode(encoding, "backslashreplace") in done.stdout


@pytest.mark.parametrize("end", ["pipe", "disk"])
def test_nobody_reads_it(end: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", random_trials(2)).path
    command = [sys.executable, ROOT / "cli.py", "results", run]
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") if end == "pipe" else Path("/dev/full").open("w") as out:  # noqa: PTH123
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False)
    if end == "pipe":
        assert (done.returncode, done.stderr) == (0, b"")
    else:
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert line.endswith(b"standard output cannot be written: [Errno 28] No space left on device")


def test_the_streams_are_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with contextlib.suppress(KeyError), streams.unfailing():
        assert cloudpickle.loads(cloudpickle.dumps(sys.stdout)) is sys.stdout
        print("told")
        raise KeyError
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr().out == "told\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_escaped_python_means_the_same(encoding: str) -> None:
    code = f"name = 'größe 数 \\\\ö \U0001f600'\nother = {os.fsdecode(b'a' + bytes([255]))!r}\n"
    again = escaped(code, encoding).encode(encoding)
    if encoding != "latin-1":
        assert ast.dump(ast.parse(again)) == ast.dump(ast.parse(code))
