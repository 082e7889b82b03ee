"""Hooks of a subclass and callbacks that log: to a file, to standard output, to a table of one's own."""

import csv
import logging
import time

import keras_tuner as kt
import numpy as np
import tensorflow as tf

logging.basicConfig(
    level=logging.INFO,
    format="%(asctime)s %(name)s %(message)s",
    handlers=[logging.FileHandler("tuning.log"), logging.StreamHandler()],
)
log = logging.getLogger("tuning")


class LoggingTuner(kt.BayesianOptimization):
    def __init__(self, *args, table="trials.csv", **kwargs):
        super().__init__(*args, **kwargs)
        self.table = table
        self.started = {}
        self.epochs_seen = 0

    def on_search_begin(self):
        log.info("search begins")
        with open(self.table, "w", newline="") as f:
            csv.writer(f).writerow(["trial", "status", "score", "seconds"])
        super().on_search_begin()

    def on_trial_begin(self, trial):
        log.info("trial %s begins with %s", trial.trial_id, trial.hyperparameters.values)
        self.started[trial.trial_id] = time.time()
        super().on_trial_begin(trial)

    def on_epoch_end(self, trial, model, epoch, logs=None):
        log.info("trial %s, epoch %d: %s", trial.trial_id, epoch, {k: round(float(v), 3) for k, v in (logs or {}).items()})
        super().on_epoch_end(trial, model, epoch, logs=logs)

    def on_trial_end(self, trial):
        super().on_trial_end(trial)
        trial = self.oracle.get_trial(trial.trial_id)
        seconds = time.time() - self.started[trial.trial_id]
        log.info("trial %s ends: %s after %.1f s", trial.trial_id, trial.score, seconds)
        with open(self.table, "a", newline="") as f:
            csv.writer(f).writerow([trial.trial_id, trial.status, trial.score, f"{seconds:.1f}"])

    def on_search_end(self):
        super().on_search_end()
        log.info("search ends with %d trials", len(self.oracle.trials))


class LogEpochs(tf.keras.callbacks.Callback):
    def __init__(self, logger):
        super().__init__()
        self.logger = logger

    def on_train_begin(self, logs=None):
        self.logger.info("training %d parameters", self.model.count_params())

    def on_epoch_end(self, epoch, logs=None):
        print(f"epoch {epoch + 1} done")


def build(hp):
    log.info("building")
    model = tf.keras.Sequential()
    model.add(tf.keras.layers.Input((6,)))
    model.add(tf.keras.layers.Dense(hp.Int("units", 4, 40, step=4), hp.Choice("activation", ["relu", "elu"])))
    model.add(tf.keras.layers.Dense(1))
    model.compile(tf.keras.optimizers.SGD(hp.Float("lr", 1e-3, 1e-1, sampling="log")), "mae")
    return model


x = np.random.RandomState(3).randn(100, 6)
y = x.sum(axis=1)
tuner = LoggingTuner(build, "val_loss", max_trials=3, num_initial_points=2, seed=6, directory="logged", project_name="hooks")
tuner.search(x, y, epochs=2, validation_split=0.2, callbacks=[LogEpochs(log)])

with open("trials.csv") as f:
    rows = list(csv.DictReader(f))
print(*rows, sep="\n")
logging.shutdown()
lines = open("tuning.log").read().splitlines()
assert len(rows) == 3 and {row["status"] for row in rows} == {"COMPLETED"}
assert sum("search begins" in line for line in lines) == 1 and sum("search ends with 3" in line for line in lines) == 1
assert sum(" ends: " in line for line in lines) == 3
assert sum(", epoch 1: " in line for line in lines) == 3, "the hooks of training have logged"
assert any("training" in line for line in lines), "the callback has logged"
print("FINISHED", len(rows), sorted(rows[0]))
