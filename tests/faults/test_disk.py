"""The disk is full, or the run directory vanishes: one line, and the search goes on when that is mended."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.searches import SMALL, Tables, finished, started, tables, wait_for_state
from tests.helpers import run_process


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("room", [200_000, 1_500_000, 3_000_000])
@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_disk_is_full(room: int, workers: str, small_disk: Path, expected: Tables, tmp_path: Path) -> None:
    filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free
    filler.write_bytes(bytes(free - room))
    command = [*SMALL, "--workers", workers, "--run", str(small_disk / "run"), "--keep-weights", "5"]
    full = run_process(*command, cwd=tmp_path)
    assert full.returncode == 1, full.stdout + full.stderr
    (line,) = full.stderr.splitlines()
    assert "No space left on device" in line
    before = finished(small_disk / "run")
    filler.unlink()
    done = run_process(*SMALL, "--workers", "1", "--run", str(small_disk / "run"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert tables(small_disk / "run") == expected
    assert before.items() <= finished(small_disk / "run").items()


def test_the_disk_has_become_read_only(small_disk: Path, tmp_path: Path) -> None:
    command = [*SMALL, "--workers", "1", "--run", str(small_disk / "run")]
    process = started(*command, until="[1/5]", cwd=tmp_path, umask=0o077)
    process.kill()
    process.communicate()
    modes = {path: path.stat().st_mode & 0o077 for path in (small_disk / "run").rglob("*")}
    assert not any(modes.values()), "a file is open to others"
    time.sleep(2)  # the workers end themselves
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refused = run_process(*command, cwd=tmp_path)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert line.startswith("Error: Read-only file system: ")
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert run_process(*command, cwd=tmp_path).returncode == 0


def test_the_run_directory_vanishes(tmp_path: Path) -> None:
    process = started(*SMALL, "--workers", "1", until="[1/5]", cwd=tmp_path)
    run = tmp_path / "runs" / "run"
    wait_for_state(run)
    run.rename(tmp_path / "elsewhere")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    (line,) = errors.splitlines()
    assert "the run directory can no longer be used" in line
    assert not run.exists()
    (tmp_path / "elsewhere").rename(run)
    done = run_process(*SMALL, "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(finished(run)) == 5


def test_a_run_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run_process(*SMALL, "--run", "file/run", cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
