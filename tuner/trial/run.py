"""One trial: build the model of a point, train it, and record what happened. Runs wherever the executor puts it."""

import contextlib
import copy
import faulthandler
import math
import os
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.src.engine import tuner_utils

from keras_search.results import files, layout
from keras_search.results.reading import reader
from keras_search.results.text import error_line, shortened
from keras_search.search_spaces import epochs
from keras_search.search_spaces.origin import Interrupted, is_interrupted, origin
from keras_search.search_spaces.space import Value
from keras_search.tuner import objectives
from keras_search.tuner.data import shared as shared_data
from keras_search.tuner.fast import patches
from keras_search.tuner.oracles import named as oracles
from keras_search.tuner.seeds import derive
from keras_search.tuner.trial import asked, bars, continuation, kept, resumption, scores
from keras_search.tuner.trial.callbacks import BestWeights, EpochLog, Pruning
from keras_search.tuner.trial.models import fresh_model
from keras_search.tuner.trial.pruners import Pruner
from keras_search.tuner.trial.resumption import OtherTrainingError, Resumption, State
from keras_search.tuner.trial.tensorboard_log import Curves

_LONGEST_LINE = 500
_MOST_LINES = 400
_RECORDED = (layout.TRIAL_EPOCHS, layout.TRIAL_WEIGHTS, layout.TRIAL_BUILD_CONFIG)


