"""What travels between a search and the processes of its trials: a task there, a result back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras_tuner

from keras_search.results import layout
from keras_search.search_spaces import epochs
from keras_search.search_spaces.space import Value
from keras_search.tuner.seeds import derive
from keras_search.tuner.trial.output import Printed
from keras_search.tuner.trial.pruners import Pruner


@dataclass(frozen=True)
class TrialTask:
    """All that a worker needs to run one trial.

    Attributes:
        trial_id: Keras Tuner's id of the trial.
        hyperparameters: The point, with its space.
        directory: The trial's directory, where its record and learning curve are written.
        hypermodel: Builds and fits the model.
        objective: What decides the best epoch.
        seed: Seeds the weights, the dropout and the order of the images.
        is_baseline: Whether this is the documented point.
        executions: How often the model is trained from scratch, each time with another seed.
        fit_args, fit_kwargs: The arguments of `search`: the data (`data.shared.Store`), callbacks and so on.
        keeps_weights: Whether the best epoch's weights may be worth keeping.
        weights_from: The score that the trial must beat for that; None for any score.
        budget: The epoch up to which it is trained, if the oracle decides that; else None.
        initial_epoch: After how many epochs it starts: above 0 if it goes on with the training of another trial.
        continues: The directory of that other trial, the predecessor; None for a fresh model.
        keeps_checkpoint: Whether another trial may go on with the training of this one.
        pause_after: The epoch of its first execution after which it pauses, unless that is the last; None for none.
        pruner: Decides after each epoch whether to stop the trial; None for never.
        timeout: Seconds after which the process of the trial ends itself; None for never.
        deadline: When the trial pauses, in seconds since the epoch, rather than begin an epoch that would end later;
            None for never.
        retries: How often the trial is begun again, from its last finished epoch, if that process dies.
        tensorboard: The folder for its learning curves as TensorBoard reads them; None to write none.
        tuner: The tuner, of a subclass that overrides a part of the training; None if it overrides none.
        is_elsewhere: Whether it runs in another process than the search, maybe beside other trials.
    """

    trial_id: str
    hyperparameters: keras_tuner.HyperParameters
    directory: Path
    hypermodel: keras_tuner.HyperModel
    objective: keras_tuner.Objective
    seed: int
    is_baseline: bool
    executions: int = 1
    fit_args: Sequence[Any] = ()
    fit_kwargs: dict[str, Any] = field(default_factory=dict)
    keeps_weights: bool = False
    weights_from: float | None = None
    budget: int | None = None
    initial_epoch: int = 0
    continues: Path | None = None
    keeps_checkpoint: bool = False
    pause_after: int | None = None
    pruner: Pruner | None = None
    timeout: float | None = None
    deadline: float | None = None
    retries: int = 0
    tensorboard: Path | None = None
    tuner: Any = None
    is_elsewhere: bool = False

    @property
    def values(self) -> dict[str, Value]:
        return self.hyperparameters.values

    @property
    def is_interrupted(self) -> bool:
        """Whether it was interrupted, and goes on after its last finished epoch."""
        return (self.directory / layout.TRIAL_STATE).exists()

    def execution_seed(self, execution: int) -> int:
        """The seed of the execution with this number."""
        return self.seed if execution == 0 else derive(self.seed, "execution", execution)

    @property
    def epochs(self) -> int:
        """How many epochs all its executions will train, as far as that is known beforehand."""
        known = (self.budget, self.values.get("epochs"), self.fit_kwargs.get("epochs"))
        last = next((number for number in map(epochs.whole, known) if number is not None), 1)
        return (last - self.initial_epoch) * self.executions


@dataclass(frozen=True)
class TrialResult:
    """How a trial ended.

    Attributes:
        metrics: Every metric at the best epoch, averaged over the executions; empty if the trial failed.
        best_step: The best epoch, counted from 0 as Keras Tuner does.
        error: The traceback of a failed trial; else None.
        fatal: The name of the class of `keras_tuner.errors` which says that the hypermodel fails at every point; None
            if the error is of none.
        may_be_retried: Whether the error may be one of bad luck, and no `FailedTrialError` of the hypermodel's.
        hyperparameters: The point, with what the hypermodel asked for that was not known before; None if its process
            died and these are lost.
        weights_lost: Why its weights cannot be kept; None if they can.
        paused: Whether it has stopped at its `deadline` or `pause_after`, and can go on.
        seconds: How long it took, with what it took before an interruption.
        printed: What it printed in a process of its own; None if it had none, or died with it.
        changed: What it changed in a process of its own of the user's objects, by name.
    """

    metrics: dict[str, float]
    best_step: int
    error: str | None = None
    fatal: str | None = None
    may_be_retried: bool = False
    hyperparameters: keras_tuner.HyperParameters | None = None
    weights_lost: str | None = None
    paused: bool = False
    seconds: float = 0.0
    printed: Printed | None = None
    changed: Sequence[str] = ()
