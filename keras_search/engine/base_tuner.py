"""The base class of Keras Tuner's tuners."""

from typing import TYPE_CHECKING

from keras_search.tuner import names

if TYPE_CHECKING:
    from keras_tuner.engine.base_tuner import *

__getattr__, __dir__ = names.of("keras_tuner.engine.base_tuner")
