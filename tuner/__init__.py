"""How it is tried: the tuner, its oracles and executors, the training of a trial, data, and what follows a search.

from keras_search import Tuner  # in place of keras_tuner.RandomSearch
"""

from typing import TYPE_CHECKING, Any

from keras_search.tuner.errors import InputError, SearchError

if TYPE_CHECKING:
    from keras_search.tuner.tuner import Tuner

__all__ = ["InputError", "SearchError", "Tuner"]


def __getattr__(name: str) -> Any:
    # Only when it is asked for, as it loads TensorFlow.
    if name == "Tuner":
        from keras_search.tuner import runtime

        runtime.load_keras()
        from keras_search.tuner.tuner import Tuner

        return Tuner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
