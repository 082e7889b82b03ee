"""Keras Tuner's errors, which a hypermodel may raise."""

from typing import TYPE_CHECKING

from keras_search.tuner import names

if TYPE_CHECKING:
    from keras_tuner.errors import *

__getattr__, __dir__ = names.of("keras_tuner.errors")
