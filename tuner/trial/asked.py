"""The hyperparameters that a running trial asks for, in a file that outlives the process of the trial."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import keras_tuner

from keras_search.results import files
from keras_search.tuner import keras_private


@contextlib.contextmanager
def noted(hyperparameters: keras_tuner.HyperParameters, path: Path) -> Iterator[None]:
    """Writes `hyperparameters` to `path` each time the block asks for a new one; removes the file at its end."""
    path.unlink(missing_ok=True)
    try:
        with keras_private.watched(hyperparameters, lambda: files.write_json(path, hyperparameters.get_config())):
            yield
    finally:
        path.unlink(missing_ok=True)


def read(path: Path) -> keras_tuner.HyperParameters | None:
    """The hyperparameters that were asked for before the process died; None if they are not known."""
    try:
        return keras_tuner.HyperParameters.from_config(files.read_json(path))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
