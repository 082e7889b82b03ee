"""What all oracles of a search share: they propose the baseline first and no point twice, and keep files."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from keras_search.search_spaces.declared import completed
from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import HyperParameter, Trial, TrialStatus
from keras_search.tuner.oracles import combinations, earlier, points
from keras_search.tuner.oracles.earlier import WarmStart
from keras_search.tuner.oracles.persistent import Persistent


class Recorded(Persistent):
    """The base class of the toolkit's oracles, as in `class Random(Recorded, RandomSearchOracle)`.

    The baseline point comes first. Unless the oracle is the user's own, no point comes twice, and each consists of
    values that its hyperparameters have.

    A subclass overrides `own_answer`. If it decides how long trials train, it also overrides `epochs_of`, `predecessor`
    and `continuable`.

    Attributes:
        may_repeat: Whether points are used as they are proposed: the user's own oracle may repeat one on purpose.
        ignores_scores: Whether points do not depend on scores, so that many can be proposed in advance.
        budget_names: The hyperparameters that are the budget of a point, and not part of it.
        untuned: The names and defaults of the hyperparameters that the hypermodel has and the oracle does not tune.
        notes: Messages for the user; whoever prints them clears the list.
        told_as: The oracle in a run's record: its name, or its class and arguments.
        warm_start: What the search takes over from earlier runs. Their points come after the baseline, whatever the
            oracle; one that learns asks for `earlier_trials` as well.
    """

    may_repeat = False
    ignores_scores = False
    budget_names: frozenset[str] = frozenset()
    untuned: frozenset[tuple[str, Value]] = frozenset()
    notes: list[str]
    told_as: str
    warm_start = WarmStart()
    _earlier: tuple[WarmStart, int, list[tuple[Trial, float]]] | None = None

    def begin_with(self, baseline: dict[str, Value], declared: Iterable[HyperParameter]) -> None:
        """Prepares for a search with `baseline` as the first point, of a hypermodel that declares `declared`."""
        self.learn(declared)
        self.baseline = baseline
        self.damaged = []
        self.paused = set()
        self.going_on = set()
        self.notes = []
        self.fresh = None
        self.verbose = 0

    def own_answer(self, trial_id: str) -> dict[str, Any]:
        """The oracle's own answer, in the form of Keras Tuner's `populate_space`."""
        return super().populate_space(trial_id)

    def save(self) -> None:
        # What the user's own oracle keeps may not be among the trials, of which all others are made anew after a kill.
        self.write() if self.may_repeat else super().save()

    def epochs_of(self, trial: Trial) -> range | None:
        """The epochs of `trial`, counted from 0; None if the oracle does not decide them."""
        return None

    def pause_after(self, trial: Trial) -> int | None:
        """The epoch after which `trial` pauses, to await the oracle's choice; None for none."""
        return None

    def has_chosen(self) -> bool:
        """Whether a paused trial is to go on."""
        return False

    def continuable(self) -> set[str]:
        """The ids of the trials that another trial may still continue."""
        return set()

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.start_order:
            # Completed here, with defaults: Keras Tuner would take random values.
            return {"status": "RUNNING", "values": completed(self.baseline, self.hyperparameters.space)}
        if not self.budget_names and (point := self.earlier_point()):
            return {"status": "RUNNING", "values": point}
        answer = self.own_answer(trial_id)
        values = answer.get("values")
        if not values or self.may_repeat:
            return answer
        values = points.snapped(values, self.hyperparameters.space)
        if self._duplicate(values):
            # An oracle may propose different values that become the same point on the steps of the space.
            values = self._random_values()
        return answer | {"status": answer["status"] if values else "STOPPED", "values": values}

    def earlier_point(self) -> dict[str, Value] | None:
        """The next point that is taken over from earlier runs; None if there is none that is not among the trials.

        An oracle with `budget_names` begins with these points itself, each with a budget of its own choice.
        """
        for point in self.warm_start.points:
            own = {name: value for name, value in point.items() if name not in self.budget_names}
            if not any(_agrees(trial.hyperparameters.values, own) for trial in self.trials.values()):
                return dict(point)
        return None

    def earlier_trials(self) -> list[Trial]:
        """The completed trials of earlier runs that are in the space, with scores on the scale of this search."""
        warm, size = self.warm_start, len(self.hyperparameters.space)
        if self._earlier is None or self._earlier[0] is not warm or self._earlier[1] != size:
            self._earlier = warm, size, earlier.told(warm.trials, self.hyperparameters, self.baseline)
        told = self._earlier[2]
        completed_here = [trial for trial in self.trials.values() if trial.status == TrialStatus.COMPLETED]
        scores = [trial.score for trial in completed_here if trial.score is not None and math.isfinite(trial.score)]
        scaled = earlier.on_scale([standing for _, standing in told], scores, self.objective.direction)
        for (trial, _), score in zip(told, scaled, strict=True):
            trial.score = score
        return [trial for trial, _ in told]

    def fails_again(self) -> bool:
        """Whether as many of the last trials have failed as may fail one after the other."""
        limit = self.max_consecutive_failed_trials
        last = self.end_order[-limit:] if limit else []
        return len(last) == limit and all(self.trials[trial_id].status == TrialStatus.FAILED for trial_id in last)

    def attempts(self, trial: Trial) -> int:
        """How often `trial` was trained and failed before, to be tried again."""
        ended = self._run_times.get(trial.trial_id, 0)
        return max(0, ended - 1) if trial.trial_id in self.end_order else ended

    def _check_consecutive_failures(self) -> None:
        """Does nothing: the search loop asks `fails_again` when all that is known of the trial is on disk."""

    def _retry(self, trial: Trial) -> bool:
        # As Keras Tuner's, which prints it too.
        if trial.status != TrialStatus.INVALID:
            return False
        if self._run_times[trial.trial_id] > self.max_retries_per_trial:
            trial.status = TrialStatus.FAILED
            return False
        self._retry_queue.append(trial.trial_id)
        return True

    def first_untried(self) -> dict[str, Value] | None:
        """The first combination of values that is not among the trials; None if all are."""
        space = self.hyperparameters.space
        names = {hp.name for hp in space} - self.budget_names
        trials = (trial.hyperparameters.values for trial in self.trials.values())
        tried = [{name: points.rounded(value) for name, value in values.items() if name in names} for values in trials]
        return combinations.first_untried(space, tried)

    def learn(self, declared: Iterable[HyperParameter]) -> None:
        """Notes the hyperparameters of `declared` that the oracle does not tune."""
        if not self.tune_new_entries:
            tuned = {hp.name for hp in self.hyperparameters.space}
            self.untuned |= {(hp.name, points.default(hp)) for hp in declared if hp.name not in tuned}

    def _random_values(self) -> dict[str, Value] | None:
        values = super()._random_values()
        if self.may_repeat:
            return values
        if values is None:
            # Keras Tuner gives up after some draws of tried points, when a few untried ones may be left.
            values = self.first_untried()
        return values and points.snapped(values, self.hyperparameters.space)

    def _duplicate(self, values: dict[str, Value]) -> bool:
        return super()._duplicate(values if self.may_repeat else points.snapped(values, self.hyperparameters.space))

    def _record_values(self, trial: Trial) -> None:
        # Keras Tuner would drop a value if an inactive hyperparameter has its name, and draw another without a seed.
        values = trial.hyperparameters.values = completed(trial.hyperparameters.values, trial.hyperparameters.space)
        self.learn(trial.hyperparameters.space)
        before, now = self._id_to_hash[trial.trial_id], self._compute_values_hash(values)
        self._id_to_hash[trial.trial_id] = now
        # It has changed where a hyperparameter has appeared. Another trial may have had the same point.
        if before not in (None, now) and before not in self._id_to_hash.values():
            self._tried_so_far.discard(before)
        self._tried_so_far.add(now)

    def _compute_values_hash(self, values: dict[str, Value]) -> str:
        point = {key: points.rounded(value) for key, value in values.items() if key not in self.budget_names}
        # A point without an untuned hyperparameter is trained with its default.
        return super()._compute_values_hash(
            {key: value for key, value in point.items() if (key, value) not in self.untuned}
        )


def _agrees(values: Mapping[str, Value], point: Mapping[str, Value]) -> bool:
    """Whether `values` have every value of `point`."""
    return all(name in values and points.same(values[name], value) for name, value in point.items())
