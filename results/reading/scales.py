"""The hyperparameters of a run as scales of plots: the positions of their values, and which of them to mark."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from keras_search.results import layout
from keras_search.results.errors import RunError
from keras_search.results.hyperparameter import Hyperparameter
from keras_search.results.numbers import is_missing, settings
from keras_search.results.reading import scores

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from keras_search.results.reading.run import Run

_LOG_RATIO = 50  # if the sampling is not known, values whose ratio is larger go on a log scale
_MOST_LEVELS = 12  # a choice among more numbers gets a scale of numbers instead of categories
_MOST_TICKS = 7


@dataclass(frozen=True)
class Scale:
    """A hyperparameter, and how its values are laid out on an axis.

    Attributes:
        name: The name of the hyperparameter.
        kind: `linear`, `log` or `category`.
        levels: For a category its values in order; for numbers the smallest and the largest that were tried.
    """

    name: str
    kind: str
    levels: tuple[Any, ...]

    def positions(self, trials: "pd.DataFrame") -> "np.ndarray":
        """The positions of the values in `trials`: the number, its decimal logarithm, or the index of the level.

        NaN if the hyperparameter was not active.
        """
        import numpy as np

        column = trials[f"{layout.HYPERPARAMETER_PREFIX}{self.name}"]
        return np.array([math.nan if is_missing(value) else self._position(value) for value in column], dtype=float)

    def limits(self) -> tuple[float, float]:
        """The positions of the first and the last level."""
        return self._position(self.levels[0]), self._position(self.levels[-1])

    def ticks(self, width: float, write: Callable[[Sequence[str]], list[str]]) -> tuple[list[float], list[str]]:
        """Positions to mark and their labels, as many as fit side by side on an axis `width` characters wide.

        Args:
            write: Makes labels of the values, given as texts.
        """
        for values in self._marks():
            positions, labels = [self._position(value) for value in values], write(settings(values))
            if self._fits(positions, labels, width):
                break
        return positions, labels

    def _marks(self) -> Iterator[Sequence[Any]]:
        """Ever smaller selections of values to mark."""
        if self.kind == "category":
            for apart in range(1, len(self.levels) + 1):
                yield self.levels[::apart]
        else:
            for most in range(_MOST_TICKS, 0, -1):
                yield self._logarithmic_ticks(most) if self.kind == "log" else self._linear_ticks(most)

    def _fits(self, positions: list[float], labels: list[str], width: float) -> bool:
        low, high = self.limits()
        places = [(position - low) / (high - low) * width for position in positions]
        return all(
            right - left >= (cell_len(before) + cell_len(after)) / 2 + 1
            for left, right, before, after in zip(places, places[1:], labels, labels[1:])
        )

    def _position(self, value: Any) -> float:
        if self.kind == "category":
            return float(self.levels.index(value))
        return math.log10(value) if self.kind == "log" else float(value)

    def _linear_ticks(self, most: int) -> list[float]:
        from matplotlib.ticker import MaxNLocator

        low, high = self.levels[0], self.levels[-1]
        whole = all(float(level).is_integer() for level in self.levels)
        ticks = MaxNLocator(most, integer=whole, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        return [float(value) for value in ticks if low <= value <= high] or [low]

    def _logarithmic_ticks(self, most: int) -> list[float]:
        low, high = self.levels[0], self.levels[-1]
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            ticks = [step * 10.0**decade for decade in decades for step in steps]
            ticks = [value for value in ticks if low <= value <= high]
            if len(ticks) <= most:
                break
        return ticks[:: math.ceil(len(ticks) / most)] or [low]


def varied(run: "Run") -> list[Scale]:
    """The hyperparameters with at least two values among the finished trials, in the order of the run's columns.

    The search space says how they were sampled; if it does not, their values decide between linear and log.

    Raises:
        RunError: No trial has finished, or there is no such hyperparameter.
    """
    trials = scores.scored(run)
    # Of several with the same name, the last.
    space = {hyperparameter.name: hyperparameter for hyperparameter in run.space}
    names = [name for name in trials.columns if name.startswith(layout.HYPERPARAMETER_PREFIX)]
    scales = [_scale(name.removeprefix(layout.HYPERPARAMETER_PREFIX), trials.loc[:, name], space) for name in names]
    different = [scale for scale in scales if len(scale.levels) > 1]
    if not different:
        raise RunError(
            f"run {str(run.path)!r} has no hyperparameter with two values among its finished trials: "
            "search on with more trials"
        )
    return different


def _scale(name: str, column: "pd.Series", space: dict[str, Hyperparameter]) -> Scale:
    values = list(dict.fromkeys(value for value in column.tolist() if not is_missing(value)))
    declared = space.get(name)
    choices = declared.values if declared and declared.kind != "Boolean" else ()
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if not numbers:
        order = [value for value in choices if value in values]
        return Scale(name, "category", tuple(dict.fromkeys([*order, *sorted(values, key=str)])))
    values = sorted(values)
    if (choices and len(values) <= _MOST_LEVELS) or not all(map(math.isfinite, values)):
        return Scale(name, "category", tuple(values))
    sampling = declared.sampling if declared and not choices else None
    if sampling is None and values and values[0] > 0 and values[-1] / values[0] > _LOG_RATIO:
        sampling = "log"
    is_logarithmic = sampling in ("log", "reverse_log") and values and values[0] > 0
    return Scale(name, "log" if is_logarithmic else "linear", tuple(dict.fromkeys([*values[:1], *values[-1:]])))
