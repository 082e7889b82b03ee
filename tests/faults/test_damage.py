"""Whatever file of a run is cut off, nothing but its own trial is run again, and the tables come out the same."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.faults.searches import SMALL, Tables, finished, tables
from tests.helpers import Cli, refused, run_cli

FILES = [
    "run.json",
    "oracle.json",
    "tuner0.json",
    "summary.csv",
    "epochs.csv",
    "trial_0/trial.json",
    "trial_3/trial.json",
    "trial_1/record.json",
    "trial_2/epochs.csv",
    "BEST/checkpoint.weights.h5",
    "BEST/build_config.json",
]
# What is not read where all trials are done, or can be worked out from the other files.
NOT_NEEDED = ("oracle.json", "tuner0.json", "summary.csv", "epochs.csv")


def cut_off(path: Path, rng: random.Random) -> int:
    """Cuts a file off somewhere; returns how many bytes are left."""
    content = path.read_bytes()
    length = rng.randrange(len(content) - 1)
    path.write_bytes(content[:length])
    return length


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_cut_off(name: str, whole: Path, expected: Tables, tmp_path: Path) -> None:
    rng = random.Random(name)
    kept = sorted(path.parent.name for path in whole.glob("trial_*/checkpoint.weights.h5"))
    for length in ("none", "some"):
        run = tmp_path / length / "runs" / "run"
        shutil.copytree(whole, run)
        path = run / name.replace("BEST", kept[0])
        if length == "none":
            path.write_bytes(b"")
        else:
            cut_off(path, rng)
        before = finished(run) if path.name != "trial.json" else {}
        done = run_cli(*SMALL, "--workers", "1", cwd=tmp_path / length)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert tables(run) == expected
        assert finished(run).keys() == finished(whole).keys()
        untouched = {trial: record for trial, record in before.items() if trial != path.parent.name}
        assert untouched.items() <= finished(run).items(), "a finished trial ran twice"
        if name not in NOT_NEEDED:
            assert f"{path.relative_to(tmp_path / length)} is damaged" in done.stdout
            assert list(path.parent.glob(f"{path.name}.damaged"))
        again = run_cli(*SMALL, cwd=tmp_path / length)
        assert "all 5 trials are done already" in again.stdout
        assert "damaged" not in again.stdout


def test_the_dataset_has_changed_since_the_run_began(arrays: dict[str, np.ndarray], cli: Cli, tmp_path: Path) -> None:
    command = ["search", "--dataset", "data.npz", "--trials", "1", "--workers", "0", "--run", "run"]
    np.savez(tmp_path / "data.npz", **arrays)
    assert cli(*command).returncode == 0
    np.savez(tmp_path / "data.npz", **arrays | {"x_train": 255 - arrays["x_train"]})
    line = refused(cli, tmp_path, *command, "--trials", "2")
    assert "dataset was 'data sha256:" in line
    assert "--overwrite" in line


def test_several_files_are_cut_off(whole: Path, expected: Tables, tmp_path: Path) -> None:
    """The oracle's, and with it the points of two trials."""
    run = tmp_path / "runs" / "run"
    shutil.copytree(whole, run)
    for name in ("oracle.json", "trial_1/trial.json", "trial_4/trial.json"):
        cut_off(run / name, random.Random(name))
    done = run_cli(*SMALL, "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert tables(run) == expected
    more = run_cli(*SMALL, "--trials", "7", "--workers", "1", cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    points = [
        tuple(cell for column, cell in row.items() if column.startswith("hp_")) for row in tables(run)["summary.csv"]
    ]
    assert len(set(points)) == len(points) == 7
