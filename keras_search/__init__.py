"""Hyperparameter search for Keras models on Keras Tuner.

from keras_search import Tuner  # in place of keras_tuner.RandomSearch

import keras_search as ks

run = ks.read("runs/x")  # a run of this toolkit, or any Keras Tuner project, as tables
"""

from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_search.results import Objective, Run, RunError, RunWarning, read
    from keras_search.tuner import InputError, SearchError, Tuner

    __version__: str

# An installed package contains its parts. In a checkout they are beside this folder.
if not (Path(__file__).parent / "tuner").is_dir():
    __path__.append(str(Path(__file__).parent.parent))

_PLACES = dict.fromkeys(["Objective", "Run", "RunError", "RunWarning", "read"], "results")
_PLACES |= dict.fromkeys(["InputError", "SearchError", "Tuner"], "tuner")

__all__ = ["InputError", "Objective", "Run", "RunError", "RunWarning", "SearchError", "Tuner", "__version__", "read"]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        # On demand, since each loads a lot; `Tuner` loads TensorFlow.
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    if name == "__version__":
        try:
            return metadata.version("keras-search-toolkit")
        except metadata.PackageNotFoundError:  # a checkout that is not installed
            return "0+unknown"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
