"""Keras Tuner's names, so that a script finds them here; its tuners are the toolkit's own."""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from keras_search.tuner import TUNERS, runtime


def of(module: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a module that has the names of Keras Tuner's `module`, and loads it on demand.

    The names of `TUNERS` are the toolkit's.
    """

    def get(name: str) -> Any:
        if name == "__all__":
            return names()
        if name.startswith("__"):  # what the import system asks for; it loads nothing
            raise AttributeError(f"module has no attribute {name!r}")
        return resolve(module, name)

    def names() -> list[str]:
        return public(vars(_loaded(module)))

    return get, names


def resolve(module: str, name: str) -> Any:
    """What Keras Tuner's `module` calls `name`, or the toolkit's tuner of that name.

    Raises:
        AttributeError: There is none.
    """
    loaded = _loaded(module)
    if name in TUNERS and hasattr(loaded, name):
        return getattr(import_module("keras_search.tuner"), name)
    return getattr(loaded, name)


def public(names: Iterable[str]) -> list[str]:
    """Those of `names` that are public, in order."""
    return sorted(name for name in names if not name.startswith("_") and name != "src")


def _loaded(module: str) -> Any:
    runtime.load_keras()
    return import_module(module)
