"""The installed Keras Tuner writes what these tests read."""

from keras_search.tuner import runtime

runtime.load_keras()  # before any test imports Keras, which reads the environment then
