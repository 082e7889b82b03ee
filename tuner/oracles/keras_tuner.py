"""Keras Tuner's oracles, corrected where necessary; Hyperband has a module of its own."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from keras_tuner.oracles import BayesianOptimizationOracle, GridSearchOracle, RandomSearchOracle
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import Trial, TrialStatus
from keras_search.tuner.oracles import points
from keras_search.tuner.oracles.confidence_bound import ConfidenceBound
from keras_search.tuner.oracles.recorded import Recorded
from keras_search.tuner.seeds import derive

_LAST = math.nextafter(1.0, 0.0)


class Random(Recorded, RandomSearchOracle):
    """Random points."""

    ignores_scores = True


class Grid(Recorded, GridSearchOracle):
    """Every combination in Keras Tuner's order, the defaults first.

    Keras Tuner's own keeps its place in that order only in memory, so that it cannot resume an interrupted search; and
    it misses hyperparameters that appear only during the search. Here the next point is the first combination that is
    not among the trials. A trial that lacks a hyperparameter stands for all its values.
    """

    ignores_scores = True

    def own_answer(self, trial_id: str) -> dict[str, Any]:
        values = self.first_untried()
        return {"status": TrialStatus.STOPPED if values is None else TrialStatus.RUNNING, "values": values}


class Bayesian(Recorded, BayesianOptimizationOracle):
    """Gaussian process with an upper confidence bound.

    Keras Tuner's own has five faults that are corrected here. It may leave the range of a number, as it allows the end
    of the unit interval. It fails on a trial with a value that its hyperparameter does not have, as the baseline's may
    be in a narrowed space, and where a hyperparameter appears while trials run. It begins to learn after three random
    points for each hyperparameter, which a search of 20 trials hardly reaches; here, after `INITIAL_POINTS`. After an
    interruption it would propose other points.
    """

    INITIAL_POINTS = 10
    _DESCENTS = 50  # as Keras Tuner's

    def __init__(self, **arguments: Any) -> None:
        super().__init__(num_initial_points=self.INITIAL_POINTS, **arguments)

    def own_answer(self, trial_id: str) -> dict[str, Any]:
        ended = sum(trial.status == TrialStatus.COMPLETED for trial in self.trials.values())
        ended += len(self.earlier_trials())
        if ended < (self.num_initial_points or max(3 * len(self.hyperparameters.space), 3)):  # as Keras Tuner has it
            return super().own_answer(trial_id)
        with warnings.catch_warnings(), threadpool_limits(1):  # on matrices so small, more threads wait for each other
            # With a dozen points, a length scale at its bound is normal, and the user cannot change it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._fit(*self._vectorize_trials())
            values = self._vector_to_values(self._lowest(trial_id))
        return {"status": TrialStatus.RUNNING, "values": values}

    def _lowest(self, trial_id: str) -> np.ndarray:
        """Where the confidence bound is lowest, in the unit cube."""
        bounds = self._get_hp_bounds()
        generator = np.random.default_rng(derive(self.seed, "starts", trial_id))
        starts = generator.uniform(bounds[:, 0], bounds[:, 1], size=(self._DESCENTS, len(bounds)))
        return ConfidenceBound(self.gpr, self.beta).lowest(starts, bounds)

    def _fit(self, points: np.ndarray, scores: np.ndarray) -> None:
        self.gpr.fit(np.nan_to_num(points, posinf=0, neginf=0), np.nan_to_num(scores, posinf=0, neginf=0))

    def _vectorize_trials(self) -> tuple[np.ndarray, np.ndarray]:
        if self.ongoing_trials:
            # Their scores are those that the process expects, which has yet to hear of what has ended since.
            self._fit(*self._vectors(lambda trial: trial.status == TrialStatus.COMPLETED))
        return self._vectors(lambda trial: True)

    def _vectors(self, is_wanted: Callable[[Trial], bool]) -> tuple[np.ndarray, np.ndarray]:
        """The points and scores of the trials that are wanted, as Keras Tuner has them."""
        everything = self.trials
        own = {trial_id: trial for trial_id, trial in everything.items() if self._is_point(trial) and is_wanted(trial)}
        # The process takes scores for exact, so that a point has one: this search's, or else the first.
        by_point = {self._point_hash(trial): trial for trial in reversed(self.earlier_trials())}
        tried = {self._point_hash(trial) for trial in own.values()}
        self.trials = own | {trial.trial_id: trial for point, trial in by_point.items() if point not in tried}
        try:
            return super()._vectorize_trials()
        finally:
            self.trials = everything

    def _point_hash(self, trial: Trial) -> str:
        return self._compute_values_hash(trial.hyperparameters.values)

    def _is_point(self, trial: Trial) -> bool:
        hps = trial.hyperparameters
        # If a name is declared several times, under different conditions, only the active one gave the value.
        active = (hp for hp in self._nonfixed_space() if hps.is_active(hp))
        values = [(hp, hps.values[hp.name]) for hp in active if hp.name in hps.values]
        return all(points.has(hp, value) and value == value for hp, value in values)

    def _vector_to_values(self, vector: np.ndarray) -> dict[str, Value]:
        return points.snapped(super()._vector_to_values(vector), self.hyperparameters.space)

    def _get_hp_bounds(self) -> np.ndarray:
        return np.minimum(super()._get_hp_bounds().astype(float), _LAST)