@dataclass(frozen=True)
class TrialTask:
    """All that a worker needs to run one trial.

    Attributes:
        trial_id: Keras Tuner's id.
        hyperparameters: The point, with its space.
        directory: The trial's directory, where its record and learning curve are written.
        hypermodel: Builds and fits the model.
        objective: What decides the best epoch.
        seed: Seeds the weights, the dropout and the order of the images.
        is_baseline: Whether this is the documented point.
        executions: How often the model is trained from scratch, each time with a seed of its own.
        fit_args, fit_kwargs: What `search` was called with: the data (`shared_data.store`), callbacks and so on.
        keeps_weights: Whether the best epoch's weights may be worth keeping.
        weights_from: The score that the trial must beat for that; None for any.
        budget: Up to which epoch it is trained, where the oracle decides that; else None.
        continues: The directory of the trial whose training this one goes on with; None for a fresh model.
        keeps_checkpoint: Whether another trial may go on with this one.
        pruner: Decides after each epoch whether to give the trial up; None for never.
        timeout: Seconds after which the process that runs the trial ends itself; None for never.
        retries: How often the trial is begun again, from its last finished epoch, when that process dies.
        tensorboard: The folder that its learning curves are written to for TensorBoard; None for nowhere.
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
    continues: Path | None = None
    keeps_checkpoint: bool = False
    pruner: Pruner | None = None
    timeout: float | None = None
    retries: int = 0
    tensorboard: Path | None = None

    @property
    def values(self) -> dict[str, Value]:
        return self.hyperparameters.values

    @property
    def is_interrupted(self) -> bool:
        """Whether it has been begun and goes on from an epoch in between."""
        return (self.directory / layout.TRIAL_STATE).exists()

    @property
    def epochs(self) -> int:
        """How many epochs it will train, all executions taken together, as far as can be known beforehand."""
        known = (self.budget, self.values.get("epochs"), self.fit_kwargs.get("epochs"))
        last = next((number for number in map(epochs.whole, known) if number is not None), 1)
        return (last - self.values.get(oracles.BUDGET_BEFORE, 0)) * self.executions


@dataclass
class TrialRecord:
    """What Keras Tuner's `trial.json` has no place for; kept beside it as `record.json`.

    Attributes:
        weights_lost: Why its weights cannot be kept; None where they can.
        files: SHA-256 of the trial's other files as it ended, by which damage is seen.
        accelerations: Which made its training faster: True, or why one did not (`patches.status`).
    """

    seed: int
    is_baseline: bool
    started_at: str
    ended_at: str | None = None
    duration_s: float | None = None
    best_epoch: int | None = None
    epochs_run: int | None = None
    parameters: int | None = None
    pruned: bool = False
    worker: int | None = None
    weights_lost: str | None = None
    error: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    accelerations: dict[str, bool | str] = field(default_factory=dict)

    def save(self, directory: Path) -> None:
        files.write_json(directory / layout.TRIAL_RECORD, asdict(self))


@dataclass(frozen=True)
class TrialResult:
    """How a trial ended.

    Attributes:
        metrics: Every metric at the best epoch, averaged over the executions; empty where the trial failed.
        best_step: The best epoch, counted from 0 as Keras Tuner does.
        error: The traceback of a failed trial, else None.
        is_fatal: Whether the error shows that the hypermodel can never work, whatever the point.
        hyperparameters: The point, with what the hypermodel asked for that was not known before; None where its process
            died before that could be told.
        weights_lost: Why its weights cannot be kept; None where they can.
    """

    metrics: dict[str, float]
    best_step: int
    error: str | None = None
    is_fatal: bool = False
    hyperparameters: keras_tuner.HyperParameters | None = None
    weights_lost: str | None = None


def run_trial(task: TrialTask) -> TrialResult:
    """Trains the task's model and writes its record; an error in the user's code is a result, not an exception.

    So is a SystemExit of it, and a KeyboardInterrupt that no signal has raised.

    A trial that was interrupted goes on after its last finished epoch (`resumption.py`).

    Raises:
        OSError: The run directory can no longer be written, which is no fault of the trial.
        Interrupted: A signal has come.
    """
    began = time.monotonic()
    state = resumption.load(task.directory / layout.TRIAL_STATE)
    started_at, seconds_before = (state.started_at, state.seconds) if state else (_now(), 0.0)
    record = TrialRecord(task.seed, task.is_baseline, started_at, worker=os.getpid())
    record.save(task.directory)
    for left_over in (layout.TRIAL_EPOCHS, layout.TRIAL_WEIGHTS):
        (task.directory / left_over).unlink(missing_ok=True)
    if state:
        files.write_text(task.directory / layout.TRIAL_EPOCHS, state.curve)
    try:
        with (
            _ended_after(task.timeout, task.directory / layout.TRIAL_HUNG),
            bars.absent(),
            asked.noted(task.hyperparameters, task.directory / layout.TRIAL_ASKED),
        ):
            result = _train(task, record, state)
    except OtherTrainingError:
        (task.directory / layout.TRIAL_STATE).unlink()
        return run_trial(task)
    except BaseException as error:
        if is_interrupted(error):
            raise Interrupted from error
        files.require_disk(task.directory, error)
        record.error = error_line(error) + origin(error)
        is_fatal = isinstance(error, keras_tuner.errors.FatalError)
        result = TrialResult({}, 0, _traceback(), is_fatal, task.hyperparameters)
    record.ended_at = _now()
    record.duration_s = round(seconds_before + time.monotonic() - began, 3)
    record.files = files.digests(task.directory, _RECORDED)
    record.save(task.directory)
    return result


@contextlib.contextmanager
def _ended_after(seconds: float | None, log: Path) -> Iterator[None]:
    """Ends this process where the block takes longer, even in native code; `log` then says where it was."""
    if seconds is None:
        yield
        return
    log.unlink(missing_ok=True)
    with log.open("x") as file:
        faulthandler.dump_traceback_later(seconds, file=file, exit=True)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            log.unlink()


def _train(task: TrialTask, record: TrialRecord, state: State | None) -> TrialResult:
    outcomes = [_history(outcome) for outcome in state.outcomes] if state else []
    finished = [outcome for outcome in outcomes if isinstance(outcome, keras.callbacks.History)]
    record.epochs_run = max((state.begun + len(history.epoch) for history in finished), default=0)
    fit_args, fit_kwargs = shared_data.load((tuple(task.fit_args), task.fit_kwargs))
    weights = BestWeights(task.objective)
    if state:
        weights.state = state.best
    for execution in range(len(outcomes), task.executions):
        seed = task.seed if execution == 0 else derive(task.seed, "execution", execution)
        if state is None and continuation.lacks_checkpoint(task, execution):
            given = copied_callbacks(task, execution, fit_kwargs.get("callbacks") or [])
            continuation.train_predecessor(task, execution, seed, fit_args, fit_kwargs | {"callbacks": given})
        model = fresh_model(task.hypermodel, task.hyperparameters, seed)
        begun = state.begun if state else continuation.go_on(task, execution, model)
        hp, span = continuation.within_budget(task, model, begun, task.budget)
        logged = state.epoch - begun if state else 0
        log = EpochLog(task.directory / layout.TRIAL_EPOCHS, execution, task.objective, logged)
        ours: list[keras.callbacks.Callback] = [log, weights]
        if task.pruner is not None:
            ours.append(pruning := Pruning(task.pruner, task.objective, task.directory, execution))
        if task.tensorboard is not None:
            # Before the log, which ends a training whose loss is no longer a number.
            ours.insert(0, Curves(task.tensorboard / f"execution{execution}"))
        going_on = Resumption(
            path=task.directory / layout.TRIAL_STATE,
            execution=execution,
            executions=task.executions,
            outcomes=[getattr(outcome, "history", outcome) for outcome in outcomes],
            begun=begun,
            started_at=record.started_at,
            log=log,
            best=weights,
            others=ours,
            state=state,
        )
        going_on.attach(model)
        state = None
        callbacks = [*copied_callbacks(task, execution, fit_kwargs.get("callbacks") or []), *ours, going_on]
        try:
            outcome = task.hypermodel.fit(hp, model, *fit_args, **fit_kwargs | span | {"callbacks": callbacks})
        finally:
            record.epochs_run = max(record.epochs_run, begun + log.epochs)
            record.parameters = _parameters(model)
            if isinstance(model, keras.Model):
                record.accelerations = patches.status(model)
                patches.restore(model)  # callbacks of the user's own may keep it
            # It may be a copy.
            task.hyperparameters.merge(hp, overwrite=False)
        going_on.require_taken()
        outcome = objectives.checked(task.objective, outcome)
        tuner_utils.validate_trial_results(outcome, task.objective, "HyperModel.fit()")
        curve = [row for row in reader.read_epochs(task.directory) if row["execution"] == execution]
        outcome = scores.aligned(outcome, curve)
        outcomes.append(outcome)
        if task.keeps_checkpoint:
            path = continuation.checkpoint_path(task.directory, execution)
            kept.checkpoint(model, begun + log.epochs, path)
        if task.pruner is not None and pruning.pruned:
            record.pruned = True
            break
    metrics, best_step = scores.best(outcomes, task.objective)
    score = task.objective.get_value(metrics)
    if not math.isfinite(score):
        raise keras_tuner.errors.FailedTrialError(f"{task.objective.name} is {score}")
    # A score that `fit` worked out by itself is of no known epoch.
    if record.epochs_run and isinstance(outcome, keras.callbacks.History):
        record.best_epoch = begun + best_step + 1
    beats = task.weights_from is None or task.objective.better_than(score, task.weights_from)
    if task.keeps_weights and beats:
        record.weights_lost = kept.weights(model, weights, task.directory)
    metrics = {name: float(value) for name, value in metrics.items()}
    return TrialResult(metrics, best_step, hyperparameters=task.hyperparameters, weights_lost=record.weights_lost)


def _parameters(model: Any) -> int | None:
    """How many a model has; None of one that is not built, as one without an input shape is by its first batch."""
    with contextlib.suppress(Exception):  # of a class of the user's own
        return int(model.count_params()) if model.built else None
    return None


def _history(outcome: Any) -> Any:
    """What `fit` gave in an execution before: the metrics of each epoch, or a score as it was."""
    if not (isinstance(outcome, dict) and all(isinstance(values, list) for values in outcome.values())):
        return outcome
    history = keras.callbacks.History()
    history.history = outcome
    history.epoch = list(range(max(map(len, outcome.values()))))
    return history


def copied_callbacks(
    task: TrialTask, execution: int, given: Iterable[keras.callbacks.Callback]
) -> list[keras.callbacks.Callback]:
    """Copies of `given`, and the task's own log for TensorBoard.

    A `TensorBoard` among `given` writes where Keras Tuner has it write, and the point as well.
    """
    callbacks = copy.deepcopy(keras.tree.flatten(given))
    for board in [callback for callback in callbacks if isinstance(callback, keras.callbacks.TensorBoard)]:
        from tensorboard.plugins.hparams import api

        board.log_dir = str(Path(board.log_dir) / task.trial_id / f"execution{execution}")
        point = tuner_utils.convert_hyperparams_to_hparams(task.hyperparameters, api)
        callbacks.append(api.KerasCallback(board.log_dir, point, task.trial_id))
    return callbacks


def _traceback() -> str:
    """The traceback of the error that is handled, without what its message holds of the data."""
    lines = [shortened(line, _LONGEST_LINE) for line in traceback.format_exc().splitlines()]
    left_out = len(lines) - _MOST_LINES
    if left_out > 0:
        lines[_MOST_LINES // 2 : -_MOST_LINES // 2] = [f"  [{left_out} lines are left out]"]
    return "\n".join(lines) + "\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
