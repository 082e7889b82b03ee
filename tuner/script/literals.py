"""The code of plain values and of the names of Keras's classes."""

import importlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

Spec = Mapping[str, Any]  # what Keras serializes an object to: `module`, `class_name`, `config`


class NoPlainCode(Exception):
    """Something cannot be written with Keras alone; the message names it."""


def literal(value: Any) -> str:
    """The code of a plain value.

    Raises:
        NoPlainCode: `value` is no plain value.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, tuple):
        return in_tuple([literal(item) for item in value])
    if isinstance(value, str):
        text = repr(value)
        return text if '"' in text else f'"{text[1:-1]}"'
    raise NoPlainCode(f"a value of the type {type(value).__name__}")


def in_tuple(codes: list[str]) -> str:
    return f"({', '.join(codes)}{',' * (len(codes) == 1)})"


def name_of_class(spec: Spec) -> str | None:
    """The name of the class of `spec` in a script, such as `layers.Dense`; None if the class is not Keras's own."""
    from keras_search.tuner import keras_private

    module, name = spec["module"] or "", spec["class_name"]
    if module.startswith(keras_private.MODELS):
        return f"keras.{name}"
    if module.startswith(keras_private.OPTIMIZERS) and hasattr(importlib.import_module("keras.optimizers"), name):
        return f"keras.optimizers.{name}"  # which makes that of the backend
    if module.split(".")[0] != "keras" or module.startswith("keras.src"):
        return None
    if not hasattr(importlib.import_module(module), name):
        return None
    return f"{'layers' if module == 'keras.layers' else module}.{name}"


def described(spec: Spec) -> str:
    """The object of `spec` in the words of a message."""
    config = spec["config"]
    name = config.get("name") if isinstance(config, Mapping) else None
    return f"{name!r} of the class {spec['class_name']}" if name else f"an object of the class {spec['class_name']}"
