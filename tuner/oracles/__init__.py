"""What to try next: Keras Tuner's oracles and Optuna's samplers, beginning with the baseline point.

    oracle = oracles.make("tpe", objective, max_trials=20, seed=0, hyperparameters=space)
    oracles.adopt(oracle, baseline)

Importing this package loads neither TensorFlow nor Keras Tuner. Its modules, each importing only those below it:

    named                   the oracles by name; an oracle's module is imported when the oracle is made
    adopted                 prepares any oracle for a search, the user's own too
    keras_tuner, hyperband, optuna, freeze_thaw     one class for each oracle
    curve_forest            a model of learning curves
    pausing                 trials that pause, and go on if their oracle chooses them
    budgeted                points with a number of epochs to train for
    recorded, persistent    what all oracles of a search share: proposing points, and resuming after a kill
    earlier                 points and trials of earlier runs, in the space and on the scale of this one
    combinations, points, optuna_values, saved      values, points, and the file of an oracle
"""

from keras_search.tuner.oracles.adopted import adopt, settled
from keras_search.tuner.oracles.named import ORACLES, check, chosen, make
from keras_search.tuner.oracles.saved import saved_points, saved_space

__all__ = ["ORACLES", "adopt", "check", "chosen", "make", "saved_points", "saved_space", "settled"]
