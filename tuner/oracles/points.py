"""The values of a hyperparameter, and the points that consist of them, whatever an oracle proposes."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import keras_tuner
import numpy as np

from keras_search.search_spaces.space import Value
from keras_search.tuner import keras_private
from keras_search.tuner.keras_private import kinds

Range = kinds.Int | kinds.Float

_NEAR = 1e-9
# A range with more steps is treated as one without steps.
_MOST_PLACES = 2**31


def rounded(value: Value) -> Value:
    """`value`, floats rounded to 12 digits: Keras Tuner's third step of 0.1 is 0.30000000000000004, which is 0.3."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def default(hp: kinds.HyperParameter) -> Value:
    """The default of `hp`, rounded."""
    assert hp.default is not None
    return rounded(hp.default)


def snapped(values: Mapping[str, Any], space: Iterable[kinds.HyperParameter]) -> dict[str, Value]:
    """The point `values`, with each active hyperparameter of `space` at the nearest value that it has."""
    point = keras_tuner.HyperParameters()
    others = dict(values)
    for hp in space:
        point.merge([hp])
        if hp.name in values and point.is_active(hp):
            point.values[hp.name] = nearest(hp, values[hp.name])
        others.pop(hp.name, None)
    return point.values | others


def nearest(hp: kinds.HyperParameter, value: Any) -> Value:
    """The nearest value that `hp` has, in Python's own type.

    The values that Keras Tuner proposes may be outside of the range, by a rounding error or, in a log scale, by 1. They
    may have NumPy's types. A value that a choice does not have is returned unchanged.
    """
    if isinstance(hp, kinds.Fixed):
        return hp.value
    if isinstance(hp, kinds.Boolean):
        return bool(value)
    if isinstance(hp, Range):
        value = min(max(value, hp.min_value), hp.max_value)
        return _inside(hp, value) if hp.step is None else at(hp, _nearest_step(hp, hp.step, value))
    place = index(hp, value)
    return value if place is None else at(hp, place)


def count(hp: kinds.HyperParameter) -> int | None:
    """The number of values of `hp`; None for a range without steps."""
    if isinstance(hp, Range):
        return None if hp.step is None else keras_private.number_of_steps(hp)
    return len(hp.values)


def places(hp: kinds.HyperParameter) -> int | None:
    """The number of places that the values of `hp` have; None if they are so many that each is a position in [0, 1]."""
    number = count(hp)
    return None if number is None or number > _MOST_PLACES else number


def position(hp: kinds.HyperParameter, value: Any) -> float | None:
    """Where `value` is in [0, 1], on Keras Tuner's scale (linear, log or reverse log); None if `hp` lacks it."""
    number = places(hp)
    if number is None:
        return min(max(float(hp.value_to_prob(value)), 0.0), 1.0) if has(hp, value) else None
    place = index(hp, value)
    return None if place is None else (place + 0.5) / number


def at(hp: kinds.HyperParameter, place: int) -> Value:
    """The value at `place`, counted from 0, of a hyperparameter that has a `count`."""
    if isinstance(hp, Range):
        return _inside(hp, keras_private.value_at_step(hp, place))
    value = hp.values[place]
    return value.item() if isinstance(value, np.generic) else value


def index(hp: kinds.HyperParameter, value: Any) -> int | None:
    """The place of `value` in a hyperparameter that has a `count`; None if it does not have that value."""
    if not isinstance(hp, Range):
        return next((place for place, own in enumerate(hp.values) if same(own, value)), None)
    if not _is_in_range(hp, value):
        return None
    assert hp.step is not None
    place = _nearest_step(hp, hp.step, min(max(value, hp.min_value), hp.max_value))
    exact = _inside(hp, keras_private.value_at_step(hp, place))
    return place if math.isclose(exact, value, rel_tol=_NEAR, abs_tol=_NEAR * hp.step) else None


def has(hp: kinds.HyperParameter, value: Any) -> bool:
    """Whether `hp` can have `value`; in a range, also between the steps."""
    return _is_in_range(hp, value) if isinstance(hp, Range) else index(hp, value) is not None


def same(value: Any, other: Any) -> bool:
    """Whether two values are the same; NaN is the same as NaN."""
    return value == other or (value != value and other != other)


def _is_in_range(hp: Range, value: Any) -> bool:
    if isinstance(value, (bool, str)) or value is None:
        return False
    # The steps of floats are inexact sums: the last step may exceed the largest value.
    margin = _NEAR * max(abs(hp.min_value), abs(hp.max_value))
    return hp.min_value - margin <= value <= hp.max_value + margin


def _inside(hp: Range, value: Any) -> int | float:
    if isinstance(hp, kinds.Int):
        number = int(value)
    elif hp.step is None:
        number = float(value)
    else:
        number = float(rounded(float(value)))
    return min(max(number, hp.min_value), hp.max_value)


def _nearest_step(hp: Range, step: Any, value: Any) -> int:
    if hp.sampling == "linear" and isinstance(hp, kinds.Int):  # exact also above 53 bits, where floats are not
        place = (int(value) - hp.min_value + step // 2) // step
    elif hp.sampling == "linear":
        place = round((value - hp.min_value) / step)
    else:
        value = value if hp.sampling == "log" else hp.max_value + hp.min_value - value
        place = round(math.log(value / hp.min_value, step))
    return min(max(place, 0), keras_private.number_of_steps(hp) - 1)
