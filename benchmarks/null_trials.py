"""The part of `scale.py` that runs in a process of its own, with the toolkit of whatever checkout is on its path.

    PYTHONPATH=CHECKOUT python benchmarks/null_trials.py fill|search|pruner FOLDER ORACLE FINISHED

A null trial is one whose worker takes no time: its files are as real trials leave them, and its result is there when
it is submitted. All that is left is what the search itself does, which is that of any search.
"""

import csv
import io
import json
import math
import os
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from keras_search.results import files, layout
from keras_search.results.trial_record import TrialRecord
from keras_search.tuner import Tuner
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.trial import pruners
from keras_search.tuner.trial.callbacks import Pruning
from keras_search.tuner.trial.task import TrialResult

EPOCHS = 10
NULL_TRIALS = 300
PRUNED_EPOCHS = 30
# The first ones load what is loaded only then, as the tables when the first trial ends.
_WARM_UP = 10
_LONGEST_S = 200.0
_DATA = np.zeros((64, 4), "float32"), np.zeros(64, "int32")


@dataclass
class Measured:
    """What a search of null trials took.

    Attributes:
        resumed_s: Seconds until the first trial began.
        resumed_cpu_s: Seconds of CPU until those are measured that follow, less what these take.
        cpu_s: Seconds of this process's CPU a trial.
        wall_s: Seconds a trial.
        trials: How many were measured.
    """

    resumed_s: float
    resumed_cpu_s: float
    cpu_s: float
    wall_s: float
    trials: int


class Space(keras_tuner.HyperModel):
    """Six hyperparameters of every kind, which are declared beforehand."""

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        hp.Int("units", 8, 512, step=8, default=64)
        hp.Int("layers", 1, 4)
        hp.Float("dropout", 0.0, 0.6)
        hp.Float("learning_rate", 1e-5, 1e-1, sampling="log", default=1e-3)
        hp.Choice("optimizer", ["adam", "sgd", "rmsprop"])
        hp.Boolean("norm")

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        self.declare_hyperparameters(hp)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


class Null(Executor):
    """Two workers that take no time: the result of each trial is there at once, and so are its files."""

    slots = 2
    shares_memory = False
    is_local = True

    def __init__(self) -> None:
        self.begins: list[tuple[float, float]] = []
        self._own = 0.0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        task = args[0] if args else None
        if not hasattr(task, "trial_id"):
            future.set_result(fn(*args, **kwargs))
            return future
        began = time.process_time()
        self.begins.append((began - self._own, time.monotonic()))
        beats = task.weights_from is None or task.objective.better_than(score(task.trial_id), task.weights_from)
        future.set_result(trained(task.directory, task.seed, task.is_baseline, task.keeps_weights and beats))
        self._own += time.process_time() - began
        return future


def score(trial_id: str) -> float:
    """Of a trial that is never trained."""
    return 0.5 + 0.4 * random.Random(int(trial_id)).random()


def trained(directory: Path, seed: int, is_baseline: bool, keeps_weights: bool) -> TrialResult:
    """Writes the files of a trial of `EPOCHS` epochs and returns its result."""
    best = score(directory.name.removeprefix(layout.TRIAL_PREFIX))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", "accuracy", "execution", "loss", "seconds", "val_accuracy", "val_loss"])
    for epoch in range(1, EPOCHS + 1):
        value = best * math.tanh(epoch / 3) / math.tanh(EPOCHS / 3)
        writer.writerow([epoch, value * 1.01, 0, 1 - value, 0.123, value, 1.1 - value])
    (directory / layout.TRIAL_EPOCHS).write_text(text.getvalue())
    if keeps_weights:
        (directory / layout.TRIAL_WEIGHTS).write_bytes(bytes(20_000))
    record = TrialRecord(seed, is_baseline, now, now, 1.23, EPOCHS, EPOCHS, 54_321, worker=1)
    record.accelerations = {
        "adam": True,
        "dense": True,
        "fit": True,
        "batch_norm": "the model has none",
        "tracing": True,
    }
    record.files = files.digests(directory, (layout.TRIAL_EPOCHS, layout.TRIAL_WEIGHTS))
    (directory / layout.TRIAL_RECORD).write_text(json.dumps(asdict(record), indent=1))
    metrics = {"val_accuracy": best, "val_loss": 1.1 - best, "accuracy": best * 1.01, "loss": 1 - best}
    return TrialResult(metrics, EPOCHS - 1)


