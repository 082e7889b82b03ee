"""Replaces methods of a model, its layers and its optimizer while it is trained, and restores them.

A method is replaced on the object, not on its class. An attribute of the object records what was there before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from keras_search.tuner import keras_private

_RECORD = "_replaced"
_ABSENT = object()


@dataclass(frozen=True)
class _Replacement:
    """One method of an object that was replaced.

    Attributes:
        owner: The name of what has replaced it.
        method: The new method.
        before: The object's own method before; `_ABSENT` if it had only its class's.
    """

    owner: str
    method: Callable[..., Any]
    before: Any


def replace(target: Any, name: str, method: Callable[..., Any], owner: str) -> None:
    """Replaces the method `name` of `target`, unless it is replaced already."""
    if not is_replaced(target, name):
        attributes = vars(target)
        attributes.setdefault(_RECORD, {})[name] = _Replacement(owner, method, attributes.get(name, _ABSENT))
        attributes[name] = method


def is_replaced(target: Any, name: str) -> bool:
    """Whether the method is replaced, and the user has not set another one since."""
    replacement = vars(target).get(_RECORD, {}).get(name)
    return replacement is not None and vars(target).get(name) is replacement.method


def has_its_own(target: Any, name: str) -> bool:
    """Whether `target` has a method of its own that does not come from here."""
    return name in vars(target) and not is_replaced(target, name)


def is_ours(target: Any, name: str) -> bool:
    """Whether the attribute is a method that was replaced, or the record of these."""
    return name == _RECORD or is_replaced(target, name)


def put_back(model: keras.Model, owner: str) -> None:
    """Restores what `owner` has replaced in a model, its layers and its optimizer; methods that a user set stay."""
    for target in (model, getattr(model, "optimizer", None), *layers(model)):
        put_back_in(target, owner)


def put_back_in(target: Any, owner: str) -> None:
    """Restores what `owner` has replaced in `target`; methods that a user set stay."""
    attributes = getattr(target, "__dict__", {})
    record = attributes.get(_RECORD, {})
    for name, replacement in list(record.items()):
        if replacement.owner != owner:
            continue
        if is_replaced(target, name) and replacement.before is _ABSENT:
            del attributes[name]
        elif is_replaced(target, name):
            attributes[name] = replacement.before
        del record[name]
    if not record:
        attributes.pop(_RECORD, None)


def layers(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers of a model, including those of models inside it."""
    return keras_private.layers(model, include_self=False)
