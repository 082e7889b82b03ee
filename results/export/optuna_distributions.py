"""Hyperparameters as Optuna's distributions: as declared, so far as the values that were tried allow."""

import math
import warnings
from collections.abc import Sequence

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from keras_search.results.hyperparameter import Hyperparameter, Value

_LARGEST = 2**53  # Optuna keeps numbers as floats
_NEAR = 1e-8  # how far from a step Optuna allows a value to be, in steps


def distribution(declared: Sequence[Hyperparameter], values: Sequence[Value]) -> BaseDistribution:
    """The distribution that holds all of `values`; Optuna requires the same in all trials of a study.

    The declared range is widened to include every value (the baseline may lie outside a narrowed range), and loses its
    steps if a value lies between them. If the values do not fit the type of the range, it becomes a list of choices.
    Optuna has no reverse log sampling, which becomes linear, and no steps under log sampling, which are dropped.

    Args:
        declared: Every hyperparameter of that name: several if they have different conditions, none if the project does
            not record its space; the range is then that of the values.
        values: The values that were tried, of any type.
    """
    kinds = {hyperparameter.kind for hyperparameter in declared}
    if all(map(_is_number, values)):
        if kinds <= {"Int"} and all(float(value).is_integer() for value in values):
            return _whole_numbers(declared, [int(value) for value in values])
        if kinds <= {"Int", "Float"}:
            return _real_numbers(declared, [float(value) for value in values])
    choices = [choice for hyperparameter in declared for choice in hyperparameter.values]
    return CategoricalDistribution(list(dict.fromkeys([*choices, *values])))


def parameter(distribution: BaseDistribution, value: Value) -> Value:
    """`value` as a parameter of `distribution`: the same number, in the type and on the step that Optuna requires."""
    if isinstance(distribution, IntDistribution):
        return int(value)
    if isinstance(distribution, FloatDistribution):
        return float(value) if distribution.step is None else _rounded(float(value))
    return value


def _whole_numbers(declared: Sequence[Hyperparameter], values: list[int]) -> IntDistribution:
    bounds = [hyperparameter.bounds for hyperparameter in declared]
    low = min([*values, *(int(lowest) for lowest, _ in bounds)])
    high = max([*values, *(int(highest) for _, highest in bounds)])
    if _is_logarithmic(declared) and low >= 1:
        return IntDistribution(low, high, log=True)
    steps = {int(hyperparameter.step or 1) for hyperparameter in declared}
    step = steps.pop() if len(steps) == 1 else 1
    if any((number - low) % step for number in [*values, *(int(lowest) for lowest, _ in bounds)]):
        step = 1
    return IntDistribution(low, low + (high - low) // step * step, step=step)


def _real_numbers(declared: Sequence[Hyperparameter], values: list[float]) -> FloatDistribution:
    bounds = [hyperparameter.bounds for hyperparameter in declared]
    low = min([*values, *(float(lowest) for lowest, _ in bounds)])
    high = max([*values, *(float(highest) for _, highest in bounds)])
    if _is_logarithmic(declared) and low > 0:
        return FloatDistribution(low, high, log=True)
    steps = {hyperparameter.step for hyperparameter in declared}
    if len(steps) == 1 and (step := steps.pop()) is not None:
        low, high = _rounded(low), _rounded(high)
        with warnings.catch_warnings(action="ignore"):  # Optuna warns that it ends the range at its last step
            stepped = FloatDistribution(low, high, step=step)
        rounded = list(map(_rounded, values))
        places = [(value - low) / step for value in rounded]
        if max(rounded) <= stepped.high and all(abs(place - round(place)) < _NEAR for place in places):
            return stepped
    return FloatDistribution(low, high)


def _is_logarithmic(declared: Sequence[Hyperparameter]) -> bool:
    return bool(declared) and all(hyperparameter.sampling == "log" for hyperparameter in declared)


def _is_number(value: Value) -> bool:
    return not isinstance(value, bool | str) and math.isfinite(value) and abs(value) <= _LARGEST


def _rounded(value: float) -> float:
    # Without it, Keras Tuner's third step of 0.1 would be 0.30000000000000004.
    return float(f"{value:.12g}")
