"""Hyperband: trains many points for few epochs, and continues the best of them."""

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

from keras_tuner import Oracle
from keras_tuner.oracles import HyperbandOracle

from keras_search.results import layout
from keras_search.results.text import count
from keras_search.search_spaces import epochs
from keras_search.search_spaces.space import Value
from keras_search.tuner.errors import InputError
from keras_search.tuner.keras_private import HyperParameter, Trial, TrialStatus
from keras_search.tuner.oracles.budgeted import BUDGET, BUDGET_BEFORE, CONTINUED, Budgeted, most_epochs

# What Keras Tuner adds to the values of a point: the number of its bracket, and of the round in it.
BRACKET = f"{layout.NOTE_PREFIX}bracket"
ROUND = f"{layout.NOTE_PREFIX}round"

Bracket = dict[str, Any]


def has_brackets(oracle: Oracle) -> bool:
    """Whether `oracle` is Keras Tuner's Hyperband, or a subclass or copy of it."""
    return hasattr(oracle, "hyperband_iterations")


class Bracketed(Budgeted):
    """What a search needs to know about brackets; mixed into a Hyperband, Keras Tuner's or the user's own."""

    budget_names = frozenset({"epochs"})

    # Of the Hyperband that it is mixed into, which may be a copy of Keras Tuner's.
    max_epochs: int
    _brackets: list[Bracket]
    _get_size: Callable[[int, int], int]
    _increment_bracket_num: Callable[[], None]
    _start_new_bracket: Callable[[], None]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        is_baseline = not self.start_order
        answer = super().populate_space(trial_id)
        values = answer.get("values")
        if is_baseline and values:
            # It is in no bracket. Scripts read what every trial of Keras Tuner's has, most often of the best.
            whole = epochs.whole(values.get("epochs")) or self.max_epochs
            values = values | {BUDGET: whole, BUDGET_BEFORE: 0, BRACKET: 0, ROUND: 0}
        elif values and BUDGET in values and "epochs" in values:
            values = values | {"epochs": epochs.like(values["epochs"], self.max_epochs)}
        return answer | {"values": values}

    def _random_values(self) -> dict[str, Value] | None:
        # They take the first places of the first bracket, which decides how long each is trained.
        return self.earlier_point() or super()._random_values()

    def epochs_of(self, trial: Trial) -> range | None:
        noted = super().epochs_of(trial)
        if noted is not None:
            return noted
        # A point in no bracket.
        return range(epochs.whole(trial.hyperparameters.values.get("epochs")) or self.max_epochs)

    def continuable(self) -> set[str]:
        """The trials in rounds before the last, without those whose continuations have ended."""
        ids: set[str] = set()
        for bracket in self._brackets:
            ids.update(entry["id"] for entries in bracket["rounds"][:-1] for entry in entries)
            later = [entry for entries in bracket["rounds"][1:] for entry in entries]
            ids.difference_update(entry["past_id"] for entry in later if entry["id"] in self.end_order)
        return ids | super().continuable()

    def _duplicate(self, values: dict[str, Value]) -> bool:
        # A trial that continues another has the same point.
        return BUDGET not in values and super()._duplicate(values)

    def _enter(self, trial: Trial) -> None:
        if any(entry["id"] == trial.trial_id for bracket in self._brackets for entry in _entries(bracket)):
            return  # the point has just been drawn again
        values = trial.hyperparameters.values
        if trial.trial_id == self.start_order[0] and self.baseline.items() <= values.items():
            return
        if values.get(ROUND) == 0:
            self._bracket_with_room()["rounds"][0].append({"past_id": None, "id": trial.trial_id})
        for bracket in self._brackets:
            for before, after in itertools.pairwise(bracket["rounds"]):
                if any(entry["id"] == values.get(CONTINUED) for entry in before):
                    after.append({"past_id": values[CONTINUED], "id": trial.trial_id})

    def _bracket_with_room(self) -> Bracket:
        """The bracket that takes another random trial: the last one, or a new one if that is full."""
        last = self._brackets[-1] if self._brackets else None
        if last is None or len(last["rounds"][0]) == last.get("size", self._get_size(last["bracket_num"], 0)):
            self._increment_bracket_num()
            self._start_new_bracket()
        return self._brackets[-1]


class Hyperband(Bracketed, HyperbandOracle):
    """Successive halving in brackets, whose budget is the largest value of the hyperparameter `epochs`.

    Keras Tuner's own promotes no trial of a bracket that it cannot fill, because the space is smaller than the bracket,
    or trials fail. Here the same share of the remaining trials is promoted.

    Raises:
        InputError: A value of `epochs` is no number of epochs.
    """

    def __init__(self, *, max_trials: int, hyperparameters: Any, **arguments: Any) -> None:
        # Keras Tuner takes None for no limit, though it is annotated as an int.
        unlimited: dict[str, Any] = {"hyperband_iterations": None}
        super().__init__(
            max_epochs=_most_epochs(hyperparameters.space), hyperparameters=hyperparameters, **unlimited, **arguments
        )
        # Keras Tuner's Hyperband limits brackets, not trials.
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
            # No new point is left. If the space grows, the bracket is tried again.
            self._brackets.pop()
            self._current_bracket, self._current_iteration = before
        return {"status": TrialStatus.IDLE if self.ongoing_trials else TrialStatus.STOPPED}

    def _sizes(self, bracket: Bracket) -> list[int]:
        """The number of trials that each round of `bracket` will have."""
        number = bracket["bracket_num"]
        first = bracket.get("size", self._get_size(number, 0))
        sizes = [first]
        for before, entries in enumerate(bracket["rounds"][:-1]):
            failed = sum(self._status(entry) == TrialStatus.FAILED for entry in entries)
            share = min(self._get_size(number, before + 1), math.ceil(first / self.factor ** (before + 1)))
            sizes.append(min(share, sizes[-1] - failed))
        return sizes

    def _promoted(self, bracket: Bracket) -> dict[str, Value] | None:
        """The next point of the best trial of `bracket` that is certain to be promoted; None if none is certain yet."""
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
        """Fixes the size of `bracket` at the trials that it has, as there is no further point for it."""
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
    # A name may be declared several times, under different conditions.
    declared = [hp for hp in hyperparameters if hp.name == "epochs"]
    for hp in declared:
        if (value := epochs.misfit(hp)) is not None:
            raise InputError(
                f"oracle 'hyperband' takes the largest `epochs` for its budget, and {value!r} is no number of epochs: "
                "declare whole numbers above 0"
            )
    return most_epochs(declared)
