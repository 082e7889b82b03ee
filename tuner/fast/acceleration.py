"""What an acceleration is: a part of Keras's training in whose place comes a faster one with the same numbers.

Those of layers are for a model's steps alone: in what a callback predicts, saves or exports, layers compute as Keras
has it.
"""

import contextvars
import functools
import types
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import keras

from keras_search.tuner.fast import replacing
from keras_search.tuner.fast.wrapped_fit import FitCall

_STATE = "_acceleration"
_STEPS = "steps"
_is_in_step = contextvars.ContextVar("_is_in_step", default=False)


class Acceleration(ABC):
    """A part of training that can be made faster.

    Attributes:
        name: As a trial's record calls it.
        what: What it does, in a line.
    """

    name: ClassVar[str]
    what: ClassVar[str]

    @abstractmethod
    def why_not(self, model: keras.Model, call: FitCall | None) -> str | None:
        """Why it does not apply; None where it does.

        Args:
            model: What is trained.
            call: The call of its `fit` that begins; None before the first one.
        """

    @abstractmethod
    def replace(self, model: keras.Model, call: FitCall | None) -> None:
        """Takes the place of Keras's part where it applies: in `model` (`replacing.replace`), or in this `call`.

        It may have done so before; what the model has got since then is replaced as well.
        """

    def undo(self, model: keras.Model) -> None:
        """Puts back what `replace` has replaced in `model`."""
        replacing.put_back(model, self.name)


class LayerAcceleration(Acceleration):
    """One that replaces the `call` of each layer that it covers.

    Attributes:
        lacks: Why it does not apply where a model has no such layer.
    """

    lacks: ClassVar[str]

    @abstractmethod
    def covers(self, layer: keras.layers.Layer) -> bool:
        """Whether its `call` gives what the layer's own does."""

    @staticmethod
    @abstractmethod
    def call(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        """Takes the place of the layer's own; outside of a step (`is_in_step`), and for other inputs, calls that."""

    def why_not(self, model: keras.Model, call: FitCall | None) -> str | None:
        return None if any(map(self._is_covered, replacing.layers(model))) else self.lacks

    def replace(self, model: keras.Model, call: FitCall | None) -> None:
        for layer in replacing.layers(model):
            self.replace_in(layer)

    def replace_in(self, layer: keras.layers.Layer) -> None:
        """Replaces the `call` of one layer, if it is covered."""
        if self._is_covered(layer):
            replacing.replace(layer, "call", types.MethodType(self.call, layer), self.name)

    def _is_covered(self, layer: keras.layers.Layer) -> bool:
        return self.covers(layer) and not replacing.has_its_own(layer, "call")


class CallAcceleration(Acceleration):
    """One that changes each call of `fit` to which it applies."""

    @abstractmethod
    def why_not_to(self, call: FitCall) -> str | None:
        """Why it does not apply to `call`; None where it does."""

    @abstractmethod
    def change(self, call: FitCall) -> None:
        """Changes a call to which it applies."""

    def why_not(self, model: keras.Model, call: FitCall | None) -> str | None:
        return "`model.fit` was not called" if call is None else self.why_not_to(call)

    def replace(self, model: keras.Model, call: FitCall | None) -> None:
        if call is not None:
            self.change(call)


@dataclass
class State:
    """What is kept with a model that is sped up.

    Attributes:
        seed: Decides the order of the examples in every epoch.
        trained: The number of the next epoch: those of earlier calls of `fit` are counted.
        status: By the name of each acceleration, True where it has been on, else why not.
    """

    seed: int
    trained: int = 0
    status: dict[str, bool | str] = field(default_factory=dict)


def begin(model: keras.Model, seed: int) -> State:
    """A new state of `model`."""
    vars(model)[_STATE] = State(seed)
    return state(model)


def is_on(model: Any) -> bool:
    """Whether `model` has a state; what is no model has none."""
    return _STATE in getattr(model, "__dict__", {})


def state(model: keras.Model) -> State:
    """The state of a model that has one."""
    return vars(model)[_STATE]


def end(model: keras.Model) -> None:
    """Takes the state from `model`."""
    del vars(model)[_STATE]


def mark_steps(model: keras.Model) -> None:
    """Lets layers know when they are called in a step of `model`."""
    for name in ("train_step", "test_step"):
        replacing.replace(model, name, step(getattr(model, name)), _STEPS)


def unmark_steps(model: keras.Model) -> None:
    replacing.put_back(model, _STEPS)


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
