"""What is replaced on a model, its layers and its optimizer while it is trained, so that all of it can be put back.

A method is replaced on the object alone, which is told by an attribute of its own: what was there before, if anything.
Outside of a model's steps - in what a callback predicts, saves or exports - layers compute as Keras has it.
"""

import contextvars
import functools
from collections.abc import Callable
from typing import Any

import keras

from keras_search.tuner import keras_private

_RECORD = "_replaced"
_ABSENT = object()
_is_in_step = contextvars.ContextVar("_is_in_step", default=False)


def replace(thing: Any, name: str, method: Callable[..., Any]) -> None:
    """Gives `thing` another `method`; the one that it had first is what `restore` gives back."""
    attributes = vars(thing)
    attributes.setdefault(_RECORD, {}).setdefault(name, attributes.get(name, _ABSENT))
    attributes[name] = method


def restore(model: keras.Model) -> None:
    """Gives a model, its layers and its optimizer back what was replaced, for whoever goes on with them."""
    is_looped = "make_train_function" in vars(model).get(_RECORD, {})
    for thing in (model, getattr(model, "optimizer", None), *keras_private.layers(model, include_self=False)):
        for name, before in getattr(thing, "__dict__", {}).pop(_RECORD, {}).items():
            if before is _ABSENT:
                del vars(thing)[name]
            else:
                vars(thing)[name] = before
    if is_looped:
        forget_functions(model)


def forget_functions(model: keras.Model) -> None:
    """Lets a model make the functions for its steps anew."""
    model.train_function = model.test_function = None


def step(function: Callable[..., Any]) -> Callable[..., Any]:
    """The `train_step` or `test_step` of a model, in which `is_in_step`."""

    @functools.wraps(function)
    def within(*args: Any, **kwargs: Any) -> Any:
        before = _is_in_step.set(True)
        try:
            return function(*args, **kwargs)
        finally:
            _is_in_step.reset(before)

    return within


def is_in_step() -> bool:
    """Whether a step is taken or traced."""
    return _is_in_step.get()
