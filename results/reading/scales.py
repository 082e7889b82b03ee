"""The hyperparameters of a run as scales: where a value lies, evenly spaced, and which values to mark."""

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

_LOG_RATIO = 50  # numbers that differ by more, where nothing tells how they were sampled, go on a log scale
_MOST_LEVELS = 12  # a choice among more numbers is shown as numbers
_MOST_TICKS = 7


@dataclass(frozen=True)
class Scale:
    """A hyperparameter and how its values are laid out.

    Attributes:
        name: The hyperparameter.
        kind: `linear`, `log` or `category`.
        levels: The values of a category in their order; of numbers, the smallest and the largest that were tried.
    """

    name: str
    kind: str
    levels: tuple[Any, ...]

    def positions(self, trials: "pd.DataFrame") -> "np.ndarray":
        """Where the values of `trials` lie: the number, its decimal logarithm, or the place among the levels.

        NaN where the hyperparameter was not active.
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
            write: Makes the labels out of the values as texts.
        """
        for values in self._marks():
            positions, labels = [self._position(value) for value in values], write(settings(values))
            if self._fits(positions, labels, width):
                break
        return positions, labels

    def _marks(self) -> Iterator[Sequence[Any]]:
        """Values to mark, fewer and fewer."""
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
        found = MaxNLocator(most, integer=whole, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        return [float(value) for value in found if low <= value <= high] or [low]

    def _logarithmic_ticks(self, most: int) -> list[float]:
        low, high = self.levels[0], self.levels[-1]
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            found = [step * 10.0**decade for decade in decades for step in steps]
            found = [value for value in found if low <= value <= high]
            if len(found) <= most:
                break
        return found[:: math.ceil(len(found) / most)] or [low]


def varied(run: "Run") -> list[Scale]:
    """The hyperparameters that had different values in the finished trials, in the order of the run's columns.

    How they were sampled is known from the search space; where it does not tell, the values do.

    Raises:
        RunError: No trial has finished, or there is no such hyperparameter.
    """
    trials = scores.scored(run)
    # Of two with the same name, the later one.
    space = {one.name: one for one in run.space}
    names = [name for name in trials.columns if name.startswith(layout.HYPERPARAMETER_PREFIX)]
    scales = [_scale(name.removeprefix(layout.HYPERPARAMETER_PREFIX), trials.loc[:, name], space) for name in names]
    found = [scale for scale in scales if len(scale.levels) > 1]
    if not found:
        raise RunError(
            f"run {str(run.path)!r} has no hyperparameter with two values among its finished trials: "
            "search on with more trials"
        )
    return found


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
