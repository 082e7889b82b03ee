"""What to try next: Keras Tuner's oracles and Optuna's samplers, beginning with the baseline point.

    oracle = oracles.make("tpe", objective, max_trials=20, seed=0, hyperparameters=space)
    oracles.adopt(oracle, baseline)

What this package gives loads neither TensorFlow nor Keras Tuner. The modules, each importing only those below it:

    named                   the oracles by name; an oracle's module is imported where the oracle is made
    adopted                 prepares any oracle for a search, those that users bring too
    keras_tuner, hyperband, optuna     one class an oracle
    budgeted                points that say for how many epochs they are trained
    recorded, persistent    what every oracle of a search has: how it proposes, and how it goes on after a kill
    combinations, points, optuna_values, saved      values, points, and the file of an oracle
"""

from keras_search.tuner.oracles.adopted import adopt
from keras_search.tuner.oracles.named import ORACLES, check, make
from keras_search.tuner.oracles.saved import saved_points, saved_space

__all__ = ["ORACLES", "adopt", "check", "make", "saved_points", "saved_space"]
