"""What every oracle of a search has beside its own way to propose points: the baseline first, none twice, and files."""

from collections.abc import Iterable
from typing import Any

from keras_search.search_spaces.declared import completed
from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import HyperParameter, Trial
from keras_search.tuner.oracles import combinations, points
from keras_search.tuner.oracles.persistent import Persistent


class Recorded(Persistent):
    """The base of the toolkit's oracles, before one of Keras Tuner's: `class Random(Recorded, RandomSearchOracle)`.

    The baseline point comes first. No point comes twice, and none leaves the values of its hyperparameters, unless the
    oracle is the user's own.

    An oracle overrides `own_answer`. An oracle that decides how long trials are trained also overrides what a search
    asks of that: `epochs_of`, `predecessor` and `continuable`.

    Attributes:
        may_repeat: Whether points are taken as they are proposed: a user's own oracle may repeat one on purpose.
        ignores_scores: Whether the points are the same whatever the scores are: many can be asked for beforehand.
        budget_names: The hyperparameters that are the budget of a point, no part of it.
        untuned: Names and defaults of what the hypermodel asks for and the oracle is not to tune.
        notes: What is to be said to the user; whoever says it empties it.
        told_as: What a run is said to have been searched with: its name, or its class and arguments.
    """

    may_repeat = False
    ignores_scores = False
    budget_names: frozenset[str] = frozenset()
    untuned: frozenset[tuple[str, Value]] = frozenset()
    notes: list[str]
    told_as: str

    def begin_with(self, baseline: dict[str, Value], declared: Iterable[HyperParameter]) -> None:
        """Makes it ready for a search whose first point is `baseline`, of a hypermodel that declares `declared`."""
        self.learn(declared)
        self.baseline = baseline
        self.damaged = []
        self.notes = []
        self.fresh = None
        self.verbose = 0
        # The tuner's own loop decides when too many trials have failed.
        self.max_consecutive_failed_trials = None

    def own_answer(self, trial_id: str) -> dict[str, Any]:
        """The oracle's own answer, as of Keras Tuner's `populate_space`."""
        return super().populate_space(trial_id)

    def epochs_of(self, trial: Trial) -> range | None:
        """The epochs that `trial` is trained, counted from 0, where the oracle decides that."""
        return None

    def continuable(self) -> set[str]:
        """The ids of the trials that another trial may still go on with."""
        return set()

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.start_order:
            # Keras Tuner would complete it with random values.
            return {"status": "RUNNING", "values": completed(self.baseline, self.hyperparameters.space)}
        answer = self.own_answer(trial_id)
        values = answer.get("values")
        if not values or self.may_repeat:
            return answer
        values = points.snapped(values, self.hyperparameters.space)
        if self._duplicate(values):
            # A model of the scores may propose a point twice, rounded to the steps of the space.
            values = self._random_values()
        return answer | {"status": answer["status"] if values else "STOPPED", "values": values}

    def first_untried(self) -> dict[str, Value] | None:
        """The first combination of values that is not among the trials; None where all are."""
        space = self.hyperparameters.space
        names = {hp.name for hp in space} - self.budget_names
        trials = (trial.hyperparameters.values for trial in self.trials.values())
        tried = [{name: points.rounded(value) for name, value in values.items() if name in names} for values in trials]
        return combinations.first_untried(space, tried)

    def learn(self, declared: Iterable[HyperParameter]) -> None:
        """Takes note of what of `declared` is not to be tuned."""
        if not self.tune_new_entries:
            tuned = {hp.name for hp in self.hyperparameters.space}
            self.untuned |= {(hp.name, points.rounded(hp.default)) for hp in declared if hp.name not in tuned}

    def _random_values(self) -> dict[str, Value] | None:
        values = super()._random_values()
        if self.may_repeat:
            return values
        if values is None:
            # Keras Tuner gives up after some draws of what was tried, and a few may be left.
            values = self.first_untried()
        return values and points.snapped(values, self.hyperparameters.space)

    def _duplicate(self, values: dict[str, Value]) -> bool:
        return super()._duplicate(values if self.may_repeat else points.snapped(values, self.hyperparameters.space))

    def _record_values(self, trial: Trial) -> None:
        # Keras Tuner would drop a value for an inactive hyperparameter of the same name, and draw it without a seed.
        values = trial.hyperparameters.values = completed(trial.hyperparameters.values, trial.hyperparameters.space)
        self.learn(trial.hyperparameters.space)
        before, now = self._id_to_hash[trial.trial_id], self._compute_values_hash(values)
        self._id_to_hash[trial.trial_id] = now
        if before not in self._id_to_hash.values():  # of another trial, where the oracle asks a point twice
            self._tried_so_far.discard(before)
        self._tried_so_far.add(now)

    def _compute_values_hash(self, values: dict[str, Value]) -> str:
        point = {key: points.rounded(value) for key, value in values.items() if key not in self.budget_names}
        # A point that was not told of what is not tuned is trained at its default.
        return super()._compute_values_hash(
            {key: value for key, value in point.items() if (key, value) not in self.untuned}
        )
