"""The points of given trials once more, for trainings on fresh seeds."""

from collections.abc import Mapping
from typing import Any

import keras_tuner

from keras_search.results import layout
from keras_search.search_spaces.space import Value
from keras_search.tuner.oracles.budgeted import Budgeted


class Again(Budgeted):
    """Proposes given points, each as often as it is to be trained, and no other.

    Args:
        objective: The objective.
        hyperparameters: The space.
        points: The points by the ids of their trials, with a note of their epochs where an oracle decided these.
        seeds: How often each is proposed.
    """

    may_repeat = True
    ignores_scores = True

    def __init__(
        self,
        objective: keras_tuner.Objective,
        hyperparameters: keras_tuner.HyperParameters,
        points: Mapping[str, Mapping[str, Value]],
        seeds: int,
    ) -> None:
        super().__init__(objective, max_trials=len(points) * seeds, hyperparameters=hyperparameters)
        # As for the oracles by name: the search ends where the first trials all fail the same way.
        self.max_consecutive_failed_trials = None
        self._points = points
        self._seeds = seeds
        self.told_as = "the best trials again"

    def reload(self) -> None:
        super().reload()
        # A trial that is no longer among the best may have been trained once more before.
        self.max_trials = len(self._begun() | self._wanted().keys())

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        begun = self._begun()
        for trial, seed in self._wanted():
            if (trial, seed) not in begun:
                notes = {layout.NOTED_TRIAL: trial, layout.NOTED_SEED: seed}
                return {"status": "RUNNING", "values": {**self._points[trial], **notes}}
        return {"status": "STOPPED", "values": None}

    def _begun(self) -> set[tuple[Any, Any]]:
        """The trials and seeds of all trainings that have begun."""
        values = (trial.hyperparameters.values for trial in self.trials.values())
        return {(own.get(layout.NOTED_TRIAL), own.get(layout.NOTED_SEED)) for own in values}

    def _wanted(self) -> dict[tuple[str, int], None]:
        """The trials and seeds of all trainings that are wanted, in their order."""
        return {(trial, seed): None for seed in range(1, self._seeds + 1) for trial in self._points}
