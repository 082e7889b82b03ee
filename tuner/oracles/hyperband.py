"""Hyperband: trains many points for few epochs, and goes on with the best of them for more."""

import itertools
import math
from collections.abc import Iterable
from typing import Any

from keras_tuner import Oracle
from keras_tuner.oracles import HyperbandOracle

from keras_search.results import layout
from keras_search.results.text import count
from keras_search.search_spaces import epochs
from keras_search.search_spaces.space import Value
from keras_search.tuner.errors import InputError
from keras_search.tuner.keras_private import HyperParameter, Trial, TrialStatus
from keras_search.tuner.oracles import points
from keras_search.tuner.oracles.budgeted import BUDGET, BUDGET_BEFORE, CONTINUED, Budgeted

# Where Keras Tuner notes the bracket of a point, and the round of that.
BRACKET = f"{layout.NOTE_PREFIX}bracket"
ROUND = f"{layout.NOTE_PREFIX}round"

Bracket = dict[str, Any]


def has_brackets(oracle: Oracle) -> bool:
    """Whether `oracle` is Keras Tuner's Hyperband, a subclass of it or a copy."""
    return hasattr(oracle, "hyperband_iterations")


class Bracketed(Budgeted):
    """Mixed into a Hyperband, Keras Tuner's or the user's own: its brackets as a search needs to know of them."""

    budget_names = frozenset({"epochs"})

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        answer = super().populate_space(trial_id)
        values = answer.get("values")
        if values and BUDGET in values and "epochs" in values:
            values = values | {"epochs": epochs.like(values["epochs"], self.max_epochs)}
        return answer | {"values": values}

    def epochs_of(self, trial: Trial) -> range | None:
        noted = super().epochs_of(trial)
        if noted is not None:
            return noted
        # The baseline is in no bracket.
        return range(epochs.whole(trial.hyperparameters.values.get("epochs")) or self.max_epochs)

    def continuable(self) -> set[str]:
        """The trials in rounds before the last, but for those that have been gone on with."""
        ids: set[str] = set()
        for bracket in self._brackets:
            ids.update(entry["id"] for entries in bracket["rounds"][:-1] for entry in entries)
            later = [entry for entries in bracket["rounds"][1:] for entry in entries]
            ids.difference_update(entry["past_id"] for entry in later if entry["id"] in self.end_order)
        return ids | super().continuable()

    def _duplicate(self, values: dict[str, Value]) -> bool:
        # What goes on with another trial is its point once more.
        return BUDGET not in values and super()._duplicate(values)

    def _enter(self, trial: Trial) -> None:
        if any(entry["id"] == trial.trial_id for bracket in self._brackets for entry in _entries(bracket)):
            return  # a point that was just drawn again
        values = trial.hyperparameters.values
        if values.get(ROUND) == 0:
            self._bracket_with_room()["rounds"][0].append({"past_id": None, "id": trial.trial_id})
        for bracket in self._brackets:
            for before, after in itertools.pairwise(bracket["rounds"]):
                if any(entry["id"] == values.get(CONTINUED) for entry in before):
                    after.append({"past_id": values[CONTINUED], "id": trial.trial_id})

    def _bracket_with_room(self) -> Bracket:
        """The bracket that takes a further random trial: the last one, or a new one where it has all of them."""
        last = self._brackets[-1] if self._brackets else None
        if last is None or len(last["rounds"][0]) == last.get("size", self._get_size(last["bracket_num"], 0)):
            self._increment_bracket_num()
            self._start_new_bracket()
        return self._brackets[-1]


class Hyperband(Bracketed, HyperbandOracle):
    """Successive halving in brackets, whose budget is the largest value of the hyperparameter `epochs`.

    Keras Tuner's own promotes none of a bracket that it cannot fill: in a space smaller than the bracket, or where
    trials of it fail. Here those that are left are promoted, the same share of them.

    Raises:
        InputError: Values of `epochs` are no numbers of epochs.
    """

    def __init__(self, *, max_trials: int, hyperparameters: Any, **arguments: Any) -> None:
        super().__init__(
            max_epochs=_most_epochs(hyperparameters.space),
            hyperband_iterations=None,
            hyperparameters=hyperparameters,
            **arguments,
        )
        # Keras Tuner's has no such limit: it counts brackets, not trials.
        self.max_trials = max_trials

    def own_answer(self, trial_id: str) -> dict[str, Any]:
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

    def _sizes(self, bracket: Bracket) -> list[int]:
        """How many trials each round of `bracket` will have."""
        number = bracket["bracket_num"]
        first = bracket.get("size", self._get_size(number, 0))
        sizes = [first]
        for before, entries in enumerate(bracket["rounds"][:-1]):
            failed = sum(self._status(entry) == TrialStatus.FAILED for entry in entries)
            share = min(self._get_size(number, before + 1), math.ceil(first / self.factor ** (before + 1)))
            sizes.append(min(share, sizes[-1] - failed))
        return sizes

    def _promoted(self, bracket: Bracket) -> dict[str, Value] | None:
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

    def _close(self, bracket: Bracket) -> None:
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
        self._brackets = [
            bracket for bracket in self._brackets if len(bracket["rounds"][-1]) != self._sizes(bracket)[-1]
        ]


def _entries(bracket: Bracket) -> Iterable[dict[str, str]]:
    return itertools.chain.from_iterable(bracket["rounds"])


def _most_epochs(hyperparameters: Iterable[HyperParameter]) -> int:
    """The largest value of `epochs`.

    Raises:
        InputError: It is no number of epochs.
    """
    # One name may be declared under several conditions.
    declared = [hp for hp in hyperparameters if hp.name == "epochs"]
    for hp in declared:
        if (value := epochs.misfit(hp)) is not None:
            raise InputError(
                f"oracle 'hyperband' takes the largest `epochs` for its budget, and {value!r} is no number of epochs: "
                "declare whole numbers above 0"
            )
    ranges = [hp for hp in declared if hasattr(hp, "max_value")]
    values = [points.nearest(hp, hp.max_value) for hp in ranges]
    values += [value for hp in declared if hp not in ranges for value in hp.values]
    return max(map(epochs.whole, values))
