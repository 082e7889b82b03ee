"""The callbacks of a trial: they log each epoch, hold the best weights and prune."""

import contextlib
import csv
import io
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from keras_search.results import files, layout
from keras_search.results.text import error_line
from keras_search.tuner import keras_private, objectives
from keras_search.tuner.trial import curves
from keras_search.tuner.trial.pruners import Pruner

# More than an HDF5 file takes beside the weights in it.
_HDF5_BYTES = 1_000_000


class Diverged(keras_tuner.errors.FailedTrialError):
    """The loss or the score is no finite number; with another seed it may be."""


class EpochLog(keras.callbacks.Callback):
    """Appends a line to the trial's learning curve after each epoch; counts epochs from 1.

    Like the other callbacks here, it works in a custom training loop that calls only `on_epoch_end`, such as that of
    Keras Tuner's guide, and with metrics that some epochs lack.

    Args:
        path: The file to append to.
        execution: The number of the execution that is trained.
        objective: Logged as well if it is the sum of several objectives, which is no metric.
        epochs: How many epochs of the execution are already in the file.

    Attributes:
        epochs: How many epochs of the execution are in the file.
    """

    def __init__(self, path: Path, execution: int, objective: keras_tuner.Objective, epochs: int = 0) -> None:
        super().__init__()
        self._objective = objective
        self.epochs = epochs
        self._path = path
        self._execution = execution
        self._began = time.monotonic()

    def text(self) -> str:
        """The learning curve so far."""
        return self._path.read_bytes().decode() if self._path.exists() else ""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Raises `Diverged` when the loss is not finite."""
        self.epochs += 1
        now = time.monotonic()
        seconds, self._began = round(now - self._began, 3), now
        metrics = logs if isinstance(logs, Mapping) else {}
        # A name may hold half a surrogate pair, which UTF-8 cannot encode.
        cells = {
            str(name).encode("utf-8", "backslashreplace").decode(): _cell(value) for name, value in metrics.items()
        }
        if (objective := objectives.value(self._objective, logs)) is not None:
            cells.setdefault(self._objective.name, objective)  # the sum of several
        self._append({"epoch": int(epoch) + 1, "execution": self._execution, layout.EPOCH_SECONDS: seconds} | cells)
        loss = numbers(logs).get("loss", 0.0)
        if not math.isfinite(loss):
            raise Diverged(f"the loss became {loss} in epoch {int(epoch) + 1}")

    def _append(self, row: dict[str, Any]) -> None:
        """Appends `row`; writes the whole file anew if `row` has a new column."""
        before = csv.DictReader(io.StringIO(self.text(), newline=""))
        columns = list(before.fieldnames or ())
        new = sorted(row.keys() - {"epoch", *columns})
        text = io.StringIO(newline="")
        if columns and not new:
            csv.DictWriter(text, columns, lineterminator="\n").writerow(row)
            with self._path.open("a", encoding="utf-8", newline="") as file:
                file.write(text.getvalue())
            return
        writer = csv.DictWriter(text, [*(columns or ["epoch"]), *new], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*before, row])
        files.write_text(self._path, text.getvalue())


def numbers(logs: Any) -> dict[str, float]:
    """The entries of an epoch's `logs` that are single numbers."""
    scalars = {}
    for name, value in logs.items() if isinstance(logs, Mapping) else ():
        with contextlib.suppress(TypeError, ValueError):
            if np.ndim(value) == 0 and not isinstance(value, str):
                scalars[name] = float(value)
    return scalars


def is_better(objective: keras_tuner.Objective, value: float, best: float | None) -> bool:
    """Whether `value` is better than `best`, the best so far; NaN is worse than any number."""
    if best is None or math.isnan(value) or math.isnan(best):
        return best is None or (math.isnan(best) and not math.isnan(value))
    return bool(objective.better_than(value, best))


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else f"[{', '.join(map(str, array.ravel()))}]"


class EpochCount(keras.callbacks.Callback):
    """Counts the epochs of all calls of `model.fit`.

    Attributes:
        epochs: How many epochs have ended.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epochs = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epochs += 1


class BestWeights(keras.callbacks.Callback):
    """Holds the weights of the best epoch of all executions in memory.

    Attributes:
        state: The objective in that epoch and the weights after it; None and None before there is one.
        failure: Why the weights of a model cannot be read; None if they can.
    """

    def __init__(self, objective: keras_tuner.Objective) -> None:
        super().__init__()
        self._objective = objective
        self.state: tuple[float | None, list[np.ndarray] | None] = (None, None)
        self.failure: str | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        value = objectives.value(self._objective, logs)
        if value is None or self.failure is not None or not is_better(self._objective, value, self.state[0]):
            return
        model: Any = self.model
        try:
            self.state = value, model.get_weights()
        except Exception as error:  # from the user's own model class
            self.failure = error_line(error)

    def save(self, model: keras.Model, path: Path) -> None:
        """Writes the best weights, or the model's present ones if no epoch had a value; no optimizer state."""
        _, weights = self.state
        if weights is not None:
            model.set_weights(weights)
        # HDF5 may crash the process if the disk is full.
        files.check_writable(path.parent, _HDF5_BYTES + sum(array.nbytes for array in model.get_weights()))
        with files.replacing(path) as temporary:
            keras_private.save_weights_only(model, temporary, objects_to_skip=optimizers(model))


def optimizers(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """The optimizers of `model`; a GAN has several."""
    held = (getattr(model, "optimizer", None), *vars(model).values())
    return [value for value in held if isinstance(value, keras.optimizers.Optimizer)]


class Pruning(keras.callbacks.Callback):
    """Stops the training when the pruner says so, given the learning curves of the run's other trials.

    Args:
        pruner: Decides whether to stop.
        objective: Its values are the learning curves that the pruner compares.
        directory: The trial's directory, beside those of the other trials.
        execution: The number of the execution that is trained.

    Attributes:
        pruned: Whether the training was stopped; False again if a custom training loop goes on regardless.
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
        # A custom training loop may not tell how many epochs there are: then any of them may be the last.
        is_last = epoch + 1 >= ((self.params or {}).get("epochs") or 0)
        if is_last or not self._is_heeded or self.model is None or objectives.value(self._objective, logs) is None:
            return
        own = curves.read(self._directory, self._objective, self._execution)
        if own and self._pruner.prunes(own, curves.beside(self._directory, self._objective)):
            self.pruned = self.model.stop_training = True
