"""The values that a hyperparameter has, and the points that are made of them, whatever an oracle proposes."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import keras_tuner
import numpy as np

from keras_search.search_spaces.space import Value
from keras_search.tuner import keras_private
from keras_search.tuner.keras_private import kinds

_NEAR = 1e-9


def rounded(value: Value) -> Value:
    """`value`, a float to 12 digits: Keras Tuner's third step of 0.1 is 0.30000000000000004, the same point as 0.3."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def snapped(values: Mapping[str, Any], space: Iterable[kinds.HyperParameter]) -> dict[str, Value]:
    """The point `values`, with the nearest value that each active hyperparameter of `space` has."""
    point = keras_tuner.HyperParameters()
    others = dict(values)
    for hp in space:
        point.merge([hp])
        if hp.name in values and point.is_active(hp):
            point.values[hp.name] = nearest(hp, values[hp.name])
        others.pop(hp.name, None)
    return point.values | others


def nearest(hp: kinds.HyperParameter, value: Any) -> Value:
    """The value of `hp` that `value` stands for, in Python's own type.

    Keras Tuner's positions of values may end a rounding error, or under log sampling 1, outside of the range, and are
    NumPy's where a model proposed them. What is none of a choice's values stays.
    """
    if isinstance(hp, kinds.Fixed):
        return hp.value
    if isinstance(hp, kinds.Boolean):
        return bool(value)
    if isinstance(hp, kinds.Choice):
        place = index(hp, value)
        return value if place is None else at(hp, place)
    value = min(max(value, hp.min_value), hp.max_value)
    return _inside(hp, value) if hp.step is None else at(hp, _nearest_step(hp, value))


def count(hp: kinds.HyperParameter) -> int | None:
    """How many values `hp` has; None where it is any number of a range."""
    if isinstance(hp, (kinds.Int, kinds.Float)):
        return None if hp.step is None else keras_private.number_of_steps(hp)
    return len(hp.values)


def at(hp: kinds.HyperParameter, place: int) -> Value:
    """The value of `hp`, of which there is a `count`, at `place`, counted from 0."""
    if isinstance(hp, (kinds.Int, kinds.Float)):
        return _inside(hp, keras_private.value_at_step(hp, place))
    value = hp.values[place]
    return value.item() if isinstance(value, np.generic) else value


def index(hp: kinds.HyperParameter, value: Any) -> int | None:
    """At which place `hp`, of which there is a `count`, has `value`; None where it has no such value."""
    if not isinstance(hp, (kinds.Int, kinds.Float)):
        return next((place for place, own in enumerate(hp.values) if same(own, value)), None)
    if not _is_in_range(hp, value):
        return None
    place = _nearest_step(hp, min(max(value, hp.min_value), hp.max_value))
    return place if math.isclose(at(hp, place), value, rel_tol=_NEAR, abs_tol=_NEAR * hp.step) else None


def has(hp: kinds.HyperParameter, value: Any) -> bool:
    """Whether `value` is one that `hp` may have, on its steps or between them."""
    is_number = isinstance(hp, (kinds.Int, kinds.Float))
    return _is_in_range(hp, value) if is_number else index(hp, value) is not None


def same(value: Any, other: Any) -> bool:
    """Whether two values are the same, as one that is not a number is to itself."""
    return value == other or (value != value and other != other)


def _is_in_range(hp: kinds.HyperParameter, value: Any) -> bool:
    if isinstance(value, (bool, str)) or value is None:
        return False
    # Steps of a float are sums, hence not exact: the last one may be above the largest value.
    margin = _NEAR * max(abs(hp.min_value), abs(hp.max_value))
    return hp.min_value - margin <= value <= hp.max_value + margin


def _inside(hp: kinds.HyperParameter, value: Any) -> Value:
    number = int(value) if isinstance(hp, kinds.Int) else float(value) if hp.step is None else rounded(float(value))
    return min(max(number, hp.min_value), hp.max_value)


def _nearest_step(hp: kinds.HyperParameter, value: Any) -> int:
    if hp.sampling == "linear" and isinstance(hp, kinds.Int):  # without floats, which have 53 bits
        place = (int(value) - hp.min_value + hp.step // 2) // hp.step
    elif hp.sampling == "linear":
        place = round((value - hp.min_value) / hp.step)
    else:
        value = value if hp.sampling == "log" else hp.max_value + hp.min_value - value
        place = round(math.log(value / hp.min_value, hp.step))
    return min(max(place, 0), keras_private.number_of_steps(hp) - 1)
