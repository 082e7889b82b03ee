"""`model.fit`, wrapped once, with hooks for all that happens around it.

A hook gets the call of `fit` that begins. What it does before and after `call.proceed()` happens before and after the
training, and it may change the arguments. The hook that was added last comes first.
"""

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias

import keras

from keras_search.tuner.fast import replacing

_OWNER = "wrapped fit"


class FitCall:
    """A call of `model.fit`, which passes through the hooks to Keras's `fit` or the model's own.

    Args:
        model: The model that is trained.
        fit: The wrapped `fit`.
        signature: The signature of `fit`.
        args, kwargs: The arguments of the call.
        hooks: The hooks that are still to be called, the next one last.

    Attributes:
        model: The model that is trained.
        asked: The arguments that the caller gave, by the names of their parameters.
        arguments: The arguments that are passed on.
    """

    def __init__(
        self,
        model: keras.Model,
        fit: Callable[..., Any],
        signature: inspect.Signature,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        hooks: "list[Hook]",
    ) -> None:
        self.model = model
        self.asked = dict(signature.bind(*args, **kwargs).arguments)
        self.arguments = dict(self.asked)
        self._fit = fit
        self._signature = signature
        self._hooks = hooks
        parameters = signature.parameters.values()
        self._others = next((parameter.name for parameter in parameters if parameter.kind is parameter.VAR_KEYWORD), "")

    def proceed(self) -> Any:
        """Calls the next hook, or `fit` after the last one; returns the result of `fit`."""
        if self._hooks:
            return self._hooks.pop()(self)
        bound = self._bound()
        return self._fit(*bound.args, **bound.kwargs)

    @property
    def is_keras(self) -> bool:
        """Whether `fit` is Keras's own."""
        return getattr(self._fit, "__func__", None) is keras.Model.fit

    @property
    def given(self) -> dict[str, Any]:
        """The arguments that are passed on and are not None."""
        return {name: value for name, value in self.arguments.items() if value is not None}

    @property
    def x(self) -> Any:
        """The training data: the first argument, whatever its name."""
        bound = self._bound()
        return bound.args[0] if bound.args else bound.kwargs.get("x")

    def get(self, name: str) -> Any:
        """The argument `name`, which a `fit` may also take in its `**kwargs`; None if it is not given."""
        return self._holder(name).get(name)

    def set(self, name: str, value: Any) -> None:
        """Replaces the argument `name`, if `fit` takes it."""
        if name in self._signature.parameters:
            self.arguments[name] = value
        elif self._others:
            self.arguments[self._others] = self.arguments.get(self._others, {}) | {name: value}

    def has(self, name: str) -> bool:
        """Whether the argument `name` is given, even as None."""
        return name in self._holder(name)

    def _bound(self) -> inspect.BoundArguments:
        return inspect.BoundArguments(self._signature, OrderedDict(self.arguments))

    def _holder(self, name: str) -> dict[str, Any]:
        return self.arguments if name in self.arguments else self.arguments.get(self._others, {})


Hook: TypeAlias = Callable[[FitCall], Any]


class _WrappedFit:
    """Replaces the `fit` of a model.

    Attributes:
        hooks: The hooks of its calls, the outermost last.
    """

    def __init__(self, model: keras.Model) -> None:
        self.hooks: list[Hook] = []
        self._model = model
        self._fit = model.fit
        self._signature = inspect.signature(model.fit)
        functools.update_wrapper(self, model.fit)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return FitCall(self._model, self._fit, self._signature, args, kwargs, list(self.hooks)).proceed()


def add(model: keras.Model, hook: Hook) -> None:
    """Calls `hook` around `model.fit` from now on, outside of the hooks that were added earlier."""
    wrapped = vars(model).get("fit")
    if not isinstance(wrapped, _WrappedFit):
        wrapped = _WrappedFit(model)
        replacing.replace(model, "fit", wrapped, _OWNER)
    wrapped.hooks.append(hook)


def unwrap(model: keras.Model) -> None:
    """Restores the `fit` that the model had, without hooks."""
    replacing.put_back(model, _OWNER)
