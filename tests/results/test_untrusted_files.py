"""A run directory made by somebody else: its links and devices are neither read nor written through."""

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keras_search import results
from keras_search.commands import app as cli
from keras_search.results import evaluation, files
from keras_search.results.errors import DamagedFile
from keras_search.tuner import InputError
from keras_search.tuner.evaluation import predictions
from keras_search.tuner.record import run_record
from keras_search.tuner.record.lock import locked
from tests.helpers import mostly_slow, tree
from tests.results.made_run import make_run, random_trials

SECRET = '{"format": 1}\n'


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that no run directory should reach."""
    path = tmp_path / "outside" / "secret"
    path.parent.mkdir()
    path.write_text(SECRET)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = make_run(tmp_path / "run", random_trials(4)).path
    (path / "evaluation.json").write_text("{}")
    return path


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Ends a test that waits for a pipe or reads a device to its end."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it hangs"))
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def a_link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def a_link_to_a_device(path: Path, outside: Path) -> None:
    path.symlink_to("/dev/zero")


def a_pipe(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path, outside: Path) -> None:
    path.mkdir()


def a_huge_file(path: Path, outside: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def deep_json(path: Path, outside: Path) -> None:
    path.write_text('{"score": 1, "format": ' + "[" * 100_000 + "]" * 100_000 + "}")


def less_deep_json(path: Path, outside: Path) -> None:
    path.write_text('{"objective": ' + "[" * 700 + "]" * 700 + "}")


FILES = ["run.json", "oracle.json", "trial_0002/trial.json", "trial_0002/record.json", "trial_0002/epochs.csv"]
STRANGE = [a_link, a_link_to_a_device, a_pipe, a_folder, a_huge_file, deep_json, less_deep_json]
CASES = [
    (name, strange) for name in FILES for strange in STRANGE if name.endswith(".json") or "deep" not in str(strange)
]


@pytest.mark.parametrize(("name", "strange"), mostly_slow(CASES, 12))
def test_what_is_no_file_is_told_and_left_out(
    name: str, strange: Callable[[Path, Path], None], run: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MOST_BYTES", 2**20)  # so that the test does not fill memory
    (run / name).unlink()
    strange(run / name, outside)
    reread = results.read(run)
    assert any(Path(name).name in problem for problem in reread.problems), reread.problems
    assert len(reread.trials) == (3 if name.endswith("trial.json") else 4)
    for command in (["results"], ["best", "--run"], ["export", "--optuna", f"sqlite:///{outside.parent / 'study.db'}"]):
        done = CliRunner().invoke(cli.app, [*command, str(run)])
        assert isinstance(done.exception, SystemExit | None), done.exception


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("name", ["evaluation.json", "best_model.keras"])
def test_an_evaluation_that_is_no_file(
    name: str, strange: Callable[[Path, Path], None], run: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MOST_BYTES", 2**20)
    (run / "best_model.keras").write_text("")
    (run / name).unlink()
    strange(run / name, outside)
    with pytest.raises(results.RunError):
        predictions.predict(results.read(run))
    with contextlib.suppress(DamagedFile):
        assert evaluation.read(run) is None


def test_a_trial_elsewhere_is_left_out(run: Path, tmp_path: Path) -> None:
    (run / "trial_0001").rename(tmp_path / "elsewhere")
    (run / "trial_0001").symlink_to(tmp_path / "elsewhere")
    reread = results.read(run)
    assert reread.problems == ("trial_0001 is left out: it is a link",)
    assert len(reread.trials) == 3


@pytest.mark.parametrize("trial_id", ["../../outside", "/etc/passwd", "..", "", "a\0b"])
def test_an_id_that_is_a_path_is_not_taken(trial_id: str, run: Path) -> None:
    trial = json.loads((run / "trial_0001" / "trial.json").read_text())
    (run / "trial_0001" / "trial.json").write_text(json.dumps(trial | {"trial_id": trial_id}))
    assert sorted(results.read(run).trials["trial_id"]) == ["0000", "0001", "0002", "0003"]


def test_the_run_itself_may_be_a_link(run: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(run)
    assert len(results.read(tmp_path / "latest").trials) == 4
    with locked(tmp_path / "latest"):
        assert (run / ".lock").is_file()


@pytest.mark.parametrize("strange", [a_link, a_link_to_a_device, a_pipe, a_folder])
def test_a_lock_that_is_no_file_is_refused(strange: Callable[[Path, Path], None], run: Path, outside: Path) -> None:
    strange(run / ".lock", outside)
    with pytest.raises(InputError, match="lock' is no file, but a link, a folder or a device: remove it"), locked(run):
        pass
    assert outside.read_text() == SECRET


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["plot", "--kind", "history"], ["report"]])
def test_nothing_is_written_through_a_link(arguments: list[str], run: Path, outside: Path) -> None:
    (run / "plots").symlink_to(outside.parent)
    (run / "report.html").symlink_to(outside)
    before = tree(outside.parent)
    done = CliRunner().invoke(cli.app, [*arguments, str(run)])
    assert done.exit_code == (2 if arguments[0] == "plot" else 0), done.output
    assert tree(outside.parent) == before


def test_a_picture_is_not_written_through_a_link(run: Path, outside: Path) -> None:
    (run / "plots").mkdir()
    (run / "plots" / "history.png").symlink_to(outside)
    assert CliRunner().invoke(cli.app, ["plot", str(run), "--kind", "history"]).exit_code == 0
    assert outside.read_text() == SECRET
    assert not (run / "plots" / "history.png").is_symlink()


def test_the_copy_of_a_damaged_file_is_not_written_through_a_link(run: Path, outside: Path) -> None:
    (run / "run.json").write_text("{")
    for name in ("run.json.damaged", "writing.run.json"):
        (run / name).symlink_to(outside)
    run_record.open_run(run, {"seed": 0}, {}, overwrite=False)
    assert outside.read_text() == SECRET
    assert (run / "run.json.damaged").read_text() == "{"
    assert json.loads((run / "run.json").read_text())["asked"] == {"seed": 0}


@pytest.mark.parametrize("name", ["trial_0001", "tensorboard"])
def test_a_search_does_not_write_into_a_linked_folder(name: str, run: Path, outside: Path) -> None:
    shutil.rmtree(run / name, ignore_errors=True)
    (run / name).symlink_to(outside.parent)
    with pytest.raises(InputError, match=f"{name}' is a link, and what is written to a run must stay"):
        run_record.open_run(run, {"seed": 0}, {}, overwrite=False)
    run_record.open_run(run, {"seed": 0}, {}, overwrite=True)
    assert outside.read_text() == SECRET
