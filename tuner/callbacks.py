"""What happens after each epoch of a trial: it is logged, its weights may be the best, and it may be given up."""

import math
import time
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras.src.saving import saving_lib

from results import files, reader
from tuner.pruners import Curve, Pruner


class EpochLog(keras.callbacks.CSVLogger):
    """Appends one line an epoch to the trial's learning curve; epochs are counted from 1.

    Attributes:
        epochs: The epochs logged so far.
    """

    def __init__(self, path: Path, execution: int) -> None:
        super().__init__(path, append=True)
        self.epochs = 0
        self._execution = execution

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Raises `keras_tuner.errors.FailedTrialError` when the loss is no longer a number."""
        logs = logs or {}
        self.epochs += 1
        seconds = round(time.monotonic() - self._began, 3)
        super().on_epoch_end(epoch + 1, {"execution": self._execution, "seconds": seconds} | logs)
        loss = logs.get("loss", 0.0)
        if not math.isfinite(loss):
            raise keras_tuner.errors.FailedTrialError(f"the loss became {loss} in epoch {epoch + 1}")


class BestWeights(keras.callbacks.Callback):
    """Holds the weights of the best epoch, of all executions, in memory."""

    def __init__(self, objective: keras_tuner.Objective) -> None:
        super().__init__()
        self._objective = objective
        self._best: float | None = None
        self._weights: list[Any] | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if not logs or not self._objective.has_value(logs):
            return
        value = self._objective.get_value(logs)
        if self._best is None or self._objective.better_than(value, self._best):
            self._best, self._weights = value, self.model.get_weights()

    def save(self, model: keras.Model, path: Path) -> None:
        """Writes them, or the model's own where no epoch had a value; without the optimizer's state, twice the size."""
        if self._weights is not None:
            model.set_weights(self._weights)
        with files.replacing(path) as temporary:
            saving_lib.save_weights_only(model, temporary, objects_to_skip=[model.optimizer])


class Pruning(keras.callbacks.Callback):
    """Ends the training where the task's pruner says so, by the learning curves of the run's other trials.

    Args:
        pruner: Decides.
        objective: What its curves are of.
        directory: The trial's own, beside those of the others.

    Attributes:
        pruned: Whether it has.
    """

    def __init__(self, pruner: Pruner, objective: keras_tuner.Objective, directory: Path) -> None:
        super().__init__()
        self.pruned = False
        self._pruner = pruner
        self._objective = objective
        self._directory = directory
        self._curve: dict[int, float] = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        objective = self._objective
        if not logs or not objective.has_value(logs):
            return
        sign = 1.0 if objective.direction == "max" else -1.0
        self._curve[epoch + 1] = sign * objective.get_value(logs)
        is_last = epoch + 1 >= self.params["epochs"]
        if not is_last and self._pruner.prunes(self._curve, self._others(objective.name, sign)):
            self.pruned = self.model.stop_training = True

    def _others(self, name: str, sign: float) -> list[Curve]:
        own = self._directory
        curves = (reader.read_epochs(path) for path in reader.trial_directories(own.parent) if path != own)
        return [
            {
                row["epoch"]: sign * row[name]
                for row in curve
                if row["execution"] == 0 and isinstance(row.get(name), float) and math.isfinite(row[name])
            }
            for curve in curves
        ]
