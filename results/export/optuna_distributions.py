"""Hyperparameters as Optuna's distributions: as they were declared, as far as the values that were tried allow."""

import math
import warnings
from collections.abc import Sequence

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from keras_search.results.hyperparameter import Hyperparameter, Value

_LARGEST = 2**53  # Optuna keeps numbers as floats
_NEAR = 1e-8  # how far from a step Optuna lets a value be, in steps


def distribution(declared: Sequence[Hyperparameter], values: Sequence[Value]) -> BaseDistribution:
    """The one distribution that holds all of `values`, as Optuna wants it for all trials of a study.

    A range becomes wider where a value lies outside of it - the baseline may, of a range that was narrowed - and loses
    its steps where one lies between them. Values that are no numbers of that range make it a list of choices. Optuna
    has no reverse log sampling, and no log sampling with steps: these are linear, and log without steps.

    Args:
        declared: Every hyperparameter of the name: several, under different conditions; or none, where the project
            does not tell its space. The range is then that of the values.
        values: Those that were tried, of any type.
    """
    kinds = {one.kind for one in declared}
    if all(map(_is_number, values)):
        if kinds <= {"Int"} and all(float(value).is_integer() for value in values):
            return _whole_numbers(declared, [int(value) for value in values])
        if kinds <= {"Int", "Float"}:
            return _real_numbers(declared, [float(value) for value in values])
    choices = [choice for one in declared for choice in one.values]
    return CategoricalDistribution(list(dict.fromkeys([*choices, *values])))


def parameter(distribution: BaseDistribution, value: Value) -> Value:
    """`value` as a parameter of that distribution: the same number, of the type and on the step that Optuna wants."""
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
    steps = {one.step for one in declared}
    if len(steps) == 1 and (step := steps.pop()) is not None:
        low, high = _rounded(low), _rounded(high)
        with warnings.catch_warnings(action="ignore"):  # that it ends the range at its last step
            stepped = FloatDistribution(low, high, step=step)
        rounded = list(map(_rounded, values))
        places = [(value - low) / step for value in rounded]
        if max(rounded) <= stepped.high and all(abs(place - round(place)) < _NEAR for place in places):
            return stepped
    return FloatDistribution(low, high)


def _is_logarithmic(declared: Sequence[Hyperparameter]) -> bool:
    return bool(declared) and all(one.sampling == "log" for one in declared)


def _is_number(value: Value) -> bool:
    return not isinstance(value, bool | str) and math.isfinite(value) and abs(value) <= _LARGEST


def _rounded(value: float) -> float:
    # Keras Tuner's third step of 0.1 is 0.30000000000000004.
    return float(f"{value:.12g}")
