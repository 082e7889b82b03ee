"""The search space of a project, from what Keras Tuner wrote of it."""

from collections.abc import Iterable
from typing import Any

from results.keras_tuner_files import DamagedFile
from search_spaces.space import Hyperparameter, Value


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
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise DamagedFile(f"the search space is not one that Keras Tuner writes ({error!r})") from None
    return list(found.values())


def _hyperparameter(entry: dict[str, Any]) -> Hyperparameter:
    config = entry["config"]
    kind = entry["class_name"]
    shared = {"kind": kind, "name": str(config["name"]), "conditions": _conditions(config.get("conditions") or [])}
    default = config.get("default")
    if kind in ("Int", "Float"):
        return Hyperparameter(
            **shared,
            default=config["min_value"] if default is None else default,
            min_value=config["min_value"],
            max_value=config["max_value"],
            step=config.get("step"),
            sampling=(config.get("sampling") or "linear").lower(),
        )
    values: tuple[Value, ...] = (True, False) if kind == "Boolean" else tuple(config.get("values", ()))
    if kind == "Fixed":
        values, default = (config["value"],), config["value"]
    return Hyperparameter(**shared, default=values[0] if default is None and values else default, values=values)


def _conditions(conditions: list[Any]) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    return tuple((str(one["config"]["name"]), tuple(one["config"]["values"])) for one in conditions)