def tuner(folder: Path, oracle: str, finished: int, **arguments: Any) -> Tuner:
    limit = finished + NULL_TRIALS
    return Tuner(
        Space(), objective="val_accuracy", max_trials=limit, oracle=oracle, directory=folder, project_name="run",
        keep_weights=3, **arguments,
    )  # fmt: skip


def fill(folder: Path, oracle: str, finished: int) -> None:
    """Makes a run with so many finished trials, at random points whatever the oracle."""
    made = tuner(folder, oracle, finished, executor=Null(), time_budget=1e-9)
    made.search(*_DATA, validation_data=_DATA, verbose=0)  # writes the run's question, and begins no trial
    filled: Any = made.oracle
    save, filled.save = filled.save, lambda: None
    os.fsync = lambda handle: None  # or the disk would take minutes
    filled.own_answer = lambda trial_id: {"status": "RUNNING", "values": filled._random_values()}
    by_score = sorted(range(finished), key=lambda number: -score(str(number)))
    for number in range(finished):
        trial = filled.create_trial("tuner0")
        result = trained(Path(filled._get_trial_dir(trial.trial_id)), number, number == 0, number in by_score[:3])
        filled.update_trial(trial.trial_id, result.metrics, step=result.best_step)
        trial.status = "COMPLETED"
        filled.end_trial(trial)
    del filled.own_answer
    save()


def search(folder: Path, oracle: str, finished: int) -> Measured:
    """Goes on with the run."""
    executor = Null()
    began, began_cpu = time.monotonic(), time.process_time()
    made = tuner(folder, oracle, finished, executor=executor, time_budget=_LONGEST_S)
    made.search(*_DATA, validation_data=_DATA)
    warm = min(_WARM_UP, len(executor.begins) // 3)
    (cpu, wall), (last_cpu, last_wall) = executor.begins[warm], executor.begins[-1]
    trials = max(1, len(executor.begins) - 1 - warm)
    cpu_s = (last_cpu - cpu) / trials
    return Measured(
        resumed_s=executor.begins[0][1] - began,
        resumed_cpu_s=cpu - began_cpu - warm * cpu_s,
        cpu_s=cpu_s,
        wall_s=(last_wall - wall) / trials,
        trials=trials,
    )


def pruner(folder: Path, oracle: str, finished: int) -> dict[str, float]:
    """The seconds of CPU that ASHA takes after an epoch, in a trial beside the finished ones; the first apart."""
    made = tuner(folder, oracle, finished)
    directory = sorted((folder / "run").glob(f"{layout.TRIAL_PREFIX}*"))[-1]
    seconds = []
    pruning = Pruning(pruners.Asha(), made.oracle.objective, directory, 0)
    pruning.set_params({"epochs": 2})
    pruning.set_model(Space().build(keras_tuner.HyperParameters()))
    for _ in range(PRUNED_EPOCHS):
        began = time.process_time()
        pruning.pruned = False
        pruning.on_epoch_end(0, {"val_accuracy": 0.5})
        seconds.append(time.process_time() - began)
    return {"first_s": seconds[0], "cpu_s": sorted(seconds[1:])[len(seconds) // 2]}


def main() -> None:
    what, folder, oracle, finished = sys.argv[1:]
    if what == "fill":
        fill(Path(folder), oracle, int(finished))
    elif what == "search":
        print(json.dumps(asdict(search(Path(folder), oracle, int(finished)))))
    else:
        print(json.dumps(pruner(Path(folder), oracle, int(finished))))


if __name__ == "__main__":
    main()
