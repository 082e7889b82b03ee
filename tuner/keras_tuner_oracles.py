"""Keras Tuner's oracles where they need mending."""

import math
import warnings
from typing import Any

import numpy as np
from keras_tuner.engine.hyperparameters import Choice, HyperParameter, Int
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.oracles import BayesianOptimizationOracle, GridSearchOracle
from sklearn.exceptions import ConvergenceWarning

from search_spaces.space import Value
from tuner.oracles import rounded

_LAST = math.nextafter(1.0, 0.0)


class Grid(GridSearchOracle):
    """Every combination in Keras Tuner's order, the defaults first.

    Keras Tuner's own keeps its place in the order in memory alone, and so ends a search that was interrupted; and it
    knows no hyperparameter that appears only during the search. Here the next point is the first combination that is
    not among the trials, whatever each of them did not know.
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        space = self.hyperparameters.space
        names = {hp.name for hp in space}
        trials = (trial.hyperparameters.values for trial in self.trials.values())
        tried = [{name: rounded(value) for name, value in values.items() if name in names} for values in trials]
        values = _first_untried(space, {}, tried)
        if values is None:
            return {"status": TrialStatus.STOPPED}
        return {"status": TrialStatus.RUNNING, "values": values}


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

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        with warnings.catch_warnings():
            # A length scale at its bound is to be expected of a dozen points, and nothing a user can do anything about.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().populate_space(trial_id)

    def _vectorize_trials(self) -> tuple[np.ndarray, np.ndarray]:
        everything = self.trials
        self.trials = {trial_id: trial for trial_id, trial in everything.items() if self._is_point(trial)}
        try:
            return super()._vectorize_trials()
        finally:
            self.trials = everything

    def _is_point(self, trial: Trial) -> bool:
        hps = trial.hyperparameters
        # Of choices of one name, declared under several conditions, only the active one gave the value.
        choices = (hp for hp in self.hyperparameters.space if isinstance(hp, Choice) and hps.is_active(hp))
        return all(hps.values[hp.name] in hp.values for hp in choices if hp.name in hps.values)

    def _get_hp_bounds(self) -> np.ndarray:
        return np.minimum(super()._get_hp_bounds().astype(float), _LAST)


# What takes the place of Keras Tuner's own where a caller brings one.
MENDED = {GridSearchOracle: Grid, BayesianOptimizationOracle: Bayesian}


def _first_untried(
    space: list[HyperParameter], values: dict[str, Value], tried: list[dict[str, Value]]
) -> dict[str, Value] | None:
    """The first combination that begins with `values` and is in none of the points `tried`; None where all are.

    Args:
        space: The hyperparameters that `values` leaves open.
        tried: Points that agree with `values`; one without a certain hyperparameter stands for all its values.
    """
    if not space or any(point.keys() <= values.keys() for point in tried):
        return None if tried else values
    hp, *rest = space
    if not all(condition.is_active(values) for condition in hp.conditions):
        return _first_untried(rest, values, tried)
    for value in _values(hp):
        agreeing = [point for point in tried if point.get(hp.name, value) == value]
        found = _first_untried(rest, values | {hp.name: value}, agreeing)
        if found is not None:
            return found
    return None


def _values(hp: HyperParameter) -> list[Value]:
    """The values of `hp`, its default first."""
    # Steps of a whole number under log sampling are floats in Keras Tuner.
    values = map(int, hp.values) if isinstance(hp, Int) else hp.values
    return list(dict.fromkeys(map(rounded, [hp.default, *values])))
