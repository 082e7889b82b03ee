"""What Keras Tuner is made of, by the names of its modules."""

from keras_search.engine import base_tuner, hypermodel, hyperparameters, metrics_tracking, oracle, trial, tuner

__all__ = ["base_tuner", "hypermodel", "hyperparameters", "metrics_tracking", "oracle", "trial", "tuner"]
