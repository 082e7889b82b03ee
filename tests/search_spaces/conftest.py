"""These tests build Keras models."""

from keras_search.tuner import runtime

runtime.load_keras()  # before any test imports Keras, which reads the environment then
