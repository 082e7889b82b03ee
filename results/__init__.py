"""What happened: reads run directories into tables. Needs neither TensorFlow nor the rest of this project.

import results

run = results.read("runs/mnist-baseline_cnn-random-seed0")
run.trials   # pandas.DataFrame, one row a trial: the columns of summary.csv
run.epochs   # every learning curve
run.best     # the best finished trial
"""

from results.errors import RunError
from results.reader import Run, read

__all__ = ["Run", "RunError", "read"]
