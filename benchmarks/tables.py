"""The measured tables on which oracles are compared: networks, and their learning curves."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np

from benchmarks import tabulate, tabulate_deep
from keras_search.search_spaces.space import Value
from keras_search.tuner.oracles import points

_ABSENT = -0.5


@dataclass(frozen=True)
class Entry:
    """One network of a table: its point, the validation accuracy after each epoch, and the seconds of an epoch."""

    values: dict[str, Value]
    curve: tuple[float, ...]
    seconds: float


class Table:
    """All networks of a table.

    Attributes:
        epochs: For how many epochs each was trained.
        space: The search space.
        entries: The networks.
        optimum: The best validation accuracy.
    """

    def __init__(self, path: Path, epochs: int, declare: Callable[[Any], None]) -> None:
        self.epochs = epochs
        self.space = keras_tuner.HyperParameters()
        declare(self.space)
        with path.open(newline="") as file:
            self.entries = [self._entry(row) for row in csv.DictReader(file)]
        self.optimum = max(max(entry.curve) for entry in self.entries)
        self._positions = np.array([self._position(entry.values) for entry in self.entries])

    def nearest(self, values: dict[str, Value]) -> Entry:
        """The network whose point is nearest to `values`: in a table of random ones none is exactly there."""
        distances = np.abs(self._positions - self._position(values)).sum(axis=1)
        return self.entries[int(np.argmin(distances))]

    def some(self, generator: np.random.Generator, count: int = 200) -> list[dict[str, Value]]:
        """The points of random networks."""
        chosen = generator.choice(len(self.entries), min(count, len(self.entries)), replace=False)
        return [dict(self.entries[index].values) for index in chosen]

    def _entry(self, row: dict[str, str]) -> Entry:
        point = keras_tuner.HyperParameters()
        for hp in self.space.space:
            point.merge([hp])
            if point.is_active(hp):
                point.values[hp.name] = _value(hp, row.get(hp.name))
        curve = tuple(float(row[str(epoch)]) for epoch in range(1, self.epochs + 1))
        return Entry(point.values, curve, float(row["seconds"]))

    def _position(self, values: dict[str, Value]) -> list[float]:
        positions = (points.position(hp, values[hp.name]) if hp.name in values else None for hp in self.space.space)
        return [_ABSENT if position is None else position for position in positions]


def _value(hp: Any, text: str | None) -> Value:
    """The value of `hp` that `text` stands for; a fixed one is in no table."""
    if text is None:
        return hp.value
    for value in getattr(hp, "values", ()):
        if text == str(value):
            return value
    return points.nearest(hp, float(text))


TABLES: dict[str, Callable[[], Table]] = {
    "mnist": lambda: Table(tabulate.TABLE, tabulate.EPOCHS, tabulate.declare),
    "deep": lambda: Table(tabulate_deep.TABLE, tabulate_deep.EPOCHS, tabulate_deep.declare),
}
