"""The hyperparameters that a running trial asks for, in a file that outlives the process that runs it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras_tuner

from keras_search.results import files


@contextlib.contextmanager
def noted(hyperparameters: keras_tuner.HyperParameters, path: Path) -> Iterator[None]:
    """Writes `hyperparameters` to `path` whenever another one is asked for in the block, which then removes it."""
    register = hyperparameters._register

    def noting(*args: Any, **kwargs: Any) -> Any:
        value = register(*args, **kwargs)
        files.write_json(path, hyperparameters.get_config())
        return value

    path.unlink(missing_ok=True)
    hyperparameters._register = noting
    try:
        yield
    finally:
        del hyperparameters._register
        path.unlink(missing_ok=True)


def read(path: Path) -> keras_tuner.HyperParameters | None:
    """What was asked for before the process died; None where that is not known."""
    try:
        return keras_tuner.HyperParameters.from_config(files.read_json(path))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
