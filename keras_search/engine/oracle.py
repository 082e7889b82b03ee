"""Keras Tuner's base class of oracles, and its objectives."""

from typing import TYPE_CHECKING

from keras_search.tuner import names

if TYPE_CHECKING:
    from keras_tuner.engine.oracle import *

__getattr__, __dir__ = names.of("keras_tuner.engine.oracle")
