"""The configurations of Keras models: read, and compared without regard to how a model was written."""

import re
from collections.abc import Mapping
from typing import Any

import keras

# What Keras serializes beside the arguments of a constructor or a call.
_NOTED = {"build_config", "build_input_shape", "compile_config", "registered_name"}
_REFERENCES = {"keras_history", "input_layers", "output_layers"}


def compile_config(model: keras.Model) -> dict[str, Any]:
    """The arguments that `model` was compiled with, as Keras serializes them."""
    config = model.get_compile_config()
    assert isinstance(config, dict)  # a model that was trained is compiled
    return config


def is_same(config: Any, other: Any) -> bool:
    """Whether two configurations are the same, except for the numbers that Keras appends to names."""
    return canonical(config) == canonical(other)


def canonical(value: Any, key: str = "", layers: Mapping[str, int] | None = None) -> Any:
    """`value` with lists in place of tuples, names without numbers, and layers referred to by their place in the model.

    Args:
        key: The key of `value` in a mapping.
        layers: The places of the layers in the innermost model around `value`, by name.
    """
    match value:
        case str() if key == "name":
            return re.sub(r"_\d+$", "", value)
        case str() if key in _REFERENCES:
            return (layers or {}).get(value, value)
        case {"class_name": "function", "config": name}:
            return name
        case {"class_name": "__tuple__", "items": items}:
            return canonical(items, key, layers)
        case Mapping():
            if isinstance(inner := value.get("layers"), list):
                layers = {spec["name"]: place for place, spec in enumerate(inner) if "name" in spec}
            arguments = {name: item for name, item in value.items() if name not in _NOTED}
            if arguments.get("mask", ...) is None:
                del arguments["mask"]
            return {name: canonical(item, name, layers) for name, item in arguments.items()}
        case list() | tuple():
            return [canonical(item, key, layers) for item in value]
        case _:
            return value
