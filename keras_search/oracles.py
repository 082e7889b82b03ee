"""Keras Tuner's oracles."""

from typing import TYPE_CHECKING

from keras_search.tuner import names

if TYPE_CHECKING:
    from keras_tuner.oracles import *

__getattr__, __dir__ = names.of("keras_tuner.oracles")
