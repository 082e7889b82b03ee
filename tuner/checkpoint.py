"""The whole state of a training between two epochs: weights, optimizer, random generators, epoch count."""

from pathlib import Path

import keras
import numpy as np

from results import files


def save(model: keras.Model, epoch: int, path: Path) -> None:
    """Writes what training `model` has reached after `epoch` epochs, in one step.

    Unlike a Keras weights file it holds the state of the layers' random generators, so that dropout goes on as it
    would have.
    """
    arrays = {f"v{number}": np.asarray(variable) for number, variable in enumerate(_variables(model))}
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, epoch=epoch, **arrays)


def load(model: keras.Model, path: Path) -> int:
    """Brings a fresh `model` of the same point to the state in `path`; returns how many epochs it has been trained.

    Raises:
        OSError: There is no such file.
        ValueError: It is of another model.
    """
    model.optimizer.build(model.trainable_variables)
    variables = _variables(model)
    with np.load(path, allow_pickle=False) as arrays:
        if len(arrays.files) != len(variables) + 1:
            raise ValueError(f"checkpoint {str(path)!r} is of another model: delete the run, or undo the change")
        for number, variable in enumerate(variables):
            variable.assign(arrays[f"v{number}"])
        return int(arrays["epoch"])


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]
