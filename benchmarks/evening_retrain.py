"""Trains a point of a task of `evening_tasks.py` anew, as often as asked, and prints the test accuracies as JSON.

python benchmarks/evening_retrain.py TASK POINT TIMES
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras

from benchmarks import evening_tasks
from benchmarks.evening_peers import Given


def main() -> None:
    task, point, times = evening_tasks.TASKS[sys.argv[1]], Given(json.loads(sys.argv[2])), int(sys.argv[3])
    data = task.load()
    accuracies = []
    for seed in range(1, times + 1):
        keras.utils.set_random_seed(seed)
        # It never stops the training, and gives back the best epoch.
        best = keras.callbacks.EarlyStopping("val_accuracy", patience=10**6, mode="max", restore_best_weights=True)
        model = evening_tasks.trained(task, point, data, [best])
        accuracies.append(float(model.evaluate(*data.test, verbose=0)[1]))
        keras.backend.clear_session()
    print(json.dumps(accuracies))


if __name__ == "__main__":
    main()
