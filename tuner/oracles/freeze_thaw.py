"""Freeze-thaw: a model of learning curves says whether a paused trial goes on or a new one begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import HyperParameter, TrialStatus
from keras_search.tuner.oracles import points
from keras_search.tuner.oracles.curve_forest import CurveForest, Seen
from keras_search.tuner.oracles.pausing import Pausing
from keras_search.tuner.seeds import derive

# How many random points come before the first that is chosen.
_RANDOM_POINTS = 6
_CANDIDATES = 200
# The share of trees that must believe in a paused trial, when no new one may begin.
_BELIEVERS = 0.2
# Where the position of a hyperparameter is that is not active, or has a value that is not among its own.
_ABSENT = -0.5


@dataclass(frozen=True)
class _Choice:
    """What comes next: a paused trial, or a new point; neither if nothing is worth it.

    Attributes:
        made_at: The state of the search that it was made for: trials begun, of them going on, epochs trained.
    """

    made_at: tuple[int, int, int]
    trial_id: str | None = None
    values: dict[str, Value] | None = None


class FreezeThaw(Pausing):
    """Goes on with the paused trial, or begins the new point, of which one belief of a `CurveForest` expects most.

    The idea is that of Swersky, Snoek and Adams, Freeze-Thaw Bayesian Optimization (2014); with trees rather than a
    Gaussian process, whose sizes and conditions do not matter, and a random belief rather than an entropy, as parallel
    trials should differ.

    Once all trials have begun, paused ones go on as long as some of the trees believe that one of them will be as good
    as the best so far.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._choice: _Choice | None = None
        # By trial: of how many hyperparameters the space was, and where its point is among these.
        self._positions: dict[str, tuple[int, list[float]]] = {}

    def choose(self) -> str | None:
        return self._chosen().trial_id

    def has_chosen(self) -> bool:
        return self._is_full() and self._chosen().trial_id is not None

    def trained(self, trial_id: str, is_paused: bool) -> None:
        self._positions.pop(trial_id, None)  # a training may have asked for hyperparameters
        super().trained(trial_id, is_paused)

    def own_answer(self, trial_id: str) -> dict[str, Any]:
        values = self.earlier_point() or self._chosen().values or self._random_values()
        if values is not None:
            return {"status": TrialStatus.RUNNING, "values": values}
        return {"status": TrialStatus.IDLE if self.ongoing_trials else TrialStatus.STOPPED}

    def _is_full(self) -> bool:
        return self.max_trials is not None and len(self.trials) >= self.max_trials

    def _chosen(self) -> _Choice:
        """What comes next, by the trials alone, so that a search that goes on after a kill chooses the same."""
        trained = sum(max(self.curve(trial_id), default=0) for trial_id in self._known())
        state = len(self.trials), len(self.going_on), trained
        if self._choice is None or self._choice.made_at != state:
            self._choice = self._choose(state)
        return self._choice

    def _known(self) -> list[str]:
        """The trials of which something is known, in an order that does not change when one goes on."""
        known = {*self.end_order, *self.going_on}
        return [trial_id for trial_id in self.start_order if trial_id in known]

    def _choose(self, state: tuple[int, int, int]) -> _Choice:
        seen = {trial_id: self._seen(trial_id) for trial_id in self._known()}
        known = [trial for trial in seen.values() if trial.curve]
        paused = [trial_id for trial_id in seen if self.awaits(trial_id)]
        is_full = self._is_full()
        if len(self.trials) < _RANDOM_POINTS or not known or (is_full and not paused):
            return _Choice(state)
        generator = np.random.default_rng(derive(self.seed, "freeze-thaw", *state))
        forest = CurveForest(known, self.horizon(), int(generator.integers(2**31)))
        options = [seen[trial_id] for trial_id in paused]
        if is_full:
            best = max(forest.rank(max(trial.curve.values())) for trial in known)
            believers = (forest.beliefs(options) >= best).mean(axis=0)
            paused = [trial_id for trial_id, share in zip(paused, believers, strict=True) if share >= _BELIEVERS]
            options = [seen[trial_id] for trial_id in paused]
            if not paused:
                return _Choice(state)
        candidates = [] if is_full else self._candidates(generator)
        options += [Seen(self._position(values), {}) for values in candidates]
        for place in np.argsort(-forest.belief(options, generator), kind="stable"):
            if place < len(paused):
                return _Choice(state, trial_id=paused[place])
            values = candidates[place - len(paused)]
            if not self._duplicate(values):
                return _Choice(state, values=values)
        return _Choice(state)

    def _seen(self, trial_id: str) -> Seen:
        size = len(self.hyperparameters.space)
        known, position = self._positions.get(trial_id, (0, []))
        if known != size:
            position = self._position(self.trials[trial_id].hyperparameters.values)
            self._positions[trial_id] = size, position
        return Seen(position, self.curve(trial_id))

    def _position(self, values: dict[str, Value]) -> list[float]:
        place = []
        for hp in self.hyperparameters.space:
            is_there = hp.name in values and _is_active(hp, values)
            known = points.position(hp, values[hp.name]) if is_there else None
            place.append(_ABSENT if known is None else known)
        return place

    def _candidates(self, generator: np.random.Generator) -> list[dict[str, Value]]:
        """Random points, some of which may be tried."""
        return [self._drawn(generator) for _ in range(_CANDIDATES)]

    def _drawn(self, generator: np.random.Generator) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for hp in self.hyperparameters.space:
            if _is_active(hp, values):
                values[hp.name] = points.nearest(hp, hp.random_sample(int(generator.integers(2**31))))
        return values


def _is_active(hp: HyperParameter, values: Mapping[str, Value]) -> bool:
    """As Keras Tuner has it for a whole space, which takes much longer."""
    return all(condition.is_active(values) for condition in hp.conditions)
