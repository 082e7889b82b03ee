"""The best configuration of a run as a plain Keras script, which runs without this toolkit.

A script is only returned if its model equals the one that the run's search space builds.
"""

from keras_search.tuner.script.writing import write

__all__ = ["write"]
