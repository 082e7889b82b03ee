"""The two forms of a `Tuner`'s arguments: Keras Tuner's, and the toolkit's, which needs no oracle."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras_tuner

from keras_search.results.text import is_it
from keras_search.tuner import oracles

# The name of a project that has none, in Keras Tuner's form and in the toolkit's.
UNTITLED = "untitled_project", "untitled"

_POSITIONS = ("hypermodel", "objective", "max_trials", "seed")
_DEFAULTS = {
    "objective": "val_accuracy",
    "seed": 0,
    "directory": "runs",
    "project_name": UNTITLED[1],
    "keep_weights": 3,
}


def either(init: Callable[..., None]) -> Callable[..., None]:
    """Decorates an `__init__` that takes Keras Tuner's arguments, an oracle first, so that it takes both forms.

    The toolkit's begins with the hypermodel: `Tuner(hypermodel, objective, max_trials, seed, ...)`, with an oracle by
    its name, and with defaults of its own.
    """

    @functools.wraps(init)
    def taking_either(self: Any, *args: Any, **kwargs: Any) -> None:
        _require_known(type(self), init, kwargs)
        if not _is_keras_tuners(args, kwargs):
            if len(args) > len(_POSITIONS):
                raise TypeError(f"Tuner takes {len(_POSITIONS)} positional arguments, {', '.join(_POSITIONS)}")
            given = dict(zip(_POSITIONS, args))
            if twice := next((name for name in given if name in kwargs), None):
                raise TypeError(f"Tuner got {twice} twice")
            args, kwargs = (), _completed({**given, **kwargs})
        elif args and (its_own := next((name for name in ("objective", "max_trials") if name in kwargs), None)):
            raise TypeError(f"{type(self).__name__} got {its_own}, which only its oracle may take: leave it out")
        init(self, *args, **kwargs)

    return taking_either


def _completed(given: dict[str, Any]) -> dict[str, Any]:
    oracle, max_trials = oracles.chosen(
        given.get("oracle"), given.get("max_trials"), given.get("time_budget") is not None
    )
    return {"oracle": oracle, "max_trials": max_trials, **_DEFAULTS, **given}


def _require_known(kind: type, init: Callable[..., None], kwargs: dict[str, Any]) -> None:
    names = {name for each in (init, kind.__init__) for name in inspect.signature(each).parameters}
    for name in kwargs.keys() - names - {"self"}:
        raise TypeError(f"{kind.__name__} has no argument {name!r}{is_it(name, names - {'self', 'args', 'kwargs'})}")


def _is_keras_tuners(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return isinstance(args[0] if args else kwargs.get("oracle"), keras_tuner.Oracle)
