"""Keras Tuner's ready-made hypermodels."""

from typing import TYPE_CHECKING

from keras_search.tuner import names

if TYPE_CHECKING:
    from keras_tuner.applications import *

__getattr__, __dir__ = names.of("keras_tuner.applications")
