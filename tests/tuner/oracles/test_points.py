"""The values that a hyperparameter has."""

import math
from typing import Any

import keras_tuner
import numpy as np
import pytest

from keras_search.tuner.oracles import points
from tests.tuner.oracles.by_hand import every_range


def declared(kind: str, *arguments: Any, **named: Any) -> Any:
    hp = keras_tuner.HyperParameters()
    getattr(hp, kind)("hp", *arguments, **named)
    return hp.space[0]


def test_every_place_of_a_hyperparameter_has_its_value() -> None:
    for hp in every_range().space:
        count = points.count(hp)
        if count is None or type(hp).__name__ == "Fixed":
            continue
        for place in {0, count // 2, count - 1}:
            value = points.at(hp, place)
            assert points.index(hp, value) == place, hp.name
            assert points.same(points.nearest(hp, value), value), hp.name
            assert points.has(hp, value), hp.name


@pytest.mark.parametrize(
    ("hp", "value", "nearest"),
    [
        (declared("Int", 1, 100), np.int64(101), 100),
        (declared("Int", 1, 100), 7.9, 7),
        (declared("Int", 10, 50, step=20), 39, 30),
        (declared("Float", 0.0, 0.5, step=0.1), 0.30000000000000004, 0.3),
        (declared("Float", 0.0, 0.5), np.float32(-0.1), 0.0),
        (declared("Int", 2, 32, step=2, sampling="log"), 11, 8),
        (declared("Boolean"), 1, True),
        (declared("Choice", [1, 2, 3]), np.int64(2), 2),
        (declared("Choice", ["a", "b"]), "c", "c"),
        (declared("Fixed", 3), 5, 3),
    ],
)
def test_the_nearest_value_is_of_pythons_own_type(hp: Any, value: Any, nearest: Any) -> None:
    assert points.nearest(hp, value) == nearest
    assert type(points.nearest(hp, value)) is type(nearest)


def test_what_is_no_value_has_no_place() -> None:
    assert points.index(declared("Int", 10, 50, step=20), 39) is None
    assert points.index(declared("Choice", ["a", "b"]), "c") is None
    assert not points.has(declared("Int", 1, 5), "3")
    assert not points.has(declared("Int", 0, 5), True)
    assert points.has(declared("Float", 0.3, 0.9, step=0.1), 0.9000000000000001)
    assert points.same(math.nan, math.nan)
    assert not points.same(math.nan, 1.0)


def test_a_point_is_snapped_where_its_hyperparameters_are_active() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["small", "large"])
    with hp.conditional_scope("kind", ["small"]):
        hp.Int("units", 1, 10)
    with hp.conditional_scope("kind", ["large"]):
        hp.Int("units", 100, 200, step=10)
    snapped = points.snapped({"kind": "large", "units": 104, "tuner/epochs": 3}, hp.space)
    assert snapped == {"kind": "large", "units": 100, "tuner/epochs": 3}
