"""The objects that a script has registered with Keras by name, for another process."""

import contextlib
import operator
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import keras

from keras_search.tuner import keras_private
from keras_search.tuner.transport import parcels

# Packages whose objects are registered in every process that imports them.
_EVERYWHERE = ("keras", "keras_tuner")


@dataclass(frozen=True)
class _Imported:
    """An object that another process imports by name."""

    module: str
    name: str


@dataclass(frozen=True)
class CustomObjects:
    """Registered objects by the names under which Keras finds them, in the form in which they are sent.

    Attributes:
        objects: Those of `keras.saving.get_custom_objects`.
        registered: The names given by `register_keras_serializable`.
        scope: Those of the enclosing `keras.saving.custom_object_scope`.
    """

    objects: Mapping[str, Any]
    registered: frozenset[str]
    scope: Mapping[str, Any]


def current() -> CustomObjects:
    """The registered objects of this process, without those that cannot be sent."""
    objects = keras.saving.get_custom_objects()
    names = keras_private.GLOBAL_CUSTOM_NAMES.values()
    scope = keras_private.get_global_attribute(keras_private.CUSTOM_OBJECTS) or {}
    return CustomObjects(_sent(objects), frozenset(names), _sent(scope))


@contextlib.contextmanager
def registered(sent: CustomObjects) -> Iterator[None]:
    """Registers what was `sent` while the block runs; of what the block itself registers, objects of modules stay."""
    objects, names = keras.saving.get_custom_objects(), keras_private.GLOBAL_CUSTOM_NAMES
    # Loaded before `before` is taken: a module registers its objects only when it is imported for the first time.
    loaded = _loaded(sent.objects)
    before, names_before = dict(objects), dict(names)
    scope = keras_private.get_global_attribute(keras_private.CUSTOM_OBJECTS)
    objects.update(loaded)
    names.update({loaded[name]: name for name in sent.registered & loaded.keys()})
    keras_private.set_global_attribute(keras_private.CUSTOM_OBJECTS, _loaded(sent.scope))
    try:
        yield
    finally:
        keras_private.set_global_attribute(keras_private.CUSTOM_OBJECTS, scope)
        kept = {name: item for name, item in objects.items() if name not in loaded and _by_name(item) is not None}
        kept_names = {item: name for item, name in names.items() if kept.get(name) is item}
        for registry, content in ((objects, kept | before), (names, kept_names | names_before)):
            registry.clear()
            registry.update(content)


def _sent(objects: Mapping[str, Any]) -> dict[str, Any]:
    sent = {}
    for name, item in objects.items():
        if str(getattr(item, "__module__", "")).partition(".")[0] in _EVERYWHERE:
            continue
        if (imported := _by_name(item)) is not None:
            sent[name] = imported
        elif _can_be_sent(item):
            sent[name] = item
    return sent


def _loaded(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The objects that were `sent`, without those that cannot be imported here."""
    loaded = {}
    for name, item in sent.items():
        if not isinstance(item, _Imported):
            loaded[name] = item
            continue
        # A trial that needs a missing object will say so.
        with contextlib.suppress(ImportError, AttributeError):
            loaded[name] = operator.attrgetter(item.name)(import_module(item.module))
    return loaded


def _by_name(item: Any) -> _Imported | None:
    """The name by which another process can import `item`; None for what is defined in a script or in a function."""
    module, name = getattr(item, "__module__", None), getattr(item, "__qualname__", None)
    if not module or not name or module in parcels.SCRIPT or "<locals>" in name:
        return None
    with contextlib.suppress(AttributeError):
        if operator.attrgetter(name)(sys.modules.get(module)) is item:
            return _Imported(module, name)
    return None


def _can_be_sent(item: Any) -> bool:
    try:
        parcels.pack(None, item)
    except Exception:  # an object's own pickling may raise anything
        return False
    return True
