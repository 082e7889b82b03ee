"""The tuner: a `keras_tuner.Tuner` that searches in parallel, and whose record survives a kill."""

import contextlib
import io
from collections.abc import Iterable
from concurrent import futures
from pathlib import Path
from typing import Any

import keras_tuner

from keras_search.results.reading import trial_rows
from keras_search.tuner import forms, objectives, oracles, runtime, seeds
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.record import question, run_record
from keras_search.tuner.record import warm_start as warm
from keras_search.tuner.record.lock import locked
from keras_search.tuner.record.own_run import OwnRun
from keras_search.tuner.search.given import FitArguments
from keras_search.tuner.search.stop import Limits
from keras_search.tuner.searching import Searching
from keras_search.tuner.transport import settings
from keras_search.tuner.trial import models, own_tuner, pruners
from keras_search.tuner.trial.recompiled import Compiling

objectives.watch_guesses()


class Tuner(Searching):
    """Searches the space of a hypermodel in parallel, and keeps a record that survives a kill.

    It takes Keras Tuner's arguments, and those after `executions_per_trial` by name:

        tuner = Tuner(keras_tuner.oracles.GridSearchOracle("val_loss"), hypermodel, project_name="digits")

    or the hypermodel first, with the oracle's name; the defaults that differ are then those in brackets below:

        tuner = Tuner(hypermodel, objective="val_accuracy", max_trials=20, oracle="tpe", project_name="digits")
        tuner.search(x, y, validation_data=(x_val, y_val))
        tuner.get_best_models()[0]

    The same lines run again go on where the search stopped.

    Args:
        oracle: The name of an oracle (`tuner.oracles.named.ORACLES`), or any `keras_tuner.Oracle` ["random"].
        hypermodel: A `keras_tuner.HyperModel`, or a function that takes hyperparameters and returns a compiled model.
            The first trial is its `baseline`, or else its defaults.
        max_model_size: The most parameters that a model may have; a trial with a larger one fails.
        optimizer, loss, metrics: Replace those that the hypermodel compiles its models with.
        distribution_strategy: A `tf.distribute.Strategy` under which each model is built and trained, in this process.
        directory, project_name: The run directory is `directory/project_name`; None for `.` and `untitled_project`
            [`runs` and `untitled`].
        logger: Kept as an attribute and used by nothing, as in Keras Tuner, which warns that it is deprecated.
        tuner_id: The name of this tuner among the oracle's.
        overwrite: Whether an existing run is deleted first, and so is one that another tuner has made by the time of
            the first `search`.
        executions_per_trial: How often each point is trained from scratch; its metrics are averaged.
        objective: The objective, as in Keras Tuner, or `NAME:max`, `NAME:min` ["val_accuracy"]; an oracle that is an
            object brings its own.
        max_trials: How many trials in all, if the oracle is a name [20; with a `time_budget`, as many as there is time
            for]; with a larger number, a finished search goes on.
        seed: Decides the points and, with the trial's id, everything random in a trial; None for another search each
            time [0].
        workers: How many processes train at once: `auto` (as many as cores, or GPUs), a number, or 0 for this process.
        trials_per_gpu: How many of `auto`'s workers share a GPU.
        threads: In how many threads each worker computes. Scores depend on it in their last digits, so a run keeps it.
        executor: Where trials run, in place of `workers`: a `tuner.executors.base.Executor`, or a pool of processes
            that does not fork (loky's, or Python's with spawn); the caller shuts it down.
        keep_weights: For how many of the best trials the best epoch's weights are kept; None for all [3].
        pruner: The name of a pruner (`tuner.trial.pruners.PRUNERS`), which stops running trials that fall behind.
            Scores then depend on how many trials run at once.
        time_budget: Seconds after which a search ends; None for no limit. Trials that run then pause after an epoch:
            they count with their best epoch, and go on in the next search.
        until_no_better: After how many completed trials in a row that were no better than one before a search ends;
            None for no limit.
        warm_start: Earlier runs, or one: directories of this toolkit's runs or of Keras Tuner's projects, searched for
            the same objective. Their best five points are tried after the baseline, and oracles that learn are told of
            all of their trials. The run keeps what it needs, so the earlier ones may be deleted.
        retries: How often a trial whose worker process died begins again, from its last finished epoch.
        trial_timeout: Seconds after which an unfinished trial fails; None for no limit. Not with `workers=0`.
        tensorboard: Whether to write `tensorboard` in the run directory: every learning curve and the HParams tab.

    Raises:
        InputError: An argument is not possible, or the trials of the existing run cannot be ranked by the objective.
    """

    @forms.either
    def __init__(
        self,
        oracle: str | keras_tuner.Oracle,
        hypermodel: Any = None,
        max_model_size: int | None = None,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        distribution_strategy: Any = None,
        directory: str | Path | None = None,
        project_name: str | None = None,
        logger: Any = None,
        tuner_id: str | None = None,
        overwrite: bool = False,
        executions_per_trial: int = 1,
        *,
        objective: str | keras_tuner.Objective | list[Any] | None = None,
        max_trials: int | None = None,
        seed: int | None = None,
        workers: int | str = "auto",
        trials_per_gpu: int = 1,
        threads: int = 1,
        executor: Executor | futures.Executor | None = None,
        keep_weights: int | None = None,
        pruner: str = "none",
        time_budget: float | None = None,
        until_no_better: int | None = None,
        warm_start: str | Path | Iterable[str | Path] | None = None,
        retries: int = 1,
        trial_timeout: float | None = None,
        tensorboard: bool = False,
    ) -> None:
        self._require_possible()
        self._limits = Limits(time_budget, until_no_better)
        self._compiling = Compiling(optimizer, loss, metrics, max_model_size, distribution_strategy)
        workers = choice.for_strategy(workers, executor, distribution_strategy)
        self._executor = choice.accepted(executor, workers, trials_per_gpu, threads, trial_timeout)
        self._pruner = pruners.get(pruner)
        if hypermodel is None and own_tuner.is_own(self, "run_trial"):
            hypermodel = models.NoModel()
        hypermodel = models.hypermodel(hypermodel)
        self._settings = settings.current()
        # As in Keras Tuner.
        directory, project_name = directory or ".", project_name or forms.UNTITLED[0]
        self._run = Path(directory) / project_name
        if overwrite:
            run_record.check_deletable(self._run)
        objective = oracles.settled(oracle, objective)
        known = None if isinstance(oracle, str) else oracle.get_space()
        with models.building():
            saved = None if overwrite else oracles.saved_space(self._run)
            hp, space, self._unbuilt = models.declared(hypermodel, known, saved)
        drawn = seeds.drawn() if isinstance(oracle, str) else oracle.seed
        if isinstance(oracle, str):
            oracle = oracles.make(oracle, objective, max_trials, drawn if seed is None else seed, hp)
        self.seed, self.keep_weights, self.baseline = seed, keep_weights, dict(hp.values)
        self._workers, self._trials_per_gpu, self._threads = workers, trials_per_gpu, threads
        self._retries, self._trial_timeout = retries, trial_timeout
        told_as = question.of_oracle(oracle)  # named after the user's class, which `adopt` may replace
        oracles.adopt(oracle, self.baseline, hp)
        threads = threads if self._executor is None else self._executor.threads
        runs = warm.named(warm_start)
        asked = question.of(oracle.objective, told_as, seed, executions_per_trial, threads, space, self.baseline, runs)
        self._own = OwnRun(
            self._run,
            hypermodel,
            asked,
            overwrite,
            drawn,
            is_named=project_name not in forms.UNTITLED,
            only_reads=self._unbuilt is not None or not (space or saved is None),
        )
        if not overwrite and self._own.settle(print, is_made=False):
            self._run, project_name = self._own.path, self._own.path.name
        if runs:
            with models.building():
                grows = oracle.tune_new_entries and oracle.allow_new_entries
                tuned = warm.Space(hp if grows else oracle.get_space(), self.baseline, hypermodel if grows else None)
                self._own.taken_over = warm.taken(runs, self._run, overwrite, oracle.objective, tuned)
        self._fit: FitArguments | None = None
        self._open(
            oracle,
            hypermodel,
            max_model_size=max_model_size,
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            distribution_strategy=distribution_strategy,
            directory=directory,
            project_name=project_name,
            logger=logger,
            tuner_id=tuner_id,
            overwrite=overwrite,
            executions_per_trial=executions_per_trial,
        )
        self._log_to_tensorboard(tensorboard)

    def _open(self, oracle: keras_tuner.Oracle, hypermodel: keras_tuner.HyperModel, **arguments: Any) -> None:
        """Initialises Keras Tuner's tuner of the project, and reads an existing run."""
        overwrite = arguments["overwrite"]
        with contextlib.ExitStack() as stack:
            if overwrite and self._run.exists():
                stack.enter_context(locked(self._run))
            stack.enter_context(runtime.without_chief())
            # Keras Tuner prints that it reloads a project; our progress says more.
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            # It may build further points.
            stack.enter_context(models.building())
            super().__init__(oracle, hypermodel, **arguments)
        if not overwrite and not Path(self._get_tuner_fname()).exists() and trial_rows.trial_directories(self._run):
            # Without its own file, which holds nothing, Keras Tuner does not reload a project.
            self.reload()
        self._own.say_rescored(print)

    def _populate_initial_space(self) -> None:
        if self._unbuilt is None:
            super()._populate_initial_space()
