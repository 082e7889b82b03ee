"""A model of learning curves: from a point, and what is known of its curve, to what it will have reached later."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from threadpoolctl import threadpool_limits

_TREES = 40
# Of how many trees the mean is one belief.
_TREES_OF_A_BELIEF = 5
_SHARE_OF_FEATURES = 0.5
# More than these take long to learn from, and say little more.
_MOST_TRIALS = 1_000


@dataclass(frozen=True)
class Seen:
    """A trial as far as it is known.

    Attributes:
        position: Where its point is, a number for each hyperparameter.
        curve: The best of its objective so far, by epoch; larger is better. Empty for a trial that has not begun.
    """

    position: Sequence[float]
    curve: Mapping[int, float]


class CurveForest:
    """Extremely randomised trees (Geurts, Ernst and Wehenkel, 2006) over pairs of epochs of the trials so far.

    A pair is of one trial and two epochs: the point, the earlier epoch and the value there, the later epoch; and the
    value at the later epoch, which is learned. The earlier epoch may be 0, before the training. So one model tells both
    what a new point will reach and what a paused trial will, the better the more of its curve is known.

    Values are learned as their ranks among all values: scores may have any scale, and those of a trial that diverged
    would else hide all differences between good ones.

    Each tree has seen another sample of the pairs, so that the mean of some of them is one belief among those that the
    trials allow: to act on a random one is Thompson sampling (Thompson, 1933).

    Args:
        trials: What is learned from: at least one epoch.
        horizon: The epoch of which beliefs are.
        seed: Decides the trees.
    """

    def __init__(self, trials: Sequence[Seen], horizon: int, seed: int) -> None:
        self._horizon = horizon
        self._values = np.sort(np.concatenate([list(trial.curve.values()) for trial in trials]))
        if len(trials) > _MOST_TRIALS:
            chosen = np.random.default_rng(seed).choice(len(trials), _MOST_TRIALS, replace=False)
            trials = [trials[index] for index in sorted(chosen)]
        pairs = [pair for trial in trials for pair in self._pairs(trial)]
        features, values = zip(*pairs, strict=True)
        self._trees = ExtraTreesRegressor(_TREES, max_features=_SHARE_OF_FEATURES, bootstrap=True, random_state=seed)
        with threadpool_limits(1):
            self._trees.fit(np.array(features, np.float32), np.array(values))

    def beliefs(self, trials: Sequence[Seen]) -> np.ndarray:
        """What each tree believes that the `trials` will have reached at the horizon.

        Returns:
            Ranks in [0, 1], of shape (trees, trials).
        """
        rows = np.array(
            [self._before(trial, max(trial.curve, default=0), self._horizon) for trial in trials], np.float32
        )
        return np.array([tree.predict(rows) for tree in self._trees.estimators_])

    def belief(self, trials: Sequence[Seen], generator: np.random.Generator) -> np.ndarray:
        """One belief of what the `trials` will have reached at the horizon."""
        return generator.choice(self.beliefs(trials), _TREES_OF_A_BELIEF).mean(axis=0)

    def rank(self, value: float) -> float:
        """The share of the values so far that are no better than `value`."""
        return float(np.searchsorted(self._values, value, side="right")) / len(self._values)

    def _pairs(self, trial: Seen) -> list[tuple[list[float], float]]:
        epochs = [0, *_thinned(sorted(trial.curve))]
        return [
            (self._before(trial, earlier, later), self.rank(trial.curve[later]))
            for earlier, later in itertools.combinations(epochs, 2)
        ]

    def _before(self, trial: Seen, epoch: int, later: int) -> list[float]:
        reached = self.rank(trial.curve[epoch]) if epoch else 0.0
        return [*trial.position, math.log1p(epoch), reached, math.log1p(later)]


def _thinned(epochs: Sequence[int]) -> list[int]:
    """The last of `epochs`, and before it one in each factor of 3: neighbours say the same."""
    kept: list[int] = []
    for epoch in epochs[::-1]:
        if not kept or 3 * epoch <= kept[-1] + 1 or epoch == 1:
            kept.append(epoch)
    return kept[::-1]
