"""Hyperparameter search for Keras models on Keras Tuner.

import keras_search as kt  # in place of keras_tuner: it has all of its names

run = kt.read("runs/x")  # a run of this toolkit, or any Keras Tuner project, as tables
"""

from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_tuner import HyperModel, HyperParameters, Objective, Oracle, SklearnTuner, synchronized

    from keras_search import applications, engine, errors, oracles, tuners
    from keras_search.results import Run, RunError, RunWarning, read
    from keras_search.tuner import (
        BayesianOptimization,
        GridSearch,
        Hyperband,
        InputError,
        RandomSearch,
        SearchError,
        Tuner,
    )

    __version__: str

# An installed package contains its parts. In a checkout they are beside this folder.
if not (Path(__file__).parent / "tuner").is_dir():
    __path__.append(str(Path(__file__).parent.parent))

_OF_KERAS_TUNER = ("HyperModel", "HyperParameters", "Objective", "Oracle", "SklearnTuner", "synchronized")
_MODULES = ("applications", "engine", "errors", "oracles", "tuners")
_PLACES = dict.fromkeys(["Run", "RunError", "RunWarning", "read"], "results")
_PLACES |= dict.fromkeys(
    ["BayesianOptimization", "GridSearch", "Hyperband", "InputError", "RandomSearch", "SearchError", "Tuner"], "tuner"
)

__all__ = [
    "BayesianOptimization",
    "GridSearch",
    "HyperModel",
    "HyperParameters",
    "Hyperband",
    "InputError",
    "Objective",
    "Oracle",
    "RandomSearch",
    "Run",
    "RunError",
    "RunWarning",
    "SearchError",
    "SklearnTuner",
    "Tuner",
    "__version__",
    "applications",
    "engine",
    "errors",
    "oracles",
    "read",
    "synchronized",
    "tuners",
]


def __getattr__(name: str) -> Any:
    # On demand, since each loads a lot: all but what reads results load Keras.
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    if name in _OF_KERAS_TUNER:
        return import_module(f"{__name__}.tuner.names").resolve("keras_tuner", name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name == "__version__":
        try:
            return metadata.version("keras-search-toolkit")
        except metadata.PackageNotFoundError:  # a checkout that is not installed
            return "0+unknown"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
