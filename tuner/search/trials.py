"""The trials of a search: turns the oracle's trials into tasks, and tells the oracle their results."""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from keras_search.results import files, layout
from keras_search.results.reading import trial_rows
from keras_search.search_spaces.custom import asks_in_fit, declares_all, fits_itself
from keras_search.search_spaces.space import Value
from keras_search.tuner import keras_private
from keras_search.tuner.keras_private import Trial, TrialStatus
from keras_search.tuner.oracles.recorded import Recorded
from keras_search.tuner.search.left_overs import LeftOvers
from keras_search.tuner.search.ranking import Ranking
from keras_search.tuner.seeds import derive, trial_seed
from keras_search.tuner.trial import models, own_tuner
from keras_search.tuner.trial.pruners import Pruner
from keras_search.tuner.trial.task import TrialResult, TrialTask
from keras_search.tuner.trial.tensorboard_log import TensorBoardLog

_SAME_FAILURES_TO_STOP = 3


@dataclass(frozen=True)
class Trials:
    """The trials of a run, in its oracle and on disk.

    Attributes:
        oracle: Says what to try.
        hypermodel: Builds and fits the models.
        run: The run directory.
        baseline: The documented point.
        seed: The seed of the run.
        executions, keep_weights, pruner, timeout, retries: As for a `Tuner`.
        tensorboard: Writes them for TensorBoard; None to write nothing.
        tuner: The tuner that searches, whose hooks are called; None for a search without one.
    """

    oracle: Recorded
    hypermodel: keras_tuner.HyperModel
    run: Path
    baseline: dict[str, Value]
    seed: int
    executions: int
    keep_weights: int | None
    pruner: Pruner | None
    timeout: float | None
    retries: int
    tensorboard: TensorBoardLog | None
    tuner: keras_tuner.Tuner | None = None

    def set_aside(self, say: Callable[[str], Any]) -> None:
        """Renames damaged files, which are written anew, and removes the saved states of trials that have ended."""
        for path in self.oracle.damaged:
            aside = files.set_aside(path)
            say(f"{path} is damaged: it is kept as {aside.name}, and what it held is worked out again")
        self.oracle.damaged.clear()
        for trial_id in set(self.oracle.end_order) - self.oracle.paused:
            (self.directory(trial_id) / layout.TRIAL_STATE).unlink(missing_ok=True)
        for trial_id in keras_private.to_be_retried(self.oracle):
            keras_private.save_trial(self.oracle, self.oracle.get_trial(trial_id))

    def are_done(self) -> bool:
        """Whether there are as many as were asked for."""
        return self.oracle.max_trials is not None and len(self.oracle.end_order) >= self.oracle.max_trials

    def have_begun(self) -> bool:
        """Whether as many have begun as were asked for."""
        return self.oracle.max_trials is not None and len(self.oracle.trials) >= self.oracle.max_trials

    def ask(self) -> Trial | None:
        """The oracle's next trial, marked as waiting; None if it has none now."""
        if self.tuner is not None:
            self.tuner.pre_create_trial()
        names = (f"tuner{number}" for number in itertools.count())
        name = next(name for name in names if name not in self.oracle.ongoing_trials)
        with self.oracle.held():
            trial = self.oracle.create_trial(name)
        if trial.status != TrialStatus.RUNNING:
            return None
        if trial.trial_id in self.oracle.going_on:
            self._ranking.remove(trial)
        self._mark(trial, TrialStatus.IDLE)
        return trial

    def task(self, trial: Trial, fit_args: Sequence[Any] = (), fit_kwargs: dict[str, Any] | None = None) -> TrialTask:
        """The task of `trial`."""
        # The trial may have more values: the oracle's space may hold what the baseline's model does not use.
        is_baseline = (
            trial.trial_id == self.oracle.start_order[0]
            and self.baseline.items() <= trial.hyperparameters.values.items()
        )
        predecessor = self.oracle.predecessor(trial)
        epochs = self.oracle.epochs_of(trial)
        return TrialTask(
            trial_id=trial.trial_id,
            hyperparameters=trial.hyperparameters,
            directory=self.directory(trial.trial_id).resolve(),
            hypermodel=self.hypermodel,
            objective=self.oracle.objective,
            seed=self._trial_seed(trial),
            is_baseline=is_baseline,
            executions=self.executions,
            fit_args=fit_args,
            fit_kwargs=fit_kwargs or {},
            keeps_weights=self.keep_weights != 0,
            budget=None if epochs is None else epochs.stop,
            initial_epoch=0 if epochs is None else epochs.start,
            continues=None if predecessor is None else self.directory(predecessor).resolve(),
            keeps_checkpoint=trial.trial_id in self.oracle.continuable(),
            # The documented point is trained as documented.
            pruner=None if is_baseline else self.pruner,
            pause_after=None if is_baseline else self.oracle.pause_after(trial),
            timeout=self.timeout,
            retries=self.retries,
            tensorboard=None if self.tensorboard is None else self.tensorboard.curves(trial.trial_id),
            tuner=self.tuner_in_training,
        )

    def begin(self, task: TrialTask) -> TrialTask:
        """Marks the trial of `task` as running; returns it with the score that its weights must beat to be kept."""
        trial = self.oracle.get_trial(task.trial_id)
        self._mark(trial, TrialStatus.RUNNING)
        if self.tuner is not None and task.retries == self.retries:
            self.tuner.on_trial_begin(trial)
        last_kept = self._ranking.at(self.keep_weights - 1) if self.keep_weights else None
        return task if last_kept is None else replace(task, weights_from=last_kept.score)

    def tell(self, task: TrialTask, result: TrialResult) -> None:
        """Tells the oracle how the trial of `task` ended, and removes files that are no longer needed."""
        trial = self.oracle.get_trial(task.trial_id)
        # A trial that was interrupted may hold earlier metrics, which Keras Tuner would average with these.
        trial.metrics = type(trial.metrics)()
        trial.message = result.error
        trial.hyperparameters = result.hyperparameters or trial.hyperparameters
        if result.error is None:
            # Without NaNs, of which NumPy would warn.
            metrics = {name: value for name, value in result.metrics.items() if value == value}
            # Keras Tuner would make a metric of Keras each time, to see its direction.
            for name in filter(self._directions.__contains__, metrics):
                trial.metrics.register(name, self._directions[name])
            with self.oracle.held():
                self.oracle.update_trial(trial.trial_id, metrics, step=result.best_step)
            self._directions.update((name, trial.metrics.get_direction(name)) for name in metrics)
            trial.status = TrialStatus.COMPLETED
        else:
            trial.status = TrialStatus.INVALID if result.may_be_retried else TrialStatus.FAILED
            trial.score, trial.best_step = None, None  # of a training that had paused
        if self.tensorboard is not None:
            score = None if result.error else self.oracle.objective.get_value(result.metrics)
            self.tensorboard.trial_ended(task.directory, trial.hyperparameters, score, result.best_step)
        self.oracle.trained(trial.trial_id, result.paused)
        self._end(trial)
        if not result.paused:
            (task.directory / layout.TRIAL_STATE).unlink(missing_ok=True)
        if self.tensorboard is not None:
            self.tensorboard.declare(self.oracle.hyperparameters.space)
        self._ranking.add(trial)
        self._left_overs.remove(trial, self.oracle.predecessor(trial), self._ranking, self.oracle.continuable())

    def _end(self, trial: Trial) -> None:
        """Ends `trial` in the oracle; the tuner's `on_trial_end` does it, unless a user's own leaves that out."""
        try:
            if self.tuner is not None:
                self.tuner.on_trial_end(trial)
        finally:
            self.end(trial)

    def end(self, trial: Trial) -> None:
        """Ends `trial` in the oracle, unless it has ended."""
        if trial.trial_id in {running.trial_id for running in self.oracle.ongoing_trials.values()}:
            self.oracle.end_trial(trial)

    @property
    def tuner_in_training(self) -> keras_tuner.Tuner | None:
        """The tuner, if it overrides a part of the training of a trial."""
        return self.tuner if own_tuner.method(self.tuner, *own_tuner.IN_TRAINING) else None

    @property
    def trains_itself(self) -> bool:
        """Whether the hypermodel or the tuner has its own way of training, which may be given anything."""
        own = own_tuner.method(self.tuner, *own_tuner.FITTING)
        return own is not None or fits_itself(self.hypermodel)

    @property
    def asks_in_training(self) -> bool:
        """Whether trials may ask for hyperparameters that are not known before one has run."""
        own = not declares_all(self.hypermodel) and own_tuner.asks(self.tuner)
        return own or asks_in_fit(self.hypermodel)

    @cached_property
    def _ranking(self) -> Ranking:
        """The completed trials; `tell` adds to it."""
        return Ranking(self.oracle.trials.values(), self.oracle.objective.direction)

    @cached_property
    def _directions(self) -> dict[str, str]:
        """Whether more or less is better, by the name of each metric so far; `tell` adds to it."""
        return {}

    @cached_property
    def _left_overs(self) -> LeftOvers:
        return LeftOvers(self.run, self.keep_weights)

    def best(self) -> list[Trial]:
        """The completed trials, the best first."""
        return list(self._ranking)

    def known(self) -> set[str]:
        """The names of all hyperparameters known so far."""
        return {hp.name for hp in self.oracle.hyperparameters.space}

    def common_failure(self) -> str | None:
        """The error of all trials that have ended, if they are enough and all failed the same way; else None.

        None as well where the oracle says how many trials may fail.
        """
        if self.oracle.max_consecutive_failed_trials is not None:
            return None
        ended = self.oracle.end_order
        # Mostly the first one tells that it is not so.
        has_failed = (self.oracle.trials[trial_id].status == TrialStatus.FAILED for trial_id in ended)
        if len(ended) < _SAME_FAILURES_TO_STOP or not all(has_failed):
            return None
        reasons = (trial_rows.read_trial(self.directory(trial_id))["error"] or "" for trial_id in ended)
        first = next(reasons)
        return first if all(_numbers_aside(reason) == _numbers_aside(first) for reason in reasons) else None

    def baseline_model(self) -> keras.Model:
        """The model of the documented point."""
        hp = self.oracle.get_space().copy()
        hp.values = dict(self.baseline)
        with models.building():
            return self.hypermodel.build(hp)

    def directory(self, trial_id: str) -> Path:
        """The directory of a trial."""
        return self.run / f"{layout.TRIAL_PREFIX}{trial_id}"

    def _mark(self, trial: Trial, status: str) -> None:
        trial.status = status
        keras_private.save_trial(self.oracle, trial)

    def _trial_seed(self, trial: Trial) -> int:
        first = self._first_of(trial)
        seed = trial_seed(self.seed, first.trial_id)
        # With the same seed it would fail again.
        attempts = self.oracle.attempts(first)
        return derive(seed, "attempt", attempts) if attempts else seed

    def _first_of(self, trial: Trial) -> Trial:
        """The earliest predecessor of `trial`, which began from scratch; `trial` itself if it has none."""
        while (predecessor := self.oracle.predecessor(trial)) is not None:
            trial = self.oracle.get_trial(predecessor)
        return trial


def _numbers_aside(reason: str) -> str:
    """`reason` without the numbers in it; but a loss that becomes NaN in another epoch is another reason."""
    return reason if reason.startswith("Diverged") else re.sub(r"[-+.\d\s]+", "", reason)
