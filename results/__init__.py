"""Reads run directories, and any Keras Tuner project, into tables. Needs no TensorFlow.

import keras_search as kt

run = kt.read("runs/mnist-baseline_cnn-random-seed0")
run.trials  # pandas.DataFrame, a row per trial: the columns of summary.csv
run.epochs  # every learning curve
run.space  # the hyperparameters, with ranges and conditions
run.best  # the best finished trial
"""

from keras_search.results.errors import RunError, RunWarning
from keras_search.results.reading.objective import Objective
from keras_search.results.reading.run import Run
from keras_search.results.reading.run_directory import read


def _html(run: Run) -> str:
    # On demand, since it loads Rich.
    from keras_search.results.telling import notebook

    return notebook.html(run)


Run._repr_html_ = _html

__all__ = ["Objective", "Run", "RunError", "RunWarning", "read"]
