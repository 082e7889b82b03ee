"""The tuners, by Keras Tuner's names."""

from typing import TYPE_CHECKING

from keras_search.tuner import names

if TYPE_CHECKING:
    from keras_tuner.tuners import *

__getattr__, __dir__ = names.of("keras_tuner.tuners")
