"""What a script has registered with Keras by name, taken along to another process."""

import contextlib
import operator
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import cloudpickle
import keras

from keras_search.tuner import keras_private

# Their objects are registered wherever they are imported.
_EVERYWHERE = ("keras", "keras_tuner")


@dataclass(frozen=True)
class _Imported:
    """An object that another process finds by name, where it has the module."""

    module: str
    name: str


@dataclass(frozen=True)
class CustomObjects:
    """Objects by the name under which Keras finds them, as they are sent.

    Attributes:
        objects: Those of `keras.saving.get_custom_objects`.
        registered: The names that `register_keras_serializable` gave.
        scope: Those of the `keras.saving.custom_object_scope` around.
    """

    objects: Mapping[str, Any]
    registered: frozenset[str]
    scope: Mapping[str, Any]


def current() -> CustomObjects:
    """Those of the script, without those that cannot be sent."""
    objects = keras.saving.get_custom_objects()
    names = keras_private.GLOBAL_CUSTOM_NAMES.values()
    scope = keras_private.get_global_attribute(keras_private.CUSTOM_OBJECTS) or {}
    return CustomObjects(_sent(objects), frozenset(names), _sent(scope))


@contextlib.contextmanager
def registered(sent: CustomObjects) -> Iterator[None]:
    """Registers what was `sent` while the block runs; of what the block registers, only modules' objects stay."""
    objects, names = keras.saving.get_custom_objects(), keras_private.GLOBAL_CUSTOM_NAMES
    # Modules register theirs as they are imported, once.
    found = _found(sent.objects)
    before, names_before = dict(objects), dict(names)
    scope = keras_private.get_global_attribute(keras_private.CUSTOM_OBJECTS)
    objects.update(found)
    names.update({found[name]: name for name in sent.registered & found.keys()})
    keras_private.set_global_attribute(keras_private.CUSTOM_OBJECTS, _found(sent.scope))
    try:
        yield
    finally:
        keras_private.set_global_attribute(keras_private.CUSTOM_OBJECTS, scope)
        kept = {name: one for name, one in objects.items() if name not in found and _by_name(one) is not None}
        kept_names = {one: name for one, name in names.items() if kept.get(name) is one}
        for registry, content in ((objects, kept | before), (names, kept_names | names_before)):
            registry.clear()
            registry.update(content)


def _sent(objects: Mapping[str, Any]) -> dict[str, Any]:
    sent = {}
    for name, one in objects.items():
        if str(getattr(one, "__module__", "")).partition(".")[0] in _EVERYWHERE:
            continue
        if (imported := _by_name(one)) is not None:
            sent[name] = imported
        elif _can_be_sent(one):
            sent[name] = one
    return sent


def _found(sent: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, one in sent.items():
        # A trial that needs it will say so.
        with contextlib.suppress(ImportError, AttributeError):
            found[name] = one
            if isinstance(one, _Imported):
                del found[name]
                found[name] = operator.attrgetter(one.name)(import_module(one.module))
    return found


def _by_name(one: Any) -> _Imported | None:
    """How another process may import it; None for what is made in a script or in a function."""
    module, name = getattr(one, "__module__", None), getattr(one, "__qualname__", None)
    if not module or not name or module == "__main__" or "<locals>" in name:
        return None
    with contextlib.suppress(AttributeError):
        if operator.attrgetter(name)(sys.modules.get(module)) is one:
            return _Imported(module, name)
    return None


def _can_be_sent(one: Any) -> bool:
    try:
        cloudpickle.dumps(one)
    except Exception:  # whatever its own way of being pickled raises
        return False
    return True
