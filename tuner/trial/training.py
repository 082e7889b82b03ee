"""The training of a trial: its executions, one after the other, from the start or from where they were interrupted."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_search.results.trial_record import TrialRecord
from keras_search.tuner.trial.callbacks import BestWeights
from keras_search.tuner.trial.execution import Execution
from keras_search.tuner.trial.saved_state import State
from keras_search.tuner.trial.task import TrialTask


class Training:
    """Trains the model of a task as often as the task asks for, each time anew.

    Args:
        task: The task of the trial.
        record: The record of the trial, which notes what was trained.
        state: Where the trial was interrupted; None to start it.

    Attributes:
        best: Holds the best weights of all executions.
        model: The model that was trained last; None before the first.
        execution: The execution that is trained now, or was last; None before the first.
        is_on: Whether an execution is trained now.
    """

    def __init__(self, task: TrialTask, record: TrialRecord, state: State | None = None) -> None:
        self.best = BestWeights(task.objective)
        self.model: Any = None
        self.execution: Execution | None = None
        self.is_on = False
        self._task = task
        self._record = record
        self._state = state
        self._outcomes: list[Any] = []
        self._known: list[Any] = []
        begun = 0
        if state:
            begun, self.best.state = state.begun, state.best
            self._known = [_recalled(outcome) for outcome in state.outcomes]
        finished = [outcome for outcome in self._known if isinstance(outcome, keras.callbacks.History)]
        record.epochs_run = max((begun + len(history.epoch) for history in finished), default=0)

    @property
    def begun(self) -> int:
        """For how many epochs the trial's predecessor has trained the model."""
        return 0 if self.execution is None else self.execution.begun

    @property
    def executions(self) -> int:
        """How many executions have ended."""
        return len(self._outcomes)

    def trained_for(self, epochs: int) -> None:
        """Notes that a model was trained for so many epochs."""
        self._record.epochs_run = max(self._record.epochs_run or 0, epochs)

    def train(self, fit_args: Sequence[Any], fit_kwargs: dict[str, Any]) -> list[Any]:
        """Trains all executions; returns what `fit` gave in each.

        A `run_trial` of the user's own may call it several times: the executions are then counted on.
        """
        outcomes = []
        while len(outcomes) < self._task.executions:
            outcomes.append(self._next(fit_args, fit_kwargs))
            self._outcomes.append(outcomes[-1])
            if self._record.pruned or self._record.paused:
                break
        return outcomes

    def _next(self, fit_args: Sequence[Any], fit_kwargs: dict[str, Any]) -> Any:
        """What `fit` gives in the next execution, or gave before the trial was interrupted."""
        number = len(self._outcomes)
        if number < len(self._known):
            return self._known[number]
        self.execution = Execution(self._task, number, self._record, self.best, self._state)
        self._state = None
        self.is_on = True
        try:
            return self.execution.train(fit_args, fit_kwargs, self._outcomes)
        finally:
            self.is_on = False
            self.model = self.execution.model
            self._record.pruned, self._record.paused = self.execution.is_pruned, self.execution.is_paused


def _recalled(outcome: Any) -> Any:
    """What `fit` gave in an earlier execution, from a saved state: a History from its metrics, a score as it is."""
    if not (isinstance(outcome, dict) and all(isinstance(values, list) for values in outcome.values())):
        return outcome
    history = keras.callbacks.History()
    history.history = outcome
    history.epoch = list(range(max(map(len, outcome.values()))))
    return history
