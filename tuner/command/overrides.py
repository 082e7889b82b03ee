"""Narrows the search space by overrides such as `dropout=0.1:0.3`, each for one hyperparameter.

NAME=VALUE           one value
NAME=LOW:HIGH[:STEP] a part of the range of an Int or Float; without STEP, the declared step stays
NAME=a,b,c           some of the values
"""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from keras_search.results.errors import Parameter
from keras_search.search_spaces import Hyperparameter
from keras_search.search_spaces.space import Value
from keras_search.tuner.errors import InputError

if TYPE_CHECKING:
    import keras_tuner

_NAME = Parameter("overrides")

_TRUTH = {"true": True, "false": False}


def narrow(hyperparameters: Iterable[Hyperparameter], overrides: Iterable[str]) -> list[Hyperparameter]:
    """The hyperparameters as declared, narrowed by each of `overrides`.

    Raises:
        InputError: An override is malformed or out of range, or its name is unknown or given twice.
    """
    narrowed = list(hyperparameters)
    names = list(dict.fromkeys(hyperparameter.name for hyperparameter in narrowed))
    seen: set[str] = set()
    for override in overrides:
        name, equals, text = override.partition("=")
        name = name.strip()
        if not equals or not name or not text.strip():
            raise InputError(_NAME, f" {override!r}: write NAME=VALUE, NAME=LOW:HIGH[:STEP] or NAME=a,b,c")
        if name not in names:
            raise InputError(_NAME, f" {override!r}: unknown hyperparameter {name!r}: choose of {', '.join(names)}")
        if name in seen:
            raise InputError(_NAME, f" {override!r}: {name!r} is set twice: give it once")
        seen.add(name)
        try:
            # A name may be declared several times, under different conditions.
            narrowed = [_narrow(declared, text) if declared.name == name else declared for declared in narrowed]
        except InputError as error:
            raise InputError(_NAME, f" {override!r}: {error}") from None
    return narrowed


def sampled(
    declared: "keras_tuner.HyperParameters", narrowed: Iterable[Hyperparameter]
) -> "keras_tuner.HyperParameters":
    """`declared`, with the ranges and values of `narrowed`; conditions stay as they are."""
    import keras_tuner

    from keras_search.tuner.keras_private import kinds

    space = keras_tuner.HyperParameters()
    for original, description in zip(declared.space, narrowed, strict=True):
        config = {"name": description.name, "conditions": original.conditions}
        if description.kind == "Fixed":
            config |= {"value": description.values[0]}
        elif description.kind == "Choice":
            ordered = getattr(original, "ordered", None)
            config |= {"values": list(description.values), "default": description.default, "ordered": ordered}
        elif description.kind == "Boolean":
            config |= {"default": description.default}
        else:
            keys = ("min_value", "max_value", "step", "sampling", "default")
            config |= {key: getattr(description, key) for key in keys}
        space.merge([getattr(kinds, description.kind)(**config)])
    return space


def _narrow(hyperparameter: Hyperparameter, text: str) -> Hyperparameter:
    if hyperparameter.is_numeric and ":" in text:
        return _part(hyperparameter, text)
    # A comma may also be part of a value.
    parts = [text] if text.strip() in map(str, hyperparameter.values) else text.split(",")
    values = tuple(_value(hyperparameter, part) for part in parts)
    if len(set(values)) < len(values):
        raise InputError("a value is given twice: give each once")
    if hyperparameter.kind == "Boolean" and len(values) == 2:
        return hyperparameter  # Keras Tuner turns a choice of True and False into 1 and 0
    cleared = replace(hyperparameter, min_value=None, max_value=None, step=None, sampling="linear", values=values)
    if len(values) == 1:
        return replace(cleared, kind="Fixed", default=values[0])
    default = hyperparameter.default if hyperparameter.default in values else values[0]
    return replace(cleared, kind="Choice", default=default)


def _part(hyperparameter: Hyperparameter, text: str) -> Hyperparameter:
    parts = text.split(":")
    if len(parts) not in (2, 3):
        raise InputError("a range is LOW:HIGH or LOW:HIGH:STEP")
    low, high = (_in_range(hyperparameter, part) for part in parts[:2])
    if low >= high:
        raise InputError(f"LOW is {low:g} and HIGH is {high:g}: LOW must be below HIGH")
    step = hyperparameter.step
    if len(parts) == 3:
        step = _number(hyperparameter, parts[2])
        least = 0 if hyperparameter.sampling == "linear" else 1
        if step <= least:
            raise InputError(f"STEP is {step:g}: it must be above {least}")
    default = hyperparameter.default
    if isinstance(default, str) or not low <= default <= high:
        default = low
    return replace(hyperparameter, min_value=low, max_value=high, step=step, default=default)


def _value(hyperparameter: Hyperparameter, text: str) -> Value:
    """The value that `text` stands for, checked against the declared range or values."""
    if hyperparameter.is_numeric:
        return _in_range(hyperparameter, text)
    text = text.strip()
    for value in hyperparameter.values:
        if text == str(value) or (_TRUTH.get(text.lower()) is value if isinstance(value, bool) else _is(value, text)):
            return value
    raise InputError(f"{text!r} is not one of {hyperparameter.name}'s values: {hyperparameter.range}")


def _in_range(hyperparameter: Hyperparameter, text: str) -> int | float:
    """The number that `text` stands for, checked against the declared range."""
    value = _number(hyperparameter, text)
    low, high = hyperparameter.bounds
    inside = type(value)(min(max(value, low), high))
    # The end of a range may be written 0.6 and stored as 0.6000000000000001.
    if not math.isclose(value, inside, rel_tol=1e-9):
        raise InputError(f"{text.strip()} is outside {hyperparameter.name}'s range {hyperparameter.range}")
    return inside


def _is(value: Value, text: str) -> bool:
    """Whether `text` is another way to write the number `value`, such as 1e-3."""
    try:
        return not isinstance(value, str) and float(text) == value
    except ValueError:
        return False


def _number(hyperparameter: Hyperparameter, text: str) -> int | float:
    kind = int if hyperparameter.kind == "Int" else float
    try:
        value = kind(text.strip())
        float(value)  # a whole number may be larger than any float
    except (ValueError, OverflowError):
        raise InputError(
            f"{text.strip()!r} is not a {'whole number' if kind is int else 'number'}, as {hyperparameter.name} is"
        ) from None
    if not math.isfinite(value):
        raise InputError(f"{text.strip()!r} is not a finite number")
    return value
