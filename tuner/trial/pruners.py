"""Pruners: they stop running trials that fall behind, judging by the learning curves alone."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from keras_search.tuner.errors import InputError

# The objective after each epoch, counted from 1; larger is better.
Curve = Mapping[int, float]
# Of each other trial that has reached an epoch, and has a value there, the best value up to it.
Others = Callable[[int], Sequence[float]]


class Pruner(Protocol):
    """Decides after each epoch whether to stop a trial."""

    def prunes(self, curve: Curve, others: Others) -> bool:
        """Whether to prune the trial with the learning curve `curve` so far, given how the `others` did."""
        ...


@dataclass(frozen=True)
class Median:
    """Prunes a trial below the median of those that reached the same epoch (Golovin et al., Vizier, 2017, 3.2.2).

    Every trial counts with its best epoch up to there.

    Attributes:
        startup_trials: How many other trials must have reached the epoch before any is pruned there.
        warmup_epochs: For how many epochs no trial is pruned.
    """

    startup_trials: int = 4
    warmup_epochs: int = 1

    def prunes(self, curve: Curve, others: Others) -> bool:
        epoch = max(curve)
        peers = others(epoch)
        if epoch <= self.warmup_epochs or len(peers) < self.startup_trials:
            return False
        return _best(curve, epoch) < statistics.median(peers)


@dataclass(frozen=True)
class Asha:
    """Asynchronous successive halving, stopping variant (Li et al., 2020): at each rung only the best go on.

    The rungs are at `min_epochs`, `min_epochs * factor`, `min_epochs * factor**2` and so on.

    Attributes:
        min_epochs: The first rung.
        factor: Of the trials that have reached a rung so far, the best 1 in `factor` go on.
    """

    min_epochs: int = 1
    factor: int = 3

    def prunes(self, curve: Curve, others: Others) -> bool:
        epoch = max(curve)
        # If not every epoch is validated, the first validated one after a rung stands for it.
        before = max((at for at in curve if at < epoch), default=0)
        if not any(map(self._is_rung, range(before + 1, epoch + 1))):
            return False
        own = _best(curve, epoch)
        peers = [own, *others(epoch)]
        kept = max(len(peers) // self.factor, 1)
        return own < sorted(peers, reverse=True)[kept - 1]

    def _is_rung(self, epoch: int) -> bool:
        rung = self.min_epochs
        while rung < epoch:
            rung *= self.factor
        return rung == epoch


PRUNERS: dict[str, Pruner | None] = {"none": None, "median": Median(), "asha": Asha()}


def get(name: str) -> Pruner | None:
    """The pruner called `name`; None for `none`.

    Raises:
        InputError: There is no such pruner.
    """
    if name not in PRUNERS:
        raise InputError(f"unknown pruner {name!r}: choose one of {', '.join(PRUNERS)}")
    return PRUNERS[name]


def bests(curves: Iterable[Curve], epoch: int) -> list[float]:
    """The best value up to `epoch` of each of the `curves` that has a value there."""
    return [_best(curve, epoch) for curve in curves if epoch in curve]


def _best(curve: Curve, epoch: int) -> float:
    return max((value for at, value in curve.items() if at <= epoch), default=-math.inf)
