"""When to give up a running trial: decided from learning curves alone."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from keras_search.tuner.errors import InputError

# The objective after each epoch, counted from 1; larger is better.
Curve = Mapping[int, float]


class Pruner(Protocol):
    def prunes(self, curve: Curve, others: Sequence[Curve]) -> bool:
        """Whether to give up the trial whose curve so far is `curve`, `others` being those of the other trials."""
        ...


@dataclass(frozen=True)
class Median:
    """Gives up a trial that is worse than the median of those that came as far (Golovin et al., Vizier, 2017, 3.2.2).

    A trial is taken at its best epoch so far, on both sides.

    Attributes:
        startup_trials: Fewer than these at the same epoch are no measure.
        warmup_epochs: No trial is given up before it has trained for more than these.
    """

    startup_trials: int = 4
    warmup_epochs: int = 1

    def prunes(self, curve: Curve, others: Sequence[Curve]) -> bool:
        epoch = max(curve)
        peers = [_best(other, epoch) for other in others if epoch in other]
        if epoch <= self.warmup_epochs or len(peers) < self.startup_trials:
            return False
        return _best(curve, epoch) < statistics.median(peers)


@dataclass(frozen=True)
class Asha:
    """Asynchronous successive halving, stopping variant (Li et al., 2020): at each rung the best share goes on.

    The rungs are at `min_epochs`, `min_epochs * factor`, `min_epochs * factor**2` and so on.

    Attributes:
        min_epochs: The first rung.
        factor: At a rung one trial in so many goes on, of those that have come as far so far.
    """

    min_epochs: int = 1
    factor: int = 3

    def prunes(self, curve: Curve, others: Sequence[Curve]) -> bool:
        epoch = max(curve)
        # Where not every epoch is validated, the first one beyond a rung is taken for it.
        before = max((at for at in curve if at < epoch), default=0)
        if not any(map(self._is_rung, range(before + 1, epoch + 1))):
            return False
        own = _best(curve, epoch)
        peers = [own, *(_best(other, epoch) for other in others if epoch in other)]
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


def _best(curve: Curve, epoch: int) -> float:
    return max((value for at, value in curve.items() if at <= epoch), default=-math.inf)
