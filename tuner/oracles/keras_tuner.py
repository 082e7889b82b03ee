"""Keras Tuner's oracles where they need mending."""

import itertools
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras_tuner import Oracle
from keras_tuner.oracles import BayesianOptimizationOracle, GridSearchOracle, HyperbandOracle
from sklearn.exceptions import ConvergenceWarning

from keras_search.results.text import count
from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import HyperParameter, Trial, TrialStatus
from keras_search.tuner.oracles import points
from keras_search.tuner.oracles.named import BRACKET, BUDGET, BUDGET_BEFORE, CONTINUED, ROUND, budgeted

_LAST = math.nextafter(1.0, 0.0)


class Grid(GridSearchOracle):
    """Every combination in Keras Tuner's order, the defaults first.

    Keras Tuner's own keeps its place in the order in memory alone, and so ends a search that was interrupted; and it
    knows no hyperparameter that appears only during the search. Here the next point is the first combination that is
    not among the trials, whatever each of them did not know.
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        values = first_untried(self)
        return {"status": TrialStatus.STOPPED if values is None else TrialStatus.RUNNING, "values": values}


class Bayesian(BayesianOptimizationOracle):
    """Gaussian process with an upper confidence bound.

    Keras Tuner's own may leave the range of a number, since the end of the unit interval belongs to nobody; it cannot
    take a trial whose value is none of a hyperparameter's, as the baseline's may be in a narrowed space; and it begins
    to learn after three random points a hyperparameter, which no search of 20 trials in a larger space would reach:
    here after `INITIAL_POINTS`.
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
        # Of those of one name, declared under several conditions, only the active one gave the value.
        active = (hp for hp in self._nonfixed_space() if hps.is_active(hp))
        values = [(hp, hps.values[hp.name]) for hp in active if hp.name in hps.values]
        return all(points.has(hp, value) and value == value for hp, value in values)

    def _vector_to_values(self, vector: np.ndarray) -> dict[str, Value]:
        return points.snapped(super()._vector_to_values(vector), self.hyperparameters.space)

    def _get_hp_bounds(self) -> np.ndarray:
        return np.minimum(super()._get_hp_bounds().astype(float), _LAST)


class Hyperband(HyperbandOracle):
    """Successive halving in brackets.

    Keras Tuner's own promotes none of a bracket that it cannot fill: in a space smaller than the bracket, or where
    trials of it fail. Here those that are left are promoted, the same share of them.
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        self._remove_completed_brackets()
        for bracket in self._brackets:
            if len(bracket["rounds"][0]) < self._sizes(bracket)[0]:
                answer = self._random_trial(trial_id, bracket)
                if answer.get("values"):
                    return answer
                self._close(bracket)
            values = self._promoted(bracket)
            if values is not None:
                bracket["rounds"][values[ROUND]].append({"past_id": values[CONTINUED], "id": trial_id})
                return {"status": TrialStatus.RUNNING, "values": values}
        if not (self._current_bracket == 0 and self._current_iteration + 1 == self.hyperband_iterations):
            before = self._current_bracket, self._current_iteration
            self._increment_bracket_num()
            self._start_new_bracket()
            answer = self._random_trial(trial_id, self._brackets[-1])
            if answer.get("values"):
                return answer
            # Nothing new is left; a space that grows goes on here.
            self._brackets.pop()
            self._current_bracket, self._current_iteration = before
        return {"status": TrialStatus.IDLE if self.ongoing_trials else TrialStatus.STOPPED}

    def _sizes(self, bracket: dict[str, Any]) -> list[int]:
        """How many trials each round of `bracket` will have."""
        number = bracket["bracket_num"]
        first = bracket.get("size", self._get_size(number, 0))
        sizes = [first]
        for before, entries in enumerate(bracket["rounds"][:-1]):
            failed = sum(self._status(entry) == TrialStatus.FAILED for entry in entries)
            share = min(self._get_size(number, before + 1), math.ceil(first / self.factor ** (before + 1)))
            sizes.append(min(share, sizes[-1] - failed))
        return sizes

    def _promoted(self, bracket: dict[str, Any]) -> dict[str, Value] | None:
        """The best point of `bracket` that is sure to be among those of its round that go on; None where none is."""
        number, rounds, sizes = bracket["bracket_num"], bracket["rounds"], self._sizes(bracket)
        for before, after in itertools.pairwise(range(len(rounds))):
            chosen = {entry["past_id"] for entry in rounds[after]}
            failed = sum(self._status(entry) == TrialStatus.FAILED for entry in rounds[before])
            ended = [self.trials[entry["id"]] for entry in rounds[before] if entry["id"] not in chosen]
            ended = [trial for trial in ended if trial.status == TrialStatus.COMPLETED]
            if not ended or len(ended) <= sizes[before] - failed - sizes[after]:
                continue
            best = (max if self.objective.direction == "max" else min)(ended, key=lambda trial: trial.score)
            return best.hyperparameters.values | {
                CONTINUED: best.trial_id,
                BUDGET: self._get_epochs(number, after),
                BUDGET_BEFORE: self._get_epochs(number, before),
                BRACKET: number,
                ROUND: after,
            }
        return None

    def _close(self, bracket: dict[str, Any]) -> None:
        """Leaves `bracket`, for which there is no further point, at the size that it has."""
        wanted, size = self._sizes(bracket)[0], len(bracket["rounds"][0])
        bracket["size"] = size
        if size:
            self.notes.append(
                f"hyperband found no further point for a bracket of {wanted}: its {count(size, 'trial')} "
                f"{'is' if size == 1 else 'are'} all that there {'is' if size == 1 else 'are'}, and the best go on"
            )

    def _status(self, entry: dict[str, str]) -> str | None:
        trial = self.trials.get(entry["id"])
        return None if trial is None else trial.status

    def _remove_completed_brackets(self) -> None:
        self._brackets = [one for one in self._brackets if len(one["rounds"][-1]) != self._sizes(one)[-1]]


# What takes the place of Keras Tuner's own where a caller brings one.
MENDED = {GridSearchOracle: Grid, BayesianOptimizationOracle: Bayesian, HyperbandOracle: Hyperband}


def first_untried(oracle: Oracle) -> dict[str, Value] | None:
    """The first combination of values that is not among the trials of `oracle`; None where all are.

    Of a range without steps ten values are combined.
    """
    space = oracle.hyperparameters.space
    names = {hp.name for hp in space} - budgeted(oracle)
    trials = (trial.hyperparameters.values for trial in oracle.trials.values())
    tried = [{name: points.rounded(value) for name, value in values.items() if name in names} for values in trials]
    return _first_untried(space, {}, tried)


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
        agreeing = [point for point in tried if points.same(point.get(hp.name, value), value)]
        found = _first_untried(rest, values | {hp.name: value}, agreeing)
        if found is not None:
            return found
    return None


def _values(hp: HyperParameter) -> Iterator[Value]:
    """The values of `hp`, its default first."""
    count = points.count(hp)
    values = hp.values if count is None else (points.at(hp, place) for place in range(count))
    if count is None or points.index(hp, hp.default) is not None:  # not one between the steps
        values = itertools.chain([hp.default], values)
    seen = set()
    for value in (points.rounded(points.nearest(hp, one)) for one in values):
        if value not in seen:
            yield value
            seen.add(value)
