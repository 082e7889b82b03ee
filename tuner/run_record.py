"""`run.json`: what a run was asked for, and whether the same is asked again."""

import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from results import files, layout
from tuner.errors import InputError

_PACKAGES = ("tensorflow", "keras", "keras-tuner", "numpy")


def open_run(path: Path, asked: Mapping[str, Any], details: Mapping[str, Any], overwrite: bool) -> None:
    """Makes the run directory `path`, or makes sure that the one there was asked for the same.

    Args:
        asked: What must be the same for the search to go on.
        details: What is kept beside it.
        overwrite: Delete a run that is there.

    Raises:
        InputError: `path` is no run directory, or was made with other options; nothing has changed on disk.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{str(path)!r} is a file: give --run another name")
    is_run = (path / layout.RUN).is_file()
    if not is_run and path.is_dir() and any(path.iterdir()):
        raise InputError(f"{str(path)!r} holds other things than a run: give --run another name")
    if is_run and overwrite:
        shutil.rmtree(path)
    elif is_run:
        before = files.read_json(path / layout.RUN)
        if not isinstance(before, dict):
            raise InputError(f"{str(path / layout.RUN)!r} is damaged: start the run anew with --overwrite")
        _check_same(path, before, asked)
        return
    path.mkdir(parents=True, exist_ok=True)
    files.write_json(
        path / layout.RUN,
        {
            "format": 1,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": sys.argv,
            "asked": asked,
            **details,
            "versions": {"python": sys.version.split()[0]} | {name: metadata.version(name) for name in _PACKAGES},
        },
    )


def _check_same(path: Path, before: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    was = before.get("asked", {})
    differences = [
        f"{name} was {was[name]!r} and is now {value!r}"
        for name, value in asked.items()
        if name in was and was[name] != value
    ]
    if differences:
        raise InputError(
            f"run {str(path)!r} was made with other options: {'; '.join(differences)}; "
            "ask for the same, give --run another name, or start it anew with --overwrite"
        )
