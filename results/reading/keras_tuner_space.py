"""The search space of a project, as Keras Tuner wrote it."""

import math
from collections.abc import Iterable
from typing import Any

from keras_search.results.errors import DamagedFile
from keras_search.results.hyperparameter import Hyperparameter, Value


def union(spaces: Iterable[Any]) -> list[Hyperparameter]:
    """Every hyperparameter of `spaces`, which are lists of entries as Keras Tuner writes them, in order of appearance.

    As in Keras Tuner, the same name under different conditions makes different hyperparameters.

    Raises:
        DamagedFile: An entry is not one that Keras Tuner writes.
    """
    hyperparameters: dict[tuple[str, Any], Hyperparameter] = {}
    before = None
    try:
        for space in spaces:
            if space == before:  # usually the same in all trials
                continue
            before = space
            for hyperparameter in map(_hyperparameter, space):
                hyperparameters.setdefault((hyperparameter.name, hyperparameter.conditions), hyperparameter)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise DamagedFile(f"the search space is not one that Keras Tuner writes ({error!r})") from None
    return list(hyperparameters.values())


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
    default = values[0] if default is None else _values([default])[0]
    return Hyperparameter(**shared, default=default, values=values)


def _conditions(conditions: list[Any]) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    return tuple((str(condition["config"]["name"]), _values(condition["config"]["values"])) for condition in conditions)


def _values(values: Any) -> tuple[Value, ...]:
    if not isinstance(values, list) or not all(isinstance(value, Value) for value in values):
        raise TypeError(f"{values!r} is no list of values")
    return tuple(values)


def _number(value: Any) -> int | float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
