"""What a trial changes of the user's objects in its own process, where it stays: filled lists, counts, attributes.

Only what the user's functions name is looked at, as closely as takes no time.
"""

import contextlib
import sys
import time
import types
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import keras
import keras_tuner
import numpy as np

from keras_search.search_spaces.origin import is_users
from keras_search.tuner.transport import parcels

_SECONDS = 0.2
_MOST_OBJECTS = 5_000
# Of a container, as many items are compared from its beginning, and as many from its end.
_MOST_ITEMS = 500
_MOST_COMPARED = 50_000
# Of a container, the objects in so many items are visited.
_MOST_VISITED = 30
_DEPTH = 4

_ATOMS = (type(None), bool, int, float, complex, str, bytes)
_CONTAINERS = (list, tuple, dict, set, frozenset, deque)
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, type)
# Keras changes their attributes.
_OPAQUE = (keras.Model, keras.layers.Layer, keras.optimizers.Optimizer, keras.utils.PyDataset)
_SET_BY_KERAS = ("model", "params")


@dataclass(frozen=True)
class State:
    """What there was at one time.

    Attributes:
        places: The name in messages and the state of each variable, by the id of what has it and its name there.
        owners: What has variables, by id; held, so that no other object gets its id.
        is_whole: Whether all was looked at in the time that there is.
    """

    places: dict[tuple[int, str], tuple[str, Any]] = field(default_factory=dict)
    owners: dict[int, Any] = field(default_factory=dict)
    is_whole: bool = True


def state(roots: Iterable[Any]) -> State:
    """The state of what `roots`, and the user's functions that they lead to, name; never raises."""
    try:
        return _Walk(roots).state()
    except Exception:  # from an object of the user's that pretends to be another
        return State(is_whole=False)


def changed(before: State, after: State) -> list[str]:
    """The names of what differs, or is new where something else was; in the order in which it was found."""
    names = {}
    for key, (name, now) in after.places.items():
        if key in before.places:
            is_changed = before.places[key][1] != now
        else:
            is_changed = before.is_whole and key[0] in before.owners
        if is_changed:
            names[name] = None
    return list(names)


