"""Describes a search space, without loading Keras."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from keras_search.results.hyperparameter import Hyperparameter, Value

if TYPE_CHECKING:
    import keras
    import keras_tuner

    from keras_search.search_spaces.space_hypermodel import SpaceHyperModel


V = TypeVar("V", bound=Value)


class SpaceError(ValueError):
    """A search space, hyperparameter or value that does not exist, or a space that does not work."""


class Declaration:
    """Stands in for `keras_tuner.HyperParameters` to describe a space.

    It has the same methods, returns the defaults, and records what is declared.
    """

    def __init__(self) -> None:
        self.hyperparameters: list[Hyperparameter] = []
        self._conditions: tuple[tuple[str, tuple[Value, ...]], ...] = ()

    def Int(
        self,
        name: str,
        min_value: int,
        max_value: int,
        step: int | None = None,
        sampling: str = "linear",
        default: int | None = None,
    ) -> int | None:
        default = min_value if default is None else default
        return self._add("Int", name, default, min_value, max_value, step, sampling)

    def Float(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str = "linear",
        default: float | None = None,
    ) -> float | None:
        default = min_value if default is None else default
        return self._add("Float", name, default, min_value, max_value, step, sampling)

    def Choice(
        self, name: str, values: list[Value], ordered: bool | None = None, default: Value | None = None
    ) -> Value | None:
        return self._add("Choice", name, values[0] if default is None else default, values=tuple(values))

    def Boolean(self, name: str, default: bool = False) -> bool | None:
        return self._add("Boolean", name, default, values=(True, False))

    def Fixed(self, name: str, value: Value) -> Value | None:
        return self._add("Fixed", name, value, values=(value,))

    @contextlib.contextmanager
    def conditional_scope(self, parent_name: str, parent_values: list[Value]) -> Iterator[None]:
        outer = self._conditions
        self._conditions = (*outer, (parent_name, tuple(parent_values)))
        try:
            yield
        finally:
            self._conditions = outer

    def _add(self, kind: str, name: str, default: V, *arguments: Any, **keywords: Any) -> V | None:
        self.hyperparameters.append(
            Hyperparameter(kind, name, default, *arguments, **keywords, conditions=self._conditions)
        )
        return default if self._is_active() else None

    def _is_active(self) -> bool:
        defaults = {hyperparameter.name: hyperparameter.default for hyperparameter in self.hyperparameters}
        return all(defaults[parent] in values for parent, values in self._conditions)


@dataclass(frozen=True)
class SearchSpace:
    """A space of models around a documented model.

    Attributes:
        name: Its name on the command line.
        summary: A line on what it searches.
        declare: Declares every hyperparameter, `epochs` included; its defaults are the baseline point.
        build: Builds the compiled model of a point from its values, the input shape (height, width, channels) and the
            number of classes.
        callbacks: The callbacks that the training of a point needs, such as a learning-rate schedule.
        batch_size: The documented batch size; a hyperparameter `batch_size` takes precedence.
        needs_validation_data: Always False: models can be trained without.
    """

    needs_validation_data: ClassVar[bool] = False

    name: str
    summary: str
    declare: "Callable[[keras_tuner.HyperParameters | Declaration], None]" = field(repr=False)
    build: "Callable[[keras_tuner.HyperParameters, tuple[int, ...], int], keras.Model]" = field(repr=False)
    callbacks: "Callable[[keras_tuner.HyperParameters], list[keras.callbacks.Callback]]" = field(
        repr=False, default=lambda hp: []
    )
    batch_size: int = 32

    @property
    def hyperparameters(self) -> list[Hyperparameter]:
        """Every hyperparameter, in the order of declaration."""
        declaration = Declaration()
        self.declare(declaration)
        return declaration.hyperparameters

    @property
    def baseline(self) -> dict[str, Value]:
        """The documented point: the default of every hyperparameter that is active there."""
        point: dict[str, Value] = {}
        for hyperparameter in self.hyperparameters:
            if all(point.get(parent) in values for parent, values in hyperparameter.conditions):
                point[hyperparameter.name] = hyperparameter.default
        return point

    def hypermodel(self, input_shape: tuple[int, ...], num_classes: int) -> "SpaceHyperModel":
        """This space as a `keras_tuner.HyperModel` for images of `input_shape` in `num_classes` classes."""
        from keras_search.search_spaces.space_hypermodel import SpaceHyperModel

        return SpaceHyperModel(self, input_shape, num_classes)
