"""How numbers are shown."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from keras_search.results.numbers import is_missing, number, setting, settings


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.98765, "0.9877"), (0, "0.0000"), (-0.0, "0.0000"), (1e-3, "0.0010"), (1.23456e-4, "0.0001235"), (1e-7, "1e-07"),
     (999999, "999999.0000"), (1234567, "1.235e+06"), (-2.5, "-2.5000"), (math.inf, "inf"), (math.nan, ""), (None, "")],
)  # fmt: skip
def test_a_score_has_four_digits(value: float | None, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1 + 0.2, "0.3"), (1e-5, "1e-05"), (64, "64"), (True, "True"), ("a", "a")]
)
def test_a_hyperparameter_has_six_digits_or_is_as_it_is(value: Any, shown: str) -> None:
    assert setting(value) == shown


def test_values_that_differ_are_shown_to_differ() -> None:
    assert settings([0.1, 0.25, 0.1]) == ["0.1", "0.25", "0.1"]
    assert settings([0.1234567, 0.1234568]) == ["0.1234567", "0.1234568"]
    assert settings([0.1, math.nextafter(0.1, 1), "a"]) == ["0.10000000000000001", "0.10000000000000002", "a"]


@pytest.mark.parametrize("cell", [None, math.nan, np.float64("nan"), pd.NA, pd.NaT])
def test_an_empty_cell_says_nothing(cell: Any) -> None:
    assert is_missing(cell)


@pytest.mark.parametrize("cell", ["", "nan", 0, False, np.int64(0), math.inf])
def test_any_other_says_something(cell: Any) -> None:
    assert not is_missing(cell)
