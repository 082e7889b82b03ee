"""The values of hyperparameters in Optuna's terms.

A value of a choice, or of a range with steps, is an index; the indices of an unordered choice are categories. Any other
number is its position in [0, 1] on Keras Tuner's scale (linear, log or reverse log).
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


def named(hyperparameters: keras_tuner.HyperParameters) -> Iterator[tuple[str, kinds.HyperParameter]]:
    """Every hyperparameter with a unique name: one that is declared under several conditions gets several names."""
    seen: dict[str, int] = {}
    for hp in hyperparameters.space:
        count = seen[hp.name] = seen.get(hp.name, 0) + 1
        yield (hp.name if count == 1 else f"{hp.name} ({count})"), hp


def distribution(hp: kinds.HyperParameter) -> BaseDistribution | None:
    """The distribution from which Optuna samples `hp`; None if `hp` is fixed."""
    if isinstance(hp, kinds.Fixed):
        return None
    count = points.places(hp)
    if count is None:
        return FloatDistribution(0.0, _LAST)
    is_category = isinstance(hp, kinds.Boolean) or (isinstance(hp, kinds.Choice) and not hp.ordered)
    return CategoricalDistribution(range(count)) if is_category else IntDistribution(0, count - 1)


def ask(asked: optuna.Trial, name: str, hp: kinds.HyperParameter) -> Value:
    """The value of `hp` that Optuna suggests for its trial `asked`; `name` is the name of `hp` in the study."""
    match distribution(hp):
        case CategoricalDistribution() as categories:
            return value(hp, asked.suggest_categorical(name, categories.choices))
        case IntDistribution() as indices:
            return value(hp, asked.suggest_int(name, indices.low, indices.high))
        case FloatDistribution() as positions:
            return value(hp, asked.suggest_float(name, positions.low, positions.high))
    return value(hp, None)


def value(hp: kinds.HyperParameter, answer: Any) -> Value:
    """The value of `hp` that an answer of Optuna's stands for."""
    if isinstance(hp, kinds.Fixed):
        return hp.value
    return points.nearest(hp, hp.prob_to_value(answer)) if points.places(hp) is None else points.at(hp, answer)


def answer(hp: kinds.HyperParameter, value: Value | None) -> int | float | None:
    """The answer of Optuna's that stands for `value`; None if `hp` does not have that value."""
    if points.places(hp) is not None:
        return points.index(hp, value)
    return min(max(float(hp.value_to_prob(value)), 0.0), _LAST) if points.has(hp, value) else None
