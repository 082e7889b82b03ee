"""Trials that are trained in pieces: each pauses after a number of epochs, and goes on if its oracle chooses it."""

import abc
import math
from pathlib import Path
from typing import Any

from keras_search.results import trial_record
from keras_search.results.reading import trial_rows
from keras_search.search_spaces import epochs
from keras_search.tuner import objectives
from keras_search.tuner.keras_private import Trial, TrialStatus
from keras_search.tuner.oracles.budgeted import most_epochs
from keras_search.tuner.oracles.recorded import Recorded

_FACTOR = 3
_RUNGS_BELOW = 4
# The share of the epochs after which no trial pauses any more.
_LAST_PAUSE = 2 / 3
# The objective up to each epoch, the best so far; larger is better.
Curve = dict[int, float]


class Pausing(Recorded, abc.ABC):
    """Pauses every trial at a rung, after 1, 3, 9, 27, ... epochs, and chooses what goes on to the next one.

    Where trials train for more than 80 epochs, the first rung is at 3; from 243 on at 9, and so on.

    A trial is one point, however often it pauses: it goes on with its own state, and nothing is trained twice. The
    baseline is trained as documented, without a pause. What keeps no state, as a loop of the user's own, never pauses.

    A hyperparameter `epochs` has its largest value in each point, as training ends where the oracle wants it to.
    """

    budget_names = frozenset({"epochs"})

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._targets: dict[str, int] = {}
        # Of trials that have ended, and of paused ones the epochs after which they paused.
        self._curves: dict[str, Curve] = {}
        self._pauses: dict[str, int] = {}

    @abc.abstractmethod
    def choose(self) -> str | None:
        """The id of the paused trial that goes on now; None if a new one should begin, or none can."""

    def create_trial(self, tuner_id: str) -> Trial:
        if tuner_id not in self.ongoing_trials and not self._retry_queue and (chosen := self.choose()) is not None:
            self._targets[chosen] = self._rung_after(self._targets[chosen])
            self.go_on(chosen)
        return super().create_trial(tuner_id)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        is_baseline = not self.start_order
        answer = super().populate_space(trial_id)
        values = answer.get("values")
        if is_baseline or not values:
            return answer
        self._targets[trial_id] = self._rung_after(self.horizon() // _FACTOR**_RUNGS_BELOW)
        if most := self._most_epochs():
            values = values | {"epochs": epochs.like(values["epochs"], most)}
        return answer | {"values": values}

    def pause_after(self, trial: Trial) -> int | None:
        return self._targets.get(trial.trial_id)

    def awaits(self, trial_id: str) -> bool:
        return trial_id in self.paused and self._paused_after(trial_id) >= self._targets.get(trial_id, math.inf)

    def trained(self, trial_id: str, is_paused: bool) -> None:
        self._curves.pop(trial_id, None)
        self._pauses.pop(trial_id, None)
        super().trained(trial_id, is_paused)

    def curve(self, trial_id: str) -> Curve:
        """The best of the objective so far, by epoch; that of a failed trial is -inf."""
        if trial_id not in self._curves:
            self._curves[trial_id] = self._read_curve(self.trials[trial_id])
        return self._curves[trial_id]

    def horizon(self) -> int:
        """For how many epochs trials are trained at most, as far as that is known."""
        longest = max((max(self.curve(trial_id), default=1) for trial_id in self.end_order), default=1)
        return max(longest, self._most_epochs() or 1)

    def _rung_after(self, epoch: int) -> int:
        rung = 1
        while rung <= epoch:
            rung *= _FACTOR
        # A pause just before the end decides nothing.
        return max(rung, self.horizon()) if rung > _LAST_PAUSE * self.horizon() else rung

    def _read_curve(self, trial: Trial) -> Curve:
        if trial.status == TrialStatus.FAILED:
            return {1: -math.inf}
        sign = 1 if self.objective.direction == "max" else -1
        # One that was killed as it went on has trained for longer: what it reached when it paused was known.
        last = self._paused_after(trial.trial_id) if trial.trial_id in self.paused else math.inf
        every = trial_rows.read_epochs(Path(self._get_trial_dir(trial.trial_id)))
        rows = [row for row in every if row["execution"] == 0 and row["epoch"] <= last]
        values = objectives.curve(self.objective, rows)
        if not values and trial.score is not None:
            values = {1: trial.score}  # without epochs, as of a loop of the user's own
        best, curve = -math.inf, {}
        for epoch, value in values.items():
            best = curve[epoch] = max(best, sign * value)
        return curve

    def _paused_after(self, trial_id: str) -> int:
        """After how many epochs a paused trial has paused, some of which may not be in its curve."""
        if trial_id not in self._pauses:
            self._pauses[trial_id] = trial_record.read(Path(self._get_trial_dir(trial_id))).get("epochs_run") or 0
        return self._pauses[trial_id]

    def _most_epochs(self) -> int | None:
        """The largest value of `epochs`; None without such a hyperparameter, or if it is no number of epochs."""
        declared = [hp for hp in self.hyperparameters.space if hp.name == "epochs"]
        if not declared or any(epochs.misfit(hp) is not None for hp in declared):
            return None
        return most_epochs(declared)

    def _trial_state(self, trial: Trial) -> dict[str, Any]:
        target = self._targets.get(trial.trial_id)
        return super()._trial_state(trial) | ({} if target is None else {"pause_after": target})

    def _restored(self, state: dict[str, Any]) -> Trial:
        if isinstance(target := state.get("pause_after"), int):
            self._targets[state["trial_id"]] = target
        return super()._restored(state)

    def reload(self) -> None:
        self._curves.clear()
        self._pauses.clear()
        super().reload()
