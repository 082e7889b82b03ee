"""`model.fit`, wrapped once: whatever is to happen around it is a hook that is hung on it here.

A hook is called with the call of `fit` that begins. What it does before and after `call.proceed()` is done before and
after the training, on arguments that it may change; the hook that was added last comes first.
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
    """A call of `model.fit` on its way through the hooks to Keras, or to a `fit` of the model's own.

    Args:
        model: What is trained.
        fit: What it had for `fit`.
        signature: That of `fit`.
        args, kwargs: What `fit` is called with.
        hooks: Those that are still to be called, the next one last.

    Attributes:
        model: What is trained.
        asked: The arguments as the call had them, by the names of their parameters.
        arguments: The same as they go on.
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
        """Calls the next hook, or trains at last; what `fit` gives."""
        if self._hooks:
            return self._hooks.pop()(self)
        bound = self._bound()
        return self._fit(*bound.args, **bound.kwargs)

    @property
    def is_keras(self) -> bool:
        """Whether the `fit` is Keras's own."""
        return getattr(self._fit, "__func__", None) is keras.Model.fit

    @property
    def given(self) -> dict[str, Any]:
        """The arguments that are not None, as they go on."""
        return {name: value for name, value in self.arguments.items() if value is not None}

    @property
    def x(self) -> Any:
        """What is trained on: the first argument, whatever its name."""
        bound = self._bound()
        return bound.args[0] if bound.args else bound.kwargs.get("x")

    def get(self, name: str) -> Any:
        """The argument `name`, which a `fit` may take without naming it; None where it is not given."""
        return self._holder(name).get(name)

    def set(self, name: str, value: Any) -> None:
        """Replaces the argument `name`; one that `fit` does not take is left out."""
        if name in self._signature.parameters:
            self.arguments[name] = value
        elif self._others:
            self.arguments[self._others] = self.arguments.get(self._others, {}) | {name: value}

    def has(self, name: str) -> bool:
        """Whether the argument `name` is given, be it as None."""
        return name in self._holder(name)

    def _bound(self) -> inspect.BoundArguments:
        return inspect.BoundArguments(self._signature, OrderedDict(self.arguments))

    def _holder(self, name: str) -> dict[str, Any]:
        return self.arguments if name in self.arguments else self.arguments.get(self._others, {})


Hook: TypeAlias = Callable[[FitCall], Any]


class _WrappedFit:
    """What takes the place of `fit`.

    Attributes:
        hooks: Those of its calls, the outermost last.
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
    """Has `hook` called around `model.fit`, before those that were added earlier."""
    wrapped = vars(model).get("fit")
    if not isinstance(wrapped, _WrappedFit):
        wrapped = _WrappedFit(model)
        replacing.replace(model, "fit", wrapped, _OWNER)
    wrapped.hooks.append(hook)


def unwrap(model: keras.Model) -> None:
    """Gives back the `fit` that the model had, without hooks."""
    replacing.put_back(model, _OWNER)
