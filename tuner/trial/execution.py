"""One execution of a trial: builds its model and trains it, from the start or from where it was interrupted."""

import contextlib
from collections.abc import Sequence
from typing import Any

import keras

from keras_search.results import layout
from keras_search.results.reading import trial_rows
from keras_search.results.trial_record import TrialRecord
from keras_search.tuner import keras_private, objectives
from keras_search.tuner.fast import patches
from keras_search.tuner.trial import continuation, kept, own_tuner, scores, user_callbacks
from keras_search.tuner.trial.callbacks import BestWeights, EpochLog, Pruning
from keras_search.tuner.trial.resumption import Resumption
from keras_search.tuner.trial.saved_state import State
from keras_search.tuner.trial.task import TrialTask
from keras_search.tuner.trial.tensorboard_log import Curves


class Execution:
    """Trains the model of a task once.

    Args:
        task: The task of the trial.
        number: The number of this execution in the trial.
        record: The record of the trial, which notes what was trained.
        best: Holds the best weights of all executions.
        state: Where the execution was interrupted; None to start it.

    Attributes:
        model: The model, once it is built.
        is_building: Whether the model is being built.
        begun: For how many epochs the trial's predecessor has trained it.
        is_pruned: Whether the trial was pruned.
        is_paused: Whether it has paused, and can go on.
    """

    def __init__(
        self, task: TrialTask, number: int, record: TrialRecord, best: BestWeights, state: State | None = None
    ) -> None:
        self.model: Any = None
        self.is_building = False
        self.begun = 0
        self._task = task
        self._number = number
        self._seed = task.execution_seed(number)
        self._record = record
        self._best = best
        self._state = state
        self._log: EpochLog
        self._resumption: Resumption
        self._pruning: Pruning | None = None

    @property
    def is_pruned(self) -> bool:
        return self._pruning is not None and self._pruning.pruned

    @property
    def is_paused(self) -> bool:
        return self._resumption.is_paused

    def train(self, fit_args: Sequence[Any], fit_kwargs: dict[str, Any], outcomes: list[Any]) -> Any:
        """Trains the model; returns what the hypermodel's `fit` gave, each metric with an entry for every epoch.

        Args:
            fit_args, fit_kwargs: The arguments of `fit`.
            outcomes: What `fit` gave in the earlier executions.
        """
        task = self._task
        if self._state is None and continuation.lacks_checkpoint(task, self._number):
            again = fit_kwargs | {"callbacks": self._given(fit_kwargs)}
            continuation.train_predecessor(task, self._number, self._seed, fit_args, again)
        outcome = self._fit(fit_args, fit_kwargs, outcomes)
        outcome = objectives.checked(task.objective, outcome)
        keras_private.validate_trial_results(outcome, task.objective, "HyperModel.fit()")
        curve = [row for row in trial_rows.read_epochs(task.directory) if row["execution"] == self._number]
        outcome = scores.aligned(outcome, curve)
        if task.keeps_checkpoint:
            path = continuation.checkpoint_path(task.directory, self._number)
            kept.checkpoint(self.model, self.begun + self._log.epochs, path)
        return outcome

    def _fit(self, fit_args: Sequence[Any], fit_kwargs: dict[str, Any], outcomes: list[Any]) -> Any:
        ours = self._callbacks()
        self._resumption = self._resuming(ours, outcomes)
        told = fit_kwargs | {"callbacks": [*self._given(fit_kwargs), *ours, self._resumption]}
        try:
            own = own_tuner.method(self._task.tuner, "_build_and_fit_model")
            if own is None:
                outcome = self.build_and_fit(fit_args, told)
            else:
                outcome = own(own_tuner.trial(self._task), *fit_args, **told)
        finally:
            self._record.epochs_run = max(self._record.epochs_run or 0, self.begun + self._log.epochs)
            if self.model is not None:
                self._record.parameters = _parameters(self.model)
                self._record.accelerations = patches.status(self.model)
                patches.restore(self.model)  # the user's callbacks may keep it
        self._resumption.require_taken()
        return outcome

    def build_and_fit(self, fit_args: Sequence[Any], fit_kwargs: dict[str, Any]) -> Any:
        """Builds the model and trains it with the hypermodel's `fit`; returns what that gave.

        Args:
            fit_args, fit_kwargs: The arguments of `fit`, with all callbacks.
        """
        task = self._task
        self.build()
        hp, span = continuation.within_budget(task, self.model, self.begun, task.budget)
        try:
            return task.hypermodel.fit(hp, self.model, *fit_args, **fit_kwargs | span)
        finally:
            # `hp` may be a copy, to which `fit` has added hyperparameters.
            task.hyperparameters.merge(hp, overwrite=False)

    def build(self) -> keras.Model:
        """Builds the model, loads what the trial goes on with, and prepares its training; returns it."""
        task = self._task
        self.is_building = True
        try:
            self.model = own_tuner.fresh_model(task, self._seed)
        finally:
            self.is_building = False
        if self._state is not None:
            self.begun = self._state.begun
        else:
            self.begun = continuation.go_on(task, self._number, self.model)
        self._resumption.attach(self.model, self.begun)
        return self.model

    def _given(self, fit_kwargs: dict[str, Any]) -> list[keras.callbacks.Callback]:
        return user_callbacks.copied(self._task, self._number, fit_kwargs.get("callbacks"))

    def _callbacks(self) -> list[keras.callbacks.Callback]:
        """The toolkit's callbacks, except the resumption, which comes last."""
        task = self._task
        logged = self._state.epoch - self._state.begun if self._state else 0
        self._log = EpochLog(task.directory / layout.TRIAL_EPOCHS, self._number, task.objective, logged)
        callbacks: list[keras.callbacks.Callback] = [self._log, self._best]
        if task.pruner is not None:
            self._pruning = Pruning(task.pruner, task.objective, task.directory, self._number)
            callbacks.append(self._pruning)
        callbacks = [*own_tuner.hooks(task), *callbacks]
        if task.tensorboard is not None:
            # Before the log, which raises when the loss is not finite.
            callbacks.insert(0, Curves(task.tensorboard / f"execution{self._number}"))
        return callbacks

    def _resuming(self, ours: list[keras.callbacks.Callback], outcomes: list[Any]) -> Resumption:
        return Resumption(
            path=self._task.directory / layout.TRIAL_STATE,
            execution=self._number,
            executions=self._task.executions,
            outcomes=[getattr(outcome, "history", outcome) for outcome in outcomes],
            started_at=self._record.started_at,
            log=self._log,
            best=self._best,
            others=ours,
            deadline=self._task.deadline,
            pause_after=self._task.pause_after,
            state=self._state,
        )


def _parameters(model: Any) -> int | None:
    """The number of parameters of `model`; None if it is not built, as an untrained model without an input shape."""
    with contextlib.suppress(Exception):  # from the user's own model class
        return int(model.count_params()) if model.built else None
    return None
