"""What happens after each epoch of a trial: it is logged, its weights may be the best, and it may be given up."""

import math
import time
from pathlib import Path

import keras
import keras_tuner
import numpy as np
from keras.src.saving import saving_lib

from results import files, reader
from tuner.pruners import Curve, Pruner

# What an HDF5 file of weights takes beside the weights, and more.
_HDF5_BYTES = 1_000_000


class EpochLog(keras.callbacks.CSVLogger):
    """Appends one line an epoch to the trial's learning curve; epochs are counted from 1.

    Like the others here it bears a training loop that calls `on_epoch_end` alone, as that of Keras Tuner's guide.

    Args:
        path: The file, to which is appended.
        execution: The trial's execution that is trained.
        epochs: How many of its epochs are in the file already.

    Attributes:
        epochs: The epochs logged so far.
    """

    def __init__(self, path: Path, execution: int, epochs: int = 0) -> None:
        super().__init__(path, append=True)
        self.epochs = epochs
        self._execution = execution
        self._began = time.monotonic()

    def text(self) -> str:
        """The learning curve so far."""
        return Path(self.filename).read_bytes().decode()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        # Keras would open it in the encoding of the locale, in which a metric's name may have no place.
        self.on_train_end()
        path = Path(self.filename)
        self.append_header = not path.exists() or path.stat().st_size == 0
        self.csv_file = path.open("a", encoding="utf-8", errors="backslashreplace", newline="")
        self.keys = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Raises `keras_tuner.errors.FailedTrialError` when the loss is no longer a number."""
        logs = logs or {}
        if self.csv_file is None:
            self.on_train_begin()
        self.epochs += 1
        now = time.monotonic()
        seconds, self._began = round(now - self._began, 3), now
        super().on_epoch_end(epoch + 1, {"execution": self._execution, "seconds": seconds} | logs)
        loss = logs.get("loss", 0.0)
        if not math.isfinite(loss):
            raise keras_tuner.errors.FailedTrialError(f"the loss became {loss} in epoch {epoch + 1}")


class EpochCount(keras.callbacks.Callback):
    """Counts the epochs of all calls of `model.fit`.

    Attributes:
        epochs: How many have ended.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epochs = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epochs += 1


class BestWeights(keras.callbacks.Callback):
    """Holds the weights of the best epoch, of all executions, in memory.

    Attributes:
        state: The objective in that epoch and its weights; None and None before the first.
    """

    def __init__(self, objective: keras_tuner.Objective) -> None:
        super().__init__()
        self._objective = objective
        self.state: tuple[float | None, list[np.ndarray] | None] = (None, None)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if not logs or not self._objective.has_value(logs):
            return
        value = self._objective.get_value(logs)
        best, _ = self.state
        if best is None or self._objective.better_than(value, best):
            self.state = value, self.model.get_weights()

    def save(self, model: keras.Model, path: Path) -> None:
        """Writes them, or the model's own where no epoch had a value; without the optimizer's state, twice the size."""
        _, weights = self.state
        if weights is not None:
            model.set_weights(weights)
        # HDF5 may crash where a disk is full.
        files.check_writable(path.parent, _HDF5_BYTES + sum(array.nbytes for array in model.get_weights()))
        with files.replacing(path) as temporary:
            saving_lib.save_weights_only(model, temporary, objects_to_skip=[getattr(model, "optimizer", None)])


class Pruning(keras.callbacks.Callback):
    """Ends the training where the task's pruner says so, by the learning curves of the run's other trials.

    Args:
        pruner: Decides.
        objective: What its curves are of.
        directory: The trial's own, with its learning curve, beside those of the others.
        execution: The trial's execution that is trained.

    Attributes:
        pruned: Whether it has: no longer, where a training loop of the user's own goes on nevertheless.
    """

    def __init__(self, pruner: Pruner, objective: keras_tuner.Objective, directory: Path, execution: int) -> None:
        super().__init__()
        self.pruned = False
        self._is_heeded = True
        self._pruner = pruner
        self._objective = objective
        self._directory = directory
        self._execution = execution

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self.pruned:
            self.pruned = self._is_heeded = False
        # Where a training loop of the user's own does not say how many there are, each may be the last.
        is_last = epoch + 1 >= (self.params or {}).get("epochs", 0)
        if is_last or not self._is_heeded or not logs or not self._objective.has_value(logs):
            return
        own = self._curve(self._directory, self._execution)
        if own and self._pruner.prunes(own, self._others()):
            self.pruned = self.model.stop_training = True

    def _others(self) -> list[Curve]:
        directories = reader.trial_directories(self._directory.parent)
        return [self._curve(directory, 0) for directory in directories if directory != self._directory]

    def _curve(self, directory: Path, execution: int) -> Curve:
        """The objective of each epoch, larger being better."""
        name = self._objective.name
        sign = 1.0 if self._objective.direction == "max" else -1.0
        return {
            row["epoch"]: sign * row[name]
            for row in reader.read_epochs(directory)
            if row["execution"] == execution and isinstance(row.get(name), float) and math.isfinite(row[name])
        }
