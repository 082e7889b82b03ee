"""The metrics of a trial: those of the best epoch, averaged over its executions."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

import keras
import keras_tuner

from keras_search.results.reading.trial_rows import Row
from keras_search.tuner import keras_private, objectives
from keras_search.tuner.trial.callbacks import is_better


def aligned(outcome: Any, curve: Sequence[Row] = ()) -> Any:
    """What `fit` gave, each metric of a History with an entry for every epoch: None for an epoch without it.

    Keras leaves the epochs without validation (`validation_freq`) out of a metric's list.

    Args:
        curve: The learning curve of the execution, which tells these epochs.
    """
    if isinstance(outcome, list):
        return [aligned(part) for part in outcome]
    if not isinstance(outcome, keras.callbacks.History):
        return outcome
    epochs = max(map(len, outcome.history.values()), default=0)
    if all(len(values) == epochs for values in outcome.history.values()):
        return outcome
    whole = keras.callbacks.History()
    whole.epoch = list(range(epochs))
    for name, values in outcome.history.items():
        at = [number for number, row in enumerate(curve[-epochs:]) if row.get(name) is not None]
        if len(curve) < epochs or len(at) != len(values):
            at = _evenly(len(values), epochs)
        whole.history[name] = [None] * epochs
        for number, value in zip(at, values, strict=True):
            whole.history[name][number] = value
    return whole


def _evenly(count: int, epochs: int) -> list[int]:
    """The epochs (from 0) of `count` validations, spread evenly over `epochs` as a `validation_freq` does."""
    step = epochs // max(count, 1)
    return [(number + 1) * step - 1 for number in range(count)]


def best(outcomes: list[Any], objective: keras_tuner.Objective) -> tuple[dict[str, float], int]:
    """The metrics at the best epoch, and this epoch (from 0), averaged over all `outcomes` of `fit`.

    Raises:
        keras_tuner.errors.FatalValueError: There are no outcomes.
    """
    if not outcomes:
        raise keras_tuner.errors.FatalValueError("HyperModel.fit() returned an empty list: return a score or a History")
    each = [_best(outcome, objective) for outcome in outcomes]
    metrics: Any = keras_private.average_metrics_dicts([metrics for metrics, _ in each])
    return metrics, int(statistics.mean(step for _, step in each))


def _best(outcome: Any, objective: keras_tuner.Objective) -> tuple[dict[str, float], int]:
    if isinstance(outcome, list):
        return best(outcome, objective)
    if not isinstance(outcome, keras.callbacks.History):
        metrics: Any = keras_private.convert_to_metrics_dict(outcome, objective)
        return metrics, 0
    best_metrics, best_step, best_value = {}, 0, None
    for step, metrics in enumerate(_epochs(outcome)):
        value = objectives.value(objective, metrics)
        if value is not None and is_better(objective, value, best_value):
            best_metrics, best_step, best_value = metrics | {objective.name: value}, step, value
    return best_metrics or {objective.name: math.nan}, best_step


def _epochs(history: keras.callbacks.History) -> list[dict[str, float]]:
    """The metrics of every epoch in `history`."""
    columns = history.history
    return [
        {name: values[epoch] for name, values in columns.items() if epoch < len(values) and values[epoch] is not None}
        for epoch in range(max(map(len, columns.values()), default=0))
    ]
