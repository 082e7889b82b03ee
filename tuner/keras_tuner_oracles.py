"""Keras Tuner's oracles where they need mending."""

import math
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.hyperparameters import Choice, Int
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.oracles import BayesianOptimizationOracle, GridSearchOracle

from search_spaces.space import Value

_LAST = math.nextafter(1.0, 0.0)


class Grid(GridSearchOracle):
    """Every combination in Keras Tuner's order, the defaults first.

    Keras Tuner's own keeps its place in the order in memory alone, and so ends a search that was interrupted. Here the
    next point is the first combination that is not among the trials.
    """

    _reached: dict[str, Value] | None = None

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        values = self._reached or _defaults(self.hyperparameters)
        while values is not None and self._duplicate(values):
            values = self._get_next_combination(values)
        self._reached = values
        if values is None:
            return {"status": TrialStatus.STOPPED}
        return {"status": TrialStatus.RUNNING, "values": values}

    def _get_next_combination(self, values: dict[str, Value]) -> dict[str, Value] | None:
        following = super()._get_next_combination(values)
        if following is None:
            return None
        # Steps of a whole number under log sampling are floats in Keras Tuner.
        whole = {hp.name for hp in self.hyperparameters.space if isinstance(hp, Int)}
        return {name: int(value) if name in whole else value for name, value in following.items()}


class Bayesian(BayesianOptimizationOracle):
    """Gaussian process with an upper confidence bound.

    Keras Tuner's own may propose 1 more than the largest value of a whole number under log sampling, since the end of
    the unit interval belongs to nobody; it cannot take a trial whose value is not among a choice's, as the baseline's
    may be in a narrowed space; and it begins to learn after three random points a hyperparameter, which no search of
    20 trials in a larger space would reach: here after `INITIAL_POINTS`.
    """

    INITIAL_POINTS = 10

    def __init__(self, **arguments: Any) -> None:
        super().__init__(num_initial_points=self.INITIAL_POINTS, **arguments)

    def _vectorize_trials(self) -> tuple[np.ndarray, np.ndarray]:
        everything = self.trials
        self.trials = {trial_id: trial for trial_id, trial in everything.items() if self._is_point(trial)}
        try:
            return super()._vectorize_trials()
        finally:
            self.trials = everything

    def _is_point(self, trial: Trial) -> bool:
        values = trial.hyperparameters.values
        choices = (hp for hp in self.hyperparameters.space if isinstance(hp, Choice))
        return all(values[hp.name] in hp.values for hp in choices if hp.name in values)

    def _get_hp_bounds(self) -> np.ndarray:
        return np.minimum(super()._get_hp_bounds().astype(float), _LAST)


def _defaults(hyperparameters: keras_tuner.HyperParameters) -> dict[str, Value]:
    hps = keras_tuner.HyperParameters()
    for hp in hyperparameters.space:
        hps.merge([hp])
        if hps.is_active(hp):
            hps.values[hp.name] = hp.default
    return hps.values
