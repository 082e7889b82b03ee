"""How long ago the best trial of a search has ended."""

from collections.abc import Iterable

import keras_tuner

from keras_search.tuner.keras_private import Trial, TrialStatus


class Plateau:
    """Counts the trials that have completed since the best one did; failed trials tell nothing and are left out.

    Args:
        ended: The trials that have ended so far, in the order of their ends.
        objective: Says which score is better.

    Attributes:
        best: The best trial; of equal ones the first that has ended. None before the first.
        trials: How many completed since then.
    """

    def __init__(self, ended: Iterable[Trial], objective: keras_tuner.Objective) -> None:
        self._objective = objective
        self.best: Trial | None = None
        self.trials = 0
        for trial in ended:
            self.add(trial)

    def add(self, trial: Trial) -> None:
        """Counts a trial that has just ended."""
        if trial.status != TrialStatus.COMPLETED or trial.score is None:
            return
        is_better = self.best is None or self._objective.better_than(trial.score, self.best.score)
        self.best, self.trials = (trial, 0) if is_better else (self.best, self.trials + 1)
