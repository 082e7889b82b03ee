"""The trained models of trials, from the weights that were kept or by repeating the training."""

import copy
import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from keras_search.results import layout
from keras_search.results.reading import trial_rows
from keras_search.results.text import error_line
from keras_search.tuner import objectives
from keras_search.tuner.data import shared
from keras_search.tuner.fast import patches
from keras_search.tuner.trial import continuation, kept, own_tuner, user_callbacks
from keras_search.tuner.trial.callbacks import BestWeights
from keras_search.tuner.trial.run import run_trial
from keras_search.tuner.trial.task import TrialTask


class UnrepeatableError(ValueError):
    """A repeated training gives other numbers than it gave before."""


def load(task: TrialTask, folder: Path) -> keras.Model:
    """The model of a trial with the weights in `folder`.

    Raises:
        ValueError: The weights do not fit the model that the hypermodel builds.
    """
    model = own_tuner.fresh_model(task, task.seed)
    try:
        kept.load_weights(model, layout.weights(folder))
    except Exception as error:
        raise ValueError(
            f"the weights of trial {task.trial_id} do not fit the model that build gives now ({error_line(error)}): "
            "undo the change of the hypermodel, or train its hyperparameters again"
        ) from error
    patches.restore(model)
    return model


def is_repeatable(task: TrialTask) -> bool:
    """Whether this toolkit trained the trial of `task` with the same seed; plain Keras Tuner gives none."""
    return trial_rows.read_trial(task.directory).get("seed") == task.seed


def train_again(task: TrialTask) -> keras.Model:
    """Repeats the training of a finished trial up to its best epoch; returns the model with the weights after it.

    Raises:
        UnrepeatableError: The objective has another value this time, so the model is another one.
    """
    if task.tuner is not None:
        return _run_again(task)
    rows = trial_rows.read_epochs(task.directory)
    execution, number, value = _best(task.objective, rows) or (_last_execution(rows, task), None, None)
    weights = _WeightsOf(task.objective, number)
    with tempfile.TemporaryDirectory() as folder:
        model = _trained(task, execution, weights, Path(folder))
        if value is not None:
            _check_same(task, weights.value, value)
        if why := kept.weights(model, weights, Path(folder)):
            raise ValueError(f"the weights of trial {task.trial_id} cannot be kept ({why})")
        return load(task, Path(folder))


def _run_again(task: TrialTask) -> keras.Model:
    """`train_again` for a tuner with its own way of training, of which no part can be left out."""
    before = trial_rows.read_trial(task.directory)["score"]
    fit_args, fit_kwargs = shared.hold((tuple(task.fit_args), task.fit_kwargs))
    with tempfile.TemporaryDirectory() as folder:
        again = replace(
            task,
            directory=Path(folder) / task.directory.name,
            hyperparameters=task.hyperparameters.copy(),
            tuner=copy.copy(task.tuner),  # without the oracle, which would take the metrics for those of the search
            fit_args=fit_args,
            fit_kwargs=fit_kwargs,
            keeps_weights=True,
            keeps_checkpoint=False,
            pruner=None,
            timeout=None,
            tensorboard=None,
        )
        again.directory.mkdir()
        result = run_trial(again)
        why = trial_rows.read_trial(again.directory)["error"] or result.weights_lost
        if why:
            raise ValueError(f"trial {task.trial_id} cannot be trained once more: {why}")
        _check_same(task, task.objective.get_value(result.metrics), before)
        return load(task, again.directory)


def _check_same(task: TrialTask, value: float, before: float) -> None:
    """Raises UnrepeatableError if the objective has another `value` than it had."""
    if not np.isclose(value, before, rtol=1e-4, atol=1e-6):
        raise UnrepeatableError(
            f"trial {task.trial_id}, trained once more, has {task.objective.name} {value:.6g} where it had "
            f"{before:.6g}: the data, their order or the hypermodel have changed"
        )


class _WeightsOf(BestWeights):
    """Holds the weights after the `number`-th epoch and stops the training there; holds nothing for None."""

    def __init__(self, objective: keras_tuner.Objective, number: int | None) -> None:
        super().__init__(objective)
        self._number = number
        self._ended = 0
        self.value = np.nan

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._ended += 1
        if self._ended == self._number:
            value = objectives.value(self._objective, logs)
            self.value = np.nan if value is None else value
            model: Any = self.model
            self.state = self.value, model.get_weights()
            model.stop_training = True


def _trained(task: TrialTask, execution: int, weights: BestWeights, folder: Path) -> keras.Model:
    seed = task.execution_seed(execution)
    fit_args, fit_kwargs = shared.load(shared.hold((tuple(task.fit_args), task.fit_kwargs)), task.seed)
    given = fit_kwargs.get("callbacks")
    if continuation.lacks_checkpoint(task, execution):
        task = replace(task, continues=folder)
        again = fit_kwargs | {"callbacks": user_callbacks.copied(task, execution, given)}
        continuation.train_predecessor(task, execution, seed, fit_args, again)
    model = own_tuner.fresh_model(task, seed)
    begun = continuation.go_on(task, execution, model)
    hp, epochs = continuation.within_budget(task, model, begun, task.budget)
    callbacks = [*user_callbacks.copied(task, execution, given), weights]
    task.hypermodel.fit(hp, model, *fit_args, **fit_kwargs | epochs | {"callbacks": callbacks})
    patches.restore(model)
    return model


def _best(objective: keras_tuner.Objective, rows: Sequence[dict[str, Any]]) -> tuple[int, int, float] | None:
    """The best epoch: its execution, its number there (from 1) and its value; None if no epoch has a value."""
    best = None
    for execution, curve in itertools.groupby(rows, key=lambda row: row["execution"]):
        for number, row in enumerate(curve, 1):
            for value in objectives.curve(objective, [row]).values():
                if best is None or objective.better_than(value, best[2]):
                    best = execution, number, value
    return best


def _last_execution(rows: Sequence[dict[str, Any]], task: TrialTask) -> int:
    return max((row["execution"] for row in rows), default=task.executions - 1)
