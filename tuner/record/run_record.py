"""`run.json`: what a run was asked for, to check that the same is asked again.

The command line writes its options to it (`asked`), and every `Tuner` its question (`tuner`).
"""

import itertools
import shutil
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keras_search.results import files, layout
from keras_search.results.errors import Parameter
from keras_search.results.reading import projects, trial_rows
from keras_search.results.run_info import Asked, ObjectiveInfo, RunInfo
from keras_search.tuner import backend
from keras_search.tuner.errors import InputError

# What a search that goes on may leave out.
_GIVEN_ONCE = ("warm_start",)


def check(path: Path, asked: Asked, overwrite: bool) -> None:
    """Checks that the directory `path` can be searched in: it is empty, or holds a run with the same options.

    Args:
        asked: What must be the same for the search to go on.
        overwrite: Whether an existing run will be deleted.

    Raises:
        InputError: It holds something else, or a run with other options.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{str(path)!r} is a file: give ", Parameter("project_name"), " another name")
    if not (path / layout.RUN).is_file():
        # Hidden files are a lock, or what a killed process was writing.
        if path.is_dir() and any(not inside.name.startswith(".") for inside in path.iterdir()):
            raise InputError(
                f"{str(path)!r} holds other things than a run: give ", Parameter("project_name"), " another name"
            )
        return
    before = files.read_json(path / layout.RUN)
    if not isinstance(before, dict):
        return
    if "asked" not in before:
        raise InputError(
            f"{str(path)!r} is the run of a Python script: give ", Parameter("project_name"), " another name"
        )
    if not overwrite:
        _check_same(path, before, asked)


def open_run(path: Path, asked: Asked, details: RunInfo, overwrite: bool) -> None:
    """Makes the locked directory `path`, which has passed `check`, a run directory.

    A damaged `run.json` is set aside with a message, and written anew.

    Args:
        details: What is written beside `asked`.
        overwrite: Whether to delete an existing run.
    """
    if overwrite:
        empty(path)
    check_links(path)
    for folder in (path, *path.glob(f"{layout.TRIAL_PREFIX}*/")):
        files.remove_unfinished(folder)
    record = path / layout.RUN
    if record.exists():
        if isinstance(files.read_json(record), dict):
            return
        # A copy: were it moved and the disk full, the directory would look like no run.
        aside = _keep(record)
        print(f"{record} is damaged: it is kept as {aside.name}, and written anew from the present options")
    info: RunInfo = {**_made(), "command": sys.argv, "asked": asked, **details, **_versions()}
    files.write_json(record, info)


def check_links(path: Path) -> None:
    """Raises InputError if folders of the run directory `path` that are written to are links."""
    folders = itertools.chain([path], (path / layout.TENSORBOARD).glob("**/"))
    # Stops at the first link, so nothing below a link is searched.
    for link in itertools.chain.from_iterable(map(trial_rows.linked, folders)):
        raise InputError(
            f"{str(link)!r} is a link, and what is written to a run must stay in its directory: put the folder in the "
            "place of the link, or remove it"
        )


def _keep(record: Path) -> Path:
    """Copies a damaged file beside itself, or renames what is no file; returns the new path."""
    aside = record.with_name(f"{record.name}.damaged")
    try:
        content = files.read_bytes(record)
    except files.NotAFile:
        return files.set_aside(record)
    with files.replacing(aside) as temporary:
        temporary.write_bytes(content)
    return aside


def is_of_command_line(path: Path) -> bool:
    """Whether the run in the directory `path` was made by `search` on the command line."""
    return "asked" in (files.read_json(path / layout.RUN) or {})


def read_question(path: Path) -> dict[str, Any]:
    """The question of the `Tuner` that searched in the directory `path`, and the run's `id`; empty if not known."""
    record = files.read_json(path / layout.RUN)
    question = record.get("tuner") if isinstance(record, dict) else None
    return question if isinstance(question, dict) else {}


def write_question(path: Path, question: Mapping[str, Any], objective: ObjectiveInfo) -> str:
    """Writes the question of a `Tuner` to the directory `path`; returns the run's `id`, which never changes.

    Args:
        objective: The objective's name and direction, for whoever reads the run.
    """
    record = path / layout.RUN
    before = files.read_json(record)
    if not isinstance(before, dict):
        if record.exists():
            files.set_aside(record)
        before = {**_made(), **_versions()}
    question = {"id": read_question(path).get("id") or uuid.uuid4().hex, **question}
    after = before | {"objective": dict(objective), "tuner": question}
    if after != before:
        files.write_json(record, after)
    return question["id"]


def is_another(path: Path, run_id: str) -> bool:
    """Whether the run in the directory `path` is no longer the one with this `run_id`, or has vanished."""
    if isinstance(files.read_json(path / layout.RUN), dict):
        return read_question(path).get("id") != run_id
    return not (path / layout.RUN).exists()


def check_deletable(path: Path) -> None:
    """Raises InputError if the directory `path` holds anything but a run or project."""
    if not path.exists() or (path.is_dir() and projects.is_project(path)):
        return
    if not path.is_dir() or any(not _may_be_left_of_a_run(inside.name) for inside in path.iterdir()):
        raise InputError(
            f"overwrite=True would delete {str(path)!r}, which is no run: give another directory or project_name"
        )


def _may_be_left_of_a_run(name: str) -> bool:
    files_of_runs = (layout.TENSORBOARD, layout.SUMMARY, layout.WARM_START)
    return name.startswith((".", "tuner", layout.TRIAL_PREFIX)) or name in files_of_runs


def _made() -> RunInfo:
    return {"format": 1, "created_at": datetime.now(UTC).isoformat(timespec="seconds")}


def _versions() -> RunInfo:
    return {"versions": {"python": sys.version.split()[0]} | backend.versions()}


def empty(path: Path) -> None:
    """Deletes everything in the locked directory `path` except its lock."""
    for inside in path.iterdir():
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        elif inside.name != layout.LOCK:
            inside.unlink()


def _check_same(path: Path, before: Mapping[str, Any], asked: Asked) -> None:
    was = before.get("asked") or {}
    differences = [
        f"{name} was {was[name]!r} and is now {value!r}"
        for name, value in asked.items()
        if name in was and was[name] != value and not (value is None and name in _GIVEN_ONCE)
    ]
    if differences:
        raise InputError(
            f"run {str(path)!r} was made with other options: {'; '.join(differences)}; ask for the same, give ",
            Parameter("project_name"),
            " another name, or start it anew with ",
            Parameter("overwrite=True"),
        )
