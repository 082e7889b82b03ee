"""What a search takes over from earlier runs, and its place in the search's own space."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras_tuner
import numpy as np

from keras_search.search_spaces.space import Value
from keras_search.tuner import keras_private
from keras_search.tuner.keras_private import HyperParameter, Trial, TrialStatus
from keras_search.tuner.oracles import points


@dataclass(frozen=True)
class EarlierTrial:
    """A completed trial of an earlier run.

    Attributes:
        values: Its point, in its own run's space.
        standing: The share of its run's completed trials that it was better than, above 0 and below 1.
    """

    values: Mapping[str, Value]
    standing: float


@dataclass(frozen=True)
class WarmStart:
    """What a search takes over.

    Attributes:
        runs: The earlier runs, as the user named them.
        points: The points to try after the baseline, in this order.
        trials: All completed trials of the runs.
    """

    runs: tuple[str, ...] = ()
    points: tuple[dict[str, Value], ...] = ()
    trials: tuple[EarlierTrial, ...] = ()


@dataclass(frozen=True)
class Placed:
    """The nearest point of a space.

    Attributes:
        values: The point.
        moved: The numbers that were out of range, and are at its nearest end.
    """

    values: dict[str, Value]
    moved: tuple[str, ...]


def placed(values: Mapping[str, Any], space: Iterable[HyperParameter], baseline: Mapping[str, Value]) -> Placed | str:
    """The point of `space` that is nearest to `values`, or the name of a hyperparameter that has no such value.

    An active hyperparameter that `values` lacks has the value of the `baseline`, or else its default. Names that are
    not in `space` are left out.
    """
    point = keras_tuner.HyperParameters()
    moved = []
    for hp in space:
        point.merge([hp])
        if not point.is_active(hp):
            continue
        value = values.get(hp.name)
        if hp.name not in values:
            value = baseline.get(hp.name)
            value = value if points.has(hp, value) else hp.default
        elif not points.has(hp, value) and not isinstance(hp, keras_private.kinds.Fixed):
            if not isinstance(hp, points.Range) or not _is_number(value):
                return hp.name
            moved.append(hp.name)
        point.values[hp.name] = points.nearest(hp, value)
    return Placed(point.values, tuple(moved))


def told(
    trials: Iterable[EarlierTrial], space: keras_tuner.HyperParameters, baseline: Mapping[str, Value]
) -> list[tuple[Trial, float]]:
    """Those of `trials` that are in `space`, as trials of it, with their standings."""
    made = []
    for earlier in trials:
        place = placed(earlier.values, space.space, baseline)
        if isinstance(place, Placed) and not place.moved:
            trial = Trial(keras_private.point(space, place.values), f"earlier {len(made)}", TrialStatus.COMPLETED)
            made.append((trial, earlier.standing))
    return made


def on_scale(standings: Sequence[float], scores: Sequence[float], direction: str) -> list[float]:
    """The scores that stand among `scores` as `standings` have it.

    Scores of another task are on another scale, and the ranks of a few good points are not those of many random ones.
    So an earlier trial is told with the score that has its standing among the trials of this search: the earlier best
    counts as much as the best so far, never more. Without any of `scores`, the standings are scores themselves.
    """
    least_first = [standing if direction == "max" else 1 - standing for standing in standings]
    return [float(score) for score in np.quantile(scores, least_first)] if len(scores) else least_first


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
