"""The settings of Keras, its backend and the process that affect a training from outside the hypermodel.

A call in another process runs under the settings that the script has at the time of the call. Neither such a call nor a
trial in this process changes the settings of what comes after it. A worker keeps its own GPU and threads.
"""

import contextlib
import functools
import itertools
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import psutil

from keras_search.tuner import backend, keras_private
from keras_search.tuner.keras_private import CUSTOM_OBJECTS, DTYPE_POLICY, FORGOTTEN
from keras_search.tuner.transport import backend_settings
from keras_search.tuner.transport.backend_settings import Setting

# Environment variables of a worker that the executors set.
_OWN_VARIABLES = {"CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS", *backend.environment()} - {"KERAS_BACKEND"}
_OWN_PREFIXES = ("TF_NUM_", "LOKY_", "DASK_")


def _policy() -> Any:
    """The dtype policy that the script has set; None if it is the default that Keras derives from `floatx`."""
    policy = keras_private.get_global_attribute(DTYPE_POLICY)
    # From the first layer on, Keras stores its default here, and keeps it when `floatx` changes.
    return None if policy is None or policy.name in (keras.config.floatx(), "float32") else policy


def _kept_by_keras(name: str) -> Setting:
    return (
        lambda: keras_private.get_global_attribute(name),
        lambda value: keras_private.set_global_attribute(name, value),
    )


# The getter and setter of each setting.
_GLOBALS: dict[str, Setting] = {
    "floatx": (keras.config.floatx, keras.config.set_floatx),
    "epsilon": (keras.config.epsilon, keras.config.set_epsilon),
    "image_data_format": (keras.config.image_data_format, keras.config.set_image_data_format),
    "max_epochs": (keras_private.max_epochs, keras_private.set_max_epochs),
    "max_steps_per_epoch": (keras_private.max_steps_per_epoch, keras_private.set_max_steps_per_epoch),
    DTYPE_POLICY: (_policy, _kept_by_keras(DTYPE_POLICY)[1]),
    **{name: _kept_by_keras(name) for name in FORGOTTEN},
    **backend_settings.settings(),
    "recursion_limit": (sys.getrecursionlimit, sys.setrecursionlimit),
}


@dataclass(frozen=True)
class Settings:
    """The settings of a script.

    Attributes:
        globals: All settings of Keras and its backend.
        environment: The variables that have changed since the process began; None for a variable that was removed.
        directory: The working directory; None if it no longer exists.
        path: Where modules are found.
    """

    globals: Mapping[str, Any]
    environment: Mapping[str, str | None]
    directory: str | None
    path: tuple[str, ...]


def current() -> Settings:
    """The settings of this process, and of this thread, as Keras keeps some for each."""
    return Settings(
        globals={name: read() for name, (read, _) in _GLOBALS.items()},
        environment=changed_environment(),
        directory=_directory(),
        path=tuple(sys.path),
    )


@contextlib.contextmanager
def applied(settings: Settings) -> Iterator[None]:
    """Runs the block under `settings`, then restores the settings before, whatever the block itself sets.

    Paths that this machine lacks are left out.
    """
    before = current()
    variables = {name: os.environ.get(name) for name in settings.environment}
    there = [path for path in settings.path if path in sys.path or Path(path).exists()]
    added = [path for path in there if path not in sys.path]
    first = len(list(itertools.takewhile(added.__contains__, there)))
    _set_globals(settings.globals)
    _set_variables(settings.environment)
    # Folders that come first in the script come first here too: its `results` is meant, whatever else is called so.
    sys.path[:] = [*added[:first], *sys.path, *added[first:]]
    _enter(settings.directory)
    try:
        yield
    finally:
        _enter(before.directory)
        for path in added:
            with contextlib.suppress(ValueError):
                sys.path.remove(path)
        _set_variables(variables)
        _set_globals(before.globals)


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Restores the settings after the block."""
    with applied(current()):
        yield


def clear_session() -> None:
    """Like Keras's `clear_session`, which resets the numbers of layers' names, but keeps what the script has set."""
    names = (*FORGOTTEN, CUSTOM_OBJECTS)
    before = {name: keras_private.get_global_attribute(name) for name in names} | {DTYPE_POLICY: _policy()}
    keras.utils.clear_session(free_memory=False)
    for name, value in before.items():
        keras_private.set_global_attribute(name, value)


def changed_environment() -> dict[str, str | None]:
    """The environment variables that have changed since this process began, without those that executors set."""
    began = _environment_at_first()
    names = {name for name in began.keys() | os.environ.keys() if began.get(name) != os.environ.get(name)}
    return {name: os.environ.get(name) for name in sorted(names) if not _is_own(name)}


@functools.cache
def _environment_at_first() -> dict[str, str]:
    return psutil.Process().environ()


def _is_own(variable: str) -> bool:
    return variable in _OWN_VARIABLES or variable.startswith(_OWN_PREFIXES)


def _set_globals(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        read, write = _GLOBALS[name]
        if name == DTYPE_POLICY or read() != value:
            write(value)


def _set_variables(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _directory() -> str | None:
    with contextlib.suppress(FileNotFoundError):
        return str(Path.cwd())
    return None


def _enter(directory: str | None) -> None:
    if directory is not None:
        with contextlib.suppress(OSError):
            os.chdir(directory)
