"""A trial in the hands of the user's own tuner: its `run_trial`, and what that may ask of the tuner meanwhile."""

import contextlib
import statistics
import weakref
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import keras
import keras_tuner

from keras_search.results import layout
from keras_search.tuner import keras_private, objectives
from keras_search.tuner.fast import patches
from keras_search.tuner.keras_private import Trial
from keras_search.tuner.seeds import derive
from keras_search.tuner.trial import models, own_code, own_tuner, scores
from keras_search.tuner.trial.callbacks import EpochLog, numbers
from keras_search.tuner.trial.recording_oracle import RecordingOracle
from keras_search.tuner.trial.task import TrialTask
from keras_search.tuner.trial.training import Training


@dataclass
class OwnTrial:
    """A trial that the user's own tuner runs.

    Attributes:
        task: The task of the trial.
        training: Trains it as it would be without the subclass.
        epochs: The metrics of the epochs that a loop of the user's own has told to `on_epoch_end`.
    """

    task: TrialTask
    training: Training
    epochs: list[dict[str, float]] = field(default_factory=list)
    _log: EpochLog | None = None
    _last: int = -1
    _loops: int = 0

    def train(self, fit_args: Sequence[Any], fit_kwargs: dict[str, Any]) -> list[Any]:
        """Trains the trial as without a `run_trial` of one's own; returns what `fit` gave in each execution."""
        return self.training.train(fit_args, own_code.with_verbose(self.task.hypermodel, fit_kwargs))

    def epoch_ends(self, model: Any, epoch: int, logs: dict[str, Any] | None) -> None:
        """Logs an epoch of a loop of the user's own, and keeps the weights if it is the best so far."""
        if self.training.is_on:
            return  # the training's callbacks do so
        if self._log is None or epoch <= self._last:
            execution = self.training.executions + self._loops
            self._log = EpochLog(self.task.directory / layout.TRIAL_EPOCHS, execution, self.task.objective)
            self._loops += 1
        self._last = epoch
        metrics = numbers(logs)
        self.epochs.append(metrics)
        self.training.model = model
        self.training.best.set_model(model)
        self.training.best.on_epoch_end(epoch, metrics)
        self.training.trained_for(self._log.epochs + 1)
        self._log.on_epoch_end(epoch, metrics)

    def keep(self, model: keras.Model) -> None:
        """Keeps the present weights of `model` as those of the trial."""
        self.training.model = model
        self.training.best.state = None, model.get_weights()


_CURRENT: ContextVar[OwnTrial | None] = ContextVar("the trial that the user's tuner runs in this process", default=None)


def current(tuner: Any) -> OwnTrial | None:
    """The trial that `tuner` runs now; None if it runs none."""
    run = _CURRENT.get()
    return run if run is not None and run.task.tuner is tuner else None


def train(task: TrialTask, training: Training, fit_args: Sequence[Any], fit_kwargs: dict[str, Any]) -> list[Any]:
    """Trains the trial of `task`, by its tuner's own `run_trial` if there is one; returns what the executions gave."""
    if task.tuner is None:
        return training.train(fit_args, fit_kwargs)
    run = OwnTrial(task, training)
    with _running(run), _accelerating(run):
        run_trial = own_tuner.method(task.tuner, "run_trial")
        if run_trial is None:
            return training.train(fit_args, fit_kwargs)
        if isinstance(task.hypermodel, models.NoModel):
            keras_private.set_random_seed(task.seed)
        else:
            models.begin_process(task.seed)
        trial = own_tuner.trial(task)
        # It may hold the metrics of a run that was interrupted.
        trial.metrics = type(trial.metrics)()
        outcome = _outcome(run, trial, run_trial(trial, *fit_args, **fit_kwargs))
    return outcome if isinstance(outcome, list) else [outcome]


@contextlib.contextmanager
def _running(run: OwnTrial) -> Iterator[None]:
    tuner, is_here = run.task.tuner, "oracle" in vars(run.task.tuner)
    if not is_here:
        tuner.oracle = RecordingOracle(run.task)
    token = _CURRENT.set(run)
    try:
        yield
    finally:
        _CURRENT.reset(token)
        if not is_here:
            del tuner.oracle


@contextlib.contextmanager
def _accelerating(run: OwnTrial) -> Iterator[None]:
    """In the block, the models that `run_trial` builds by the hypermodel have an accelerated `fit`."""
    hypermodel = run.task.tuner.hypermodel
    build, before = hypermodel.build, vars(hypermodel).get("build")
    built: list[weakref.ref[keras.Model]] = []

    def accelerated(hp: keras_tuner.HyperParameters) -> Any:
        model = build(hp)
        if isinstance(model, keras.Model) and not run.training.is_on:
            patches.accelerate(model, derive(run.task.seed, "model", len(built)))
            built.append(weakref.ref(model))
        return model

    hypermodel.build = accelerated
    try:
        yield
    finally:
        for model in built:
            patches.restore(model())
        del hypermodel.build
        if before is not None:
            hypermodel.build = before


def _outcome(run: OwnTrial, trial: Trial, returned: Any) -> Any:
    """What the user's `run_trial` has found: the metrics told to the oracle, else what it returned, else its epochs."""
    objective = run.task.objective
    told = trial.metrics.metrics
    if told and (returned is None or trial.metrics.exists(objective.name)):
        returned = _history(trial)
    elif returned is None and run.epochs:
        returned = _as_history(run.epochs)
    outcome = objectives.checked(objective, returned)
    keras_private.validate_trial_results(outcome, objective, "Tuner.run_trial()")
    return scores.aligned(outcome)


def _history(trial: Trial) -> keras.callbacks.History:
    """The metrics that `trial` was updated with, each step as an epoch."""
    steps: dict[int, dict[str, float]] = {}
    for name in trial.metrics.metrics:
        for observation in trial.metrics.get_history(name):
            steps.setdefault(observation.step, {})[name] = statistics.fmean(observation.value)
    return _as_history([steps[step] for step in sorted(steps)])


def _as_history(epochs: list[dict[str, float]]) -> keras.callbacks.History:
    history = keras.callbacks.History()
    history.epoch = list(range(len(epochs)))
    names = {name for metrics in epochs for name in metrics}
    history.history = {name: [metrics.get(name) for metrics in epochs] for name in names}
    return history
