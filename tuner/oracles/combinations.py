"""Every combination of a space's values, in the order in which a grid search tries them."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import HyperParameter
from keras_search.tuner.oracles import points

Point = Mapping[str, Value]


def first_untried(space: Sequence[HyperParameter], tried: Sequence[Point]) -> dict[str, Value] | None:
    """The first combination of the values of `space` that is not in `tried`; None if all are.

    A range without steps contributes ten values.

    Args:
        tried: Points; one that lacks a hyperparameter stands for all its values.
    """
    return _first_untried(space, {}, tried)


def _first_untried(
    space: Sequence[HyperParameter], values: dict[str, Value], tried: Sequence[Point]
) -> dict[str, Value] | None:
    """The first untried combination that begins with `values`.

    Args:
        space: The hyperparameters that `values` leaves open.
        tried: Points that agree with `values`.
    """
    if not space or any(point.keys() <= values.keys() for point in tried):
        return None if tried else values
    hp, *rest = space
    if not all(condition.is_active(values) for condition in hp.conditions):
        return _first_untried(rest, values, tried)
    for value in _values(hp):
        agreeing = [point for point in tried if points.same(point.get(hp.name, value), value)]
        untried = _first_untried(rest, values | {hp.name: value}, agreeing)
        if untried is not None:
            return untried
    return None


def _values(hp: HyperParameter) -> Iterator[Value]:
    """The values of `hp`, its default first."""
    count = points.count(hp)
    values = hp.values if count is None else (points.at(hp, place) for place in range(count))
    if count is None or points.index(hp, hp.default) is not None:  # it may be between the steps
        values = itertools.chain([hp.default], values)
    seen = set()
    for value in (points.rounded(points.nearest(hp, value)) for value in values):
        if value not in seen:
            yield value
            seen.add(value)
