"""How Keras Tuner guesses an objective's direction."""

from typing import TYPE_CHECKING

from keras_search.tuner import names

if TYPE_CHECKING:
    from keras_tuner.engine.metrics_tracking import *

__getattr__, __dir__ = names.of("keras_tuner.engine.metrics_tracking")
