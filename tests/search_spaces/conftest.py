"""Hypermodels are made of Keras's layers."""

from keras_search.tuner import runtime

runtime.load_tensorflow()  # before any test imports Keras, which reads the environment then
