"""The search space of a project, from what Keras Tuner wrote of it."""

import math
from collections.abc import Iterable
from typing import Any

from keras_search.results.errors import DamagedFile
from keras_search.results.hyperparameter import Hyperparameter, Value


def union(spaces: Iterable[Any]) -> list[Hyperparameter]:
    """Every hyperparameter of `spaces`, lists of entries as Keras Tuner writes them, in the order of turning up.

    As in Keras Tuner, two of one name under different conditions are two hyperparameters.

    Raises:
        DamagedFile: An entry is not one that Keras Tuner writes.
    """
    found: dict[tuple[str, Any], Hyperparameter] = {}
    before = None
    try:
        for space in spaces:
            if space == before:  # as a rule all trials have the same
                continue
            before = space
            for one in map(_hyperparameter, space):
                found.setdefault((one.name, one.conditions), one)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise DamagedFile(f"the search space is not one that Keras Tuner writes ({error!r})") from None
    return list(found.values())


def _hyperparameter(entry: dict[str, Any]) -> Hyperparameter:
    config = entry["config"]
    kind = _text(entry["class_name"])
    shared = {"kind": kind, "name": str(config["name"]), "conditions": _conditions(config.get("conditions") or [])}
    default = config.get("default")
    if kind in ("Int", "Float"):
        step = config.get("step")
        return Hyperparameter(
            **shared,
            default=_number(config["min_value"] if default is None else default),
            min_value=_number(config["min_value"]),
            max_value=_number(config["max_value"]),
            step=None if step is None else _number(step),
            sampling=_text(config.get("sampling") or "linear").lower(),
        )
    values: tuple[Value, ...] = (True, False) if kind == "Boolean" else _values(config.get("values", []))
    if kind == "Fixed":
        values = _values([config["value"]])
        default = values[0]
    default, *_ = _values([default]) if default is not None else values
    return Hyperparameter(**shared, default=default, values=values)


def _conditions(conditions: list[Any]) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    return tuple((str(one["config"]["name"]), _values(one["config"]["values"])) for one in conditions)


def _values(found: Any) -> tuple[Value, ...]:
    if not isinstance(found, list) or not all(isinstance(value, Value) for value in found):
        raise TypeError(f"{found!r} is no list of values")
    return tuple(found)


def _number(value: Any) -> int | float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
