"""The files of the users' callbacks, which have one path for all trials: trials at once would write one file together.

Each trial writes files of its own, in its directory. When its training ends, they get their place, whole, as if trials
were trained one after the other, in the order in which they end.
"""

import contextlib
import fcntl
import functools
import os
import shutil
from pathlib import Path
from typing import Any

import keras

from keras_search.results import files

# The attribute of each callback that has its path, which is `str` in all.
_PATHS = {
    keras.callbacks.CSVLogger: "filename",
    keras.callbacks.ModelCheckpoint: "filepath",
    keras.callbacks.BackupAndRestore: "backup_dir",
}


def redirected(callbacks: list[Any], folder: Path, goes_on: bool) -> list[Any]:
    """Lets `callbacks` write into `folder`; returns them, and a callback that puts their files in place.

    Args:
        goes_on: Whether the training goes on with what is in `folder`.
    """
    if not goes_on:
        shutil.rmtree(folder, ignore_errors=True)
    moved = []
    for number, callback in enumerate(callbacks):
        attribute = next((name for kind, name in _PATHS.items() if isinstance(callback, kind)), None)
        if attribute is None:
            continue
        path = Path(getattr(callback, attribute))
        # Which directory it is may depend on the epoch.
        if "{" in str(path.parent) or not path.name:
            continue
        own = folder / str(number) / path.name
        own.parent.mkdir(parents=True, exist_ok=True)
        was = str(getattr(callback, attribute))
        for name, value in list(vars(callback).items()):
            if isinstance(value, str | Path) and str(value).startswith(was):  # the path itself, or of a file in it
                setattr(callback, name, f"{own}{str(value).removeprefix(was)}")
        if not isinstance(callback, keras.callbacks.BackupAndRestore):
            is_appended = isinstance(callback, keras.callbacks.CSVLogger) and callback.append
            moved.append((own.parent, path.parent, is_appended))
            if isinstance(callback, keras.callbacks.CSVLogger) and own.exists():
                callback.append = True  # to what it wrote before the interruption
    return [*callbacks, _Placing(functools.partial(_place, moved))] if moved else callbacks


def append_after_interruption(callbacks: list[Any]) -> None:
    """Lets each `CSVLogger` among `callbacks` go on with its file, where a training that was interrupted goes on."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            callback.append = True


class _Placing(keras.callbacks.Callback):
    """Puts the files of the callbacks before it in place when a training ends.

    Args:
        place: Does so. A partial function, as the state of a training that is interrupted has none of them.
    """

    def __init__(self, place: functools.partial[None]) -> None:
        super().__init__()
        self._place = place

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self._place()


def _place(moved: list[tuple[Path, Path, bool]]) -> None:
    """Puts files in place.

    Args:
        moved: Where each callback writes, the directory that the user has named, and whether it appends.
    """
    for own, directory, is_appended in moved:
        directory.mkdir(parents=True, exist_ok=True)
        for written in sorted(path for path in own.iterdir() if path.is_file()):
            if is_appended:
                _append(written, directory / written.name)
            else:
                with files.replacing(directory / written.name) as temporary:
                    shutil.copyfile(written, temporary)


def _append(written: Path, path: Path) -> None:
    """Appends the table `written` to that in `path`, without a second header, and empties it."""
    header, _, rows = written.read_bytes().partition(b"\n")
    if not header:
        return
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0, os.SEEK_SET)
        has_header = file.readline().rstrip(b"\r\n") == header.rstrip(b"\r\n")
        file.write(rows if has_header else header + b"\n" + rows)
    with contextlib.suppress(OSError):
        os.truncate(written, 0)
