"""What cannot go to another process, under the name by which its user knows it."""

import dis
import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import keras_tuner
import numpy as np

from keras_search.results.text import error_line
from keras_search.tuner.data import shared
from keras_search.tuner.data.images import Images
from keras_search.tuner.transport import parcels

HYPERMODEL = "the hypermodel"


@dataclass(frozen=True)
class _Part:
    """A part of something that cannot go.

    Attributes:
        value: The part itself.
        name: Its name in messages; None if it has none, as an element of a list.
    """

    value: Any
    name: str | None = None

    @property
    def is_code(self) -> bool:
        kinds = (functools.partial, keras_tuner.HyperModel)
        return inspect.isroutine(self.value) or inspect.isclass(self.value) or isinstance(self.value, kinds)


def find(parts: Mapping[str, Any]) -> str | None:
    """Says of the first of `parts` that cannot go to another process what it is, and why; None if all can.

    Args:
        parts: The parts by their names in messages, the hypermodel as `HYPERMODEL`. Arrays in them, which go as files,
            may be left out.
    """
    for name, part in parts.items():
        error = _error(part)
        if error is not None:
            culprit = _culprit(_Part(part, name), {id(part)}) or _Part(part, name)
            named = culprit.name
            within = "" if name in (named, HYPERMODEL) else f" in {name}"
            return f"{named}{within} cannot go to worker processes ({error_line(_error(culprit.value) or error)})"
    return None


def _error(value: Any) -> Exception | None:
    try:
        with shared.keeping(None):
            parcels.pack(None, value)
    except Exception as error:  # an object's own pickling may raise anything
        return error
    return None


def _culprit(part: _Part, seen: set[int]) -> _Part | None:
    """What in `part` cannot go and has a name: the variable of a function, or the attribute of an object.

    Args:
        seen: The ids of all parts so far.
    """
    for inner in _parts(part.value):
        if id(inner.value) in seen or _error(inner.value) is None:
            continue
        seen.add(id(inner.value))
        if inner.name is not None and not inner.is_code:
            return inner
        if (culprit := _culprit(inner, seen)) is not None:
            return culprit
    return None


def _parts(value: Any) -> Iterator[_Part]:
    """What `value` holds: variables that its code uses, attributes, elements."""
    if isinstance(value, functools.partial):
        yield from map(_Part, (value.func, value.args, value.keywords))
    elif inspect.ismethod(value):
        yield from (_Part(value.__func__), _Part(value.__self__))
    elif inspect.isfunction(value):
        yield from (_Part(held, f"the variable `{name}` that `{value.__name__}` uses") for name, held in _used(value))
        yield from map(_Part, value.__defaults__ or ())
    elif inspect.isclass(value):
        yield from (_Part(held, f"the attribute `{name}` of {value.__name__}") for name, held in vars(value).items())
    elif isinstance(value, Mapping):
        yield from map(_Part, value.values())
    elif isinstance(value, list | tuple | set):
        yield from map(_Part, value)
    elif not type(value).__module__.startswith("tensorflow"):  # which has no attributes that users know
        kind = type(value).__name__
        a_kind = f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"
        owner = HYPERMODEL if isinstance(value, keras_tuner.HyperModel) else a_kind
        held = vars(value).items() if hasattr(value, "__dict__") else ()
        yield from (_Part(inner, f"the attribute `{name}` of {owner}") for name, inner in held)
        yield _Part(type(value))


def _used(function: Any) -> Iterator[tuple[str, Any]]:
    """The variables outside of `function` that it uses, by their names."""
    yield from inspect.getclosurevars(function).nonlocals.items()
    for name in _globals(function.__code__):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _globals(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals(constant)


def without_arrays(leaf: Any) -> Any:
    """`leaf` of an argument; None for an array, which goes as a file."""
    is_array = isinstance(leaf, Images) or (isinstance(leaf, np.ndarray) and leaf.dtype != object)
    return None if is_array else leaf
