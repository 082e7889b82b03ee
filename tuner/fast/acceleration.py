"""The base classes of accelerations: each replaces a part of Keras's training by a faster one with the same numbers.

Accelerations of layers work only within the steps of a model. When a callback predicts, saves or exports, layers
compute as in Keras.
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
        name: Its name in a trial's record.
        what: What it does, in one line.
    """

    name: ClassVar[str]
    what: ClassVar[str]

    @abstractmethod
    def why_not(self, model: keras.Model, call: FitCall | None) -> str | None:
        """Why it does not apply; None if it does.

        Args:
            model: The model that is trained.
            call: The call of its `fit` that begins; None before the first call.
        """

    @abstractmethod
    def replace(self, model: keras.Model, call: FitCall | None) -> None:
        """Replaces Keras's part, where it applies, in `model` (`replacing.replace`) or in this `call`.

        It may be called again, to replace what was added to the model since the last time.
        """

    def undo(self, model: keras.Model) -> None:
        """Restores what `replace` has replaced in `model`."""
        replacing.put_back(model, self.name)


class LayerAcceleration(Acceleration):
    """An acceleration that replaces the `call` of each layer that it covers, or another method.

    Attributes:
        lacks: Why it does not apply to a model without such a layer.
        method: The name of the method.
    """

    lacks: ClassVar[str]
    method: ClassVar[str] = "call"

    @abstractmethod
    def covers(self, layer: keras.layers.Layer) -> bool:
        """Whether our `call` gives the same numbers as the method of `layer`."""

    @staticmethod
    @abstractmethod
    def call(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        """Replaces the layer's own method, but calls that outside of steps (`is_in_step`) and for other inputs."""

    def why_not(self, model: keras.Model, call: FitCall | None) -> str | None:
        return None if any(map(self._is_covered, replacing.layers(model))) else self.lacks

    def replace(self, model: keras.Model, call: FitCall | None) -> None:
        for layer in replacing.layers(model):
            self.replace_in(layer)

    def replace_in(self, layer: keras.layers.Layer) -> None:
        """Replaces the method of `layer`, if it is covered."""
        if self._is_covered(layer):
            replacing.replace(layer, self.method, types.MethodType(self.call, layer), self.name)

    def _is_covered(self, layer: keras.layers.Layer) -> bool:
        return self.covers(layer) and not replacing.has_its_own(layer, self.method)


class CallAcceleration(Acceleration):
    """An acceleration that changes each call of `fit` to which it applies."""

    @abstractmethod
    def why_not_to(self, call: FitCall) -> str | None:
        """Why it does not apply to `call`; None if it does."""

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
    """The state of an accelerated model, kept with it.

    Attributes:
        seed: Decides the order of the examples in every epoch.
        trained: The number of the next epoch, counted over all calls of `fit`.
        shares_traces: Whether the model may use traces of other models.
        status: By the name of each acceleration, True if it has been on, else why not.
    """

    seed: int
    trained: int = 0
    shares_traces: bool = False
    status: dict[str, bool | str] = field(default_factory=dict)


def begin(model: keras.Model, seed: int) -> State:
    """Gives `model` a new state."""
    model.__dict__[_STATE] = State(seed)
    return state(model)


def is_on(model: Any) -> bool:
    """Whether `model` has a state; anything but a model has none."""
    return _STATE in getattr(model, "__dict__", {})


def state(model: keras.Model) -> State:
    """The state of a model that has a state."""
    return model.__dict__[_STATE]


def end(model: keras.Model) -> None:
    """Removes the state of `model`."""
    del model.__dict__[_STATE]


def mark_steps(model: keras.Model) -> None:
    """Makes `is_in_step` true within the steps of `model`."""
    for name in ("train_step", "test_step"):
        replacing.replace(model, name, step(getattr(model, name)), _STEPS)


def unmark_steps(model: keras.Model) -> None:
    replacing.put_back(model, _STEPS)


def step(function: Callable[..., Any]) -> Callable[..., Any]:
    """A `train_step` or `test_step` within which `is_in_step` is true."""

    @functools.wraps(function)
    def within(*args: Any, **kwargs: Any) -> Any:
        before = _is_in_step.set(True)
        try:
            return function(*args, **kwargs)
        finally:
            _is_in_step.reset(before)

    return within


def is_in_step() -> bool:
    """Whether a step runs or is traced."""
    return _is_in_step.get()