class _Walk:
    """Goes from functions, classes and objects to all that they lead to."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self._waiting = deque(roots)
        self._known: dict[int, Any] = {}
        self._owners: dict[int, Any] = {}
        # Owner, variable, its name in messages, its value, and whether it counts only if some function names it.
        self._found: list[tuple[int, str, str, Any, bool]] = []
        self._named: set[str] = set()
        self._left = _MOST_COMPARED

    def state(self) -> State:
        until = time.thread_time() + _SECONDS
        while self._waiting and len(self._known) < _MOST_OBJECTS and time.thread_time() < until:
            thing = self._waiting.popleft()
            if id(thing) not in self._known:
                self._known[id(thing)] = thing
                self._visit(thing)
        # First now it is known which attributes functions name.
        places = {
            (owner, variable): (name, self._mark(value, _DEPTH))
            for owner, variable, name, value, is_attribute in self._found
            if variable in self._named or not is_attribute
        }
        return State(places, self._owners, not self._waiting)

    def _visit(self, thing: Any) -> None:
        if isinstance(thing, types.FunctionType):
            self._function(thing)
        elif isinstance(thing, types.MethodType):
            self._waiting += (thing.__func__, thing.__self__)
        elif isinstance(thing, partial):
            self._waiting += (thing.func, *thing.args, *thing.keywords.values())
        elif isinstance(thing, staticmethod | classmethod):
            self._waiting.append(thing.__func__)
        elif isinstance(thing, property):
            self._waiting += (thing.fget, thing.fset)
        elif isinstance(thing, type):
            self._class(thing)
        elif issubclass(type(thing), _CONTAINERS):
            self._waiting += _objects_in(thing)
        elif not isinstance(thing, (*_ATOMS, types.ModuleType)):
            self._object(thing)

    def _function(self, function: types.FunctionType) -> None:
        # What wraps a function of the user's holds it in its closure, be it the user's or not.
        is_users_own = _is_of_user(function.__globals__.get("__name__"))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            with contextlib.suppress(ValueError):  # it has no value yet
                self._note(cell, name, name, cell.cell_contents, is_noted=is_users_own)
        if not is_users_own:
            return
        names = set(_names(function.__code__))
        self._named |= names
        self._variables(function.__globals__, names)
        for module in (function.__globals__.get(name) for name in names):
            if isinstance(module, types.ModuleType) and _is_of_user(module.__name__):
                self._variables(vars(module), names)

    def _variables(self, namespace: dict[str, Any], names: set[str]) -> None:
        """Notes the variables of a module that are called so."""
        module = namespace.get("__name__", "__main__")
        prefix = f"{module}." if module not in parcels.SCRIPT and module in sys.modules else ""
        for name in sorted(names & namespace.keys()):
            self._note(namespace, name, f"{prefix}{name}", namespace[name])
        self._owners[id(namespace)] = namespace

    def _class(self, kind: type) -> None:
        if _is_of_user(kind.__module__):
            for name, value in list(vars(kind).items()):
                if not name.startswith("__"):
                    self._note(kind, name, f"{kind.__name__}.{name}", value, is_attribute=True)
                else:
                    self._waiting.append(value)
            self._waiting += kind.__bases__

    def _object(self, thing: Any) -> None:
        kind, attributes = type(thing), getattr(thing, "__dict__", {})
        if "__wrapped__" in attributes:  # a cache of functools, a tf.function
            self._waiting.append(attributes["__wrapped__"])
        is_users_own = _is_of_user(kind.__module__)
        if not is_users_own and not isinstance(thing, keras_tuner.HyperModel):
            return
        self._waiting.append(kind)
        if isinstance(thing, _OPAQUE):
            return
        self._owners[id(thing)] = thing
        is_callback = isinstance(thing, keras.callbacks.Callback)
        for name, value in list(attributes.items()):
            is_noted = is_users_own and not (is_callback and name in _SET_BY_KERAS)
            self._note(thing, name, f"{kind.__name__}.{name}", value, is_attribute=True, is_noted=is_noted)

    def _note(
        self, owner: Any, variable: str, name: str, value: Any, is_attribute: bool = False, is_noted: bool = True
    ) -> None:
        self._owners[id(owner)] = owner
        if is_noted and not isinstance(value, (*_CODE, staticmethod, classmethod, property)):
            self._found.append((id(owner), variable, name, value, is_attribute))
        self._waiting.append(value)

    def _mark(self, value: Any, depth: int) -> Any:
        """What is compared of `value`: of what is no text, number or container the type alone; its own `==` never."""
        self._left -= 1
        kind = type(value)
        if kind is float and value != value:
            return "nan"
        if kind in _ATOMS:
            return kind, value
        if isinstance(value, np.generic):
            return kind, value.tobytes()
        if isinstance(value, np.ndarray):
            return value.shape, value.dtype.str, _sample(value)
        if kind.__module__.partition(".")[0] == "pandas":
            return kind, getattr(value, "shape", None)
        if not issubclass(kind, _CONTAINERS):
            return kind
        length = _length(value)
        if depth == 0 or self._left < 0:
            return kind, length
        items = _items(value)
        if length > 2 * _MOST_ITEMS:
            items = items[:_MOST_ITEMS] + items[-_MOST_ITEMS:]
        marks = [self._mark(item, depth - 1) for item in items]
        # The order of a set may be another without a change.
        return kind, length, frozenset(map(repr, marks)) if issubclass(kind, set | frozenset) else marks


def _is_of_user(module: str | None) -> bool:
    """Whether the code of `module` is the user's own."""
    if module is None or module == "__main__":
        return module is not None
    loaded = sys.modules.get(module)
    if loaded is None:  # it came by value, from a module that only the script has
        return True
    file = getattr(loaded, "__file__", None)
    return file is not None and is_users(file)


def _names(code: types.CodeType) -> Iterator[str]:
    """All names in `code` and in the functions within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _length(container: Any) -> int:
    return _python_type(container).__len__(container)


def _items(container: Any) -> list[Any]:
    """The items of `container`; the keys and values of a dict."""
    kind = _python_type(container)
    return list(chain.from_iterable(dict.items(container)) if kind is dict else kind.__iter__(container))


def _objects_in(container: Any, depth: int = 2) -> Iterator[Any]:
    """The first objects in `container` and in containers in it; of data, which are much, nothing is visited."""
    for item in _items(container)[:_MOST_VISITED]:
        if not issubclass(type(item), _CONTAINERS):
            if not isinstance(item, (*_ATOMS, np.ndarray)):
                yield item
        elif depth:
            yield from _objects_in(item, depth - 1)


def _python_type(container: Any) -> Any:
    """The type of Python's that the class of `container` comes from, whatever that class makes of its items."""
    return next(kind for kind in _CONTAINERS if issubclass(type(container), kind))


def _sample(array: np.ndarray) -> bytes | None:
    """Some of the bytes of `array`; None where that would copy it."""
    if array.dtype == object or not array.flags.c_contiguous:
        return None
    flat = array.reshape(-1)
    return flat[:: max(1, flat.size // _MOST_ITEMS)].tobytes()
