"""Training that goes on where another trial's ended, as in the later rounds of Hyperband."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import keras_tuner

from results import layout
from tuner import checkpoint, kept, oracles
from tuner.callbacks import EpochCount
from tuner.models import fresh_model

if TYPE_CHECKING:
    from tuner.trial import TrialTask


def go_on(
    task: "TrialTask", execution: int, model: keras.Model, fit_args: Sequence[Any], fit_kwargs: dict[str, Any]
) -> int:
    """Brings `model` to where the trial's predecessor left it; how many epochs that is.

    None is left where that cannot be written of such a model: the trial trains them all.
    """
    if task.continues is None or lacks_checkpoint(task, execution):
        return 0
    checkpoint.build(model, fit_args[0] if fit_args else fit_kwargs["x"])
    return checkpoint.load(model, checkpoint_path(task.continues, execution))


def lacks_checkpoint(task: "TrialTask", execution: int) -> bool:
    """Whether the checkpoint that the trial is to go on from is gone or damaged."""
    return task.continues is not None and not checkpoint.is_whole(checkpoint_path(task.continues, execution))


def train_predecessor(
    task: "TrialTask", execution: int, seed: int, fit_args: Sequence[Any], fit_kwargs: dict[str, Any]
) -> None:
    """Trains the predecessor's epochs again, to the same numbers, and writes its checkpoint.

    Args:
        task: The trial that goes on.
        execution: Which of its executions.
        seed: The execution's.
        fit_args, fit_kwargs: What the predecessor's `fit` was given, its epochs aside.
    """
    count = EpochCount()
    callbacks = [*fit_kwargs["callbacks"], count]
    model = fresh_model(task.hypermodel, task.hyperparameters, seed)
    hp, epochs = within_budget(task, 0, task.values[oracles.BUDGET_BEFORE])
    task.hypermodel.fit(hp, model, *fit_args, **fit_kwargs | epochs | {"callbacks": callbacks})
    kept.checkpoint(model, count.epochs, checkpoint_path(task.continues, execution))


def within_budget(
    task: "TrialTask", begun: int, budget: int | None
) -> tuple[keras_tuner.HyperParameters, dict[str, int]]:
    """What `fit` must be told so that it trains from epoch `begun` up to `budget`, where the trial has one."""
    epochs = {"initial_epoch": begun} if begun else {}
    if budget is None:
        return task.hyperparameters, epochs
    own_fit = type(task.hypermodel).fit is not keras_tuner.HyperModel.fit
    if own_fit and "epochs" in task.values and not getattr(task.hypermodel, "takes_epochs", False):
        # It takes its epochs from the hyperparameter and would not bear to be given them twice.
        hp = task.hyperparameters.copy()
        hp.values = task.values | {"epochs": budget}
        return hp, epochs
    return task.hyperparameters, epochs | {"epochs": budget}


def checkpoint_path(directory: Path, execution: int) -> Path:
    return directory / layout.TRIAL_CHECKPOINT.format(execution=execution)
