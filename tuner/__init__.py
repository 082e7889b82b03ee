"""How it is tried: datasets, oracles, the tuner, one trial's training, executors, retraining.

from tuner import Tuner  # in place of keras_tuner.RandomSearch
"""

from typing import TYPE_CHECKING, Any

from tuner.errors import InputError, SearchError

if TYPE_CHECKING:
    from tuner.tuner import Tuner

__all__ = ["InputError", "SearchError", "Tuner"]


def __getattr__(name: str) -> Any:
    # Loads TensorFlow, so only where it is asked for.
    if name == "Tuner":
        from tuner import runtime

        runtime.load_tensorflow()
        from tuner.tuner import Tuner

        return Tuner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
