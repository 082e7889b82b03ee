"""How it is tried: the tuner, its oracles and executors, the training of a trial, data, and what follows a search.

import keras_search as kt  # in place of keras_tuner
"""

from typing import TYPE_CHECKING, Any

from keras_search.tuner.errors import InputError, SearchError

if TYPE_CHECKING:
    from keras_search.tuner.tuner import Tuner
    from keras_search.tuner.tuners import BayesianOptimization, GridSearch, Hyperband, RandomSearch

__all__ = [
    "BayesianOptimization",
    "GridSearch",
    "Hyperband",
    "InputError",
    "RandomSearch",
    "SearchError",
    "Tuner",
]

# Those of Keras Tuner's names that are classes of the toolkit's.
TUNERS = ("BayesianOptimization", "GridSearch", "Hyperband", "RandomSearch", "Tuner")


def __getattr__(name: str) -> Any:
    # Only when they are asked for, as they load Keras.
    if name in TUNERS:
        from keras_search.tuner import runtime

        runtime.load_keras()
        from keras_search.tuner import tuners

        return getattr(tuners, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
