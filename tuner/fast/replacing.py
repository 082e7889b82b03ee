"""What is replaced on a model, its layers and its optimizer while it is trained, so that all of it can be put back.

A method is replaced on the object alone, where an attribute tells what was there before, if anything.
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
        owner: Who has replaced it.
        method: What took its place.
        before: What the object had of its own; `_ABSENT` where it had its class's.
    """

    owner: str
    method: Callable[..., Any]
    before: Any


def replace(thing: Any, name: str, method: Callable[..., Any], owner: str) -> None:
    """Gives `thing` another `method`, where it is not replaced already."""
    if not is_replaced(thing, name):
        attributes = vars(thing)
        attributes.setdefault(_RECORD, {})[name] = _Replacement(owner, method, attributes.get(name, _ABSENT))
        attributes[name] = method


def is_replaced(thing: Any, name: str) -> bool:
    """Whether what took the place of the method is there still: a user may have given `thing` another one since."""
    replacement = vars(thing).get(_RECORD, {}).get(name)
    return replacement is not None and vars(thing).get(name) is replacement.method


def has_its_own(thing: Any, name: str) -> bool:
    """Whether somebody else has given `thing` a method that is not its class's."""
    return name in vars(thing) and not is_replaced(thing, name)


def put_back(model: keras.Model, owner: str) -> None:
    """Gives a model, its layers and its optimizer back what `owner` has replaced, and nobody after it."""
    for thing in (model, getattr(model, "optimizer", None), *layers(model)):
        attributes = getattr(thing, "__dict__", {})
        record = attributes.get(_RECORD, {})
        for name, replacement in list(record.items()):
            if replacement.owner != owner:
                continue
            if is_replaced(thing, name) and replacement.before is _ABSENT:
                del attributes[name]
            elif is_replaced(thing, name):
                attributes[name] = replacement.before
            del record[name]
        if not record:
            attributes.pop(_RECORD, None)


def layers(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers of a model, those of models within it too."""
    return keras_private.layers(model, include_self=False)
