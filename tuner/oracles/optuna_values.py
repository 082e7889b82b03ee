"""How Optuna knows the values of a hyperparameter.

A value of a choice or with steps is an index, of an unordered choice as a category; any other number is its position in
[0, 1] on Keras Tuner's scale (linear, log or reverse log).
"""

import math
from collections.abc import Iterator
from typing import Any

import keras_tuner
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import kinds
from keras_search.tuner.oracles import points

# The last position below 1: at 1 itself Keras Tuner's whole numbers leave their range.
_LAST = math.nextafter(1.0, 0.0)
# A range with more steps is as good as one without.
_MOST_INDICES = 2**31


def named(hyperparameters: keras_tuner.HyperParameters) -> Iterator[tuple[str, kinds.HyperParameter]]:
    """Every hyperparameter with a name of its own: one that is declared under several conditions has several."""
    seen: dict[str, int] = {}
    for hp in hyperparameters.space:
        count = seen[hp.name] = seen.get(hp.name, 0) + 1
        yield (hp.name if count == 1 else f"{hp.name} ({count})"), hp


def distribution(hp: kinds.HyperParameter) -> BaseDistribution | None:
    """What Optuna samples for `hp`; None where there is no choice."""
    if isinstance(hp, kinds.Fixed):
        return None
    if not _is_indexed(hp):
        return FloatDistribution(0.0, _LAST)
    count = points.count(hp)
    is_category = isinstance(hp, kinds.Boolean) or (isinstance(hp, kinds.Choice) and not hp.ordered)
    return CategoricalDistribution(range(count)) if is_category else IntDistribution(0, count - 1)


def ask(asked: optuna.Trial, name: str, hp: kinds.HyperParameter) -> Value:
    """The value of `hp` that Optuna suggests for the trial `asked`, where it knows `hp` as `name`."""
    match distribution(hp):
        case CategoricalDistribution() as categories:
            return value(hp, asked.suggest_categorical(name, categories.choices))
        case IntDistribution() as indices:
            return value(hp, asked.suggest_int(name, indices.low, indices.high))
        case FloatDistribution() as positions:
            return value(hp, asked.suggest_float(name, positions.low, positions.high))
    return value(hp, None)


def value(hp: kinds.HyperParameter, answer: Any) -> Value:
    """The value of `hp` that Optuna's answer stands for."""
    if isinstance(hp, kinds.Fixed):
        return hp.value
    return points.at(hp, answer) if _is_indexed(hp) else points.nearest(hp, hp.prob_to_value(answer))


def answer(hp: kinds.HyperParameter, value: Value | None) -> int | float | None:
    """The answer of Optuna's that stands for `value`; None where it is not one of `hp`'s values."""
    if _is_indexed(hp):
        return points.index(hp, value)
    return min(max(float(hp.value_to_prob(value)), 0.0), _LAST) if points.has(hp, value) else None


def _is_indexed(hp: kinds.HyperParameter) -> bool:
    count = points.count(hp)
    return count is not None and count <= _MOST_INDICES
