"""The tuner, by Keras Tuner's name."""

from typing import TYPE_CHECKING

from keras_search.tuner import names

if TYPE_CHECKING:
    from keras_tuner.engine.tuner import *

__getattr__, __dir__ = names.of("keras_tuner.engine.tuner")
