"""The tuner: a `keras_tuner.Tuner` whose search loop is ask, submit, wait for the first to finish, tell."""

import contextlib
import io
import itertools
import re
from collections.abc import Iterable
from concurrent import futures
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from keras_search import results
from keras_search.results import files, layout
from keras_search.results.errors import Parameter
from keras_search.results.reading import trial_rows
from keras_search.results.reading.summary import SummaryWriter
from keras_search.results.text import count, error_line
from keras_search.search_spaces.custom import asks_in_fit, declares_all, fits_itself
from keras_search.search_spaces.origin import Interrupted, contained
from keras_search.tuner import objectives, oracles, runtime
from keras_search.tuner.data import majority, user_data
from keras_search.tuner.data import shared as shared_data
from keras_search.tuner.errors import InputError, SearchError
from keras_search.tuner.executors import foreign as foreign_executors
from keras_search.tuner.executors import pool as executors
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.fast import operations, versions
from keras_search.tuner.record import question, run_record
from keras_search.tuner.record.lock import check_there, locked
from keras_search.tuner.record.own_run import OwnRun
from keras_search.tuner.search import outcome
from keras_search.tuner.search.progress import Progress
from keras_search.tuner.search.stop import Stop, outliving_the_terminal
from keras_search.tuner.seeds import trial_seed
from keras_search.tuner.transport import calls, settings
from keras_search.tuner.trial import bars, kept_models, models, pruners
from keras_search.tuner.trial.run import run_trial
from keras_search.tuner.trial.task import TrialResult, TrialTask
from keras_search.tuner.trial.tensorboard_log import TensorBoardLog

_SAME_FAILURES_TO_STOP = 3
# How many trials wait for each worker, where the oracle does not learn from those that run: the longest begins first.
_WAITING_PER_SLOT = 4
_SLOTS_CHECK_S = 2

objectives.watch_guesses()


class Tuner(keras_tuner.Tuner):
    """Searches the space of a hypermodel in parallel, and keeps a record of it that a kill does not spoil.

    Takes the place of `keras_tuner.RandomSearch` and its like:

        tuner = Tuner(hypermodel, objective="val_accuracy", max_trials=20, project_name="digits")
        tuner.search(x, y, validation_data=(x_val, y_val))
        tuner.get_best_models()[0]

    The same lines run again go on where the search stopped.

    Args:
        hypermodel: A `keras_tuner.HyperModel`, or a function that takes hyperparameters and returns a compiled model.
            Its `baseline`, where it has one, is the first trial; else its defaults are.
        objective: What to optimise, as in Keras Tuner, or `NAME:max`, `NAME:min`; not for an `oracle` that has its own.
        max_trials: How many trials in all; raised later, the search goes on.
        seed: Decides the points and, with the trial's id, everything random in a trial.
        oracle: The name of an oracle (`tuner.oracles.ORACLES`), or any `keras_tuner.Oracle`.
        workers: How many processes train at once: `auto` (one a core, or one a GPU), a number, or 0 for this process.
        trials_per_gpu: How many of `auto`'s workers share a GPU.
        executor: Where trials run, in place of `workers`: a `tuner.executor.Executor`, or a pool of processes that
            forks none (loky's, or Python's that spawns); the caller shuts it down.
        executions_per_trial: How often each point is trained from scratch; its metrics are averaged.
        keep_weights: For how many of the best trials the best epoch's weights are kept.
        pruner: The name of a pruner (`tuner.pruners.PRUNERS`), which ends running trials that fall behind; with one,
            scores depend on how many trials run at once.
        time_budget: Seconds after which no further trial begins; None for no limit.
        retries: How often a trial whose worker process died is begun again, from its last finished epoch.
        trial_timeout: Seconds after which a trial that has not ended fails; None for no limit. Not with `workers=0`.
        tensorboard: Whether to write `tensorboard` in the run directory: every learning curve and the HParams tab.
        directory, project_name: The run directory is `directory/project_name`.
        overwrite: Whether a run that is already there is deleted first, and another tuner's that is there by the time
            of the first `search`.

    Raises:
        InputError: An argument is not possible, or the run that is there cannot be ranked by the objective.
    """

    def __init__(
        self,
        hypermodel: Any,
        objective: str | keras_tuner.Objective | list[Any] | None = "val_accuracy",
        max_trials: int = 20,
        seed: int = 0,
        *,
        oracle: str | keras_tuner.Oracle = "random",
        workers: int | str = "auto",
        trials_per_gpu: int = 1,
        executor: Executor | futures.Executor | None = None,
        executions_per_trial: int = 1,
        keep_weights: int = 3,
        pruner: str = "none",
        time_budget: float | None = None,
        retries: int = 1,
        trial_timeout: float | None = None,
        tensorboard: bool = False,
        directory: str | Path | None = "runs",
        project_name: str | None = "untitled",
        overwrite: bool = False,
    ) -> None:
        for name in self._replaced(["run_trial", "_build_and_fit_model"]):
            raise TypeError(f"`{name}` of one's own is never called: train in the `fit` of a keras_tuner.HyperModel")
        in_this_process = executors.check_workers(workers, trials_per_gpu) == 0
        if executor is not None:
            executor = foreign_executors.adopt(executor)
            in_this_process = executor.shares_memory
        if trial_timeout is not None and in_this_process:
            timeout, workers = Parameter("trial_timeout"), Parameter("workers")
            raise InputError(timeout, " ends the process of a trial, and ", workers, "=0 has none: use ", workers, "=1")
        self._pruner = pruners.get(pruner)
        hypermodel = models.hypermodel(hypermodel)
        self._settings = settings.current()
        # As in Keras Tuner.
        directory, project_name = directory or ".", project_name or "untitled_project"
        self._run = Path(directory) / project_name
        if overwrite:
            run_record.check_deletable(self._run)
        if isinstance(oracle, str):
            oracles.check(oracle)
            objective = objectives.resolve(objective)
        elif isinstance(oracle, keras_tuner.Oracle):
            objectives.settle(oracle)
        else:
            raise TypeError(f"oracle is {oracle!r}: give a name, such as 'random', or a keras_tuner.Oracle")
        saved = None if overwrite else oracles.saved_space(self._run)
        known = None if isinstance(oracle, str) else oracle.get_space()
        with contained(), settings.kept(), bars.absent():
            hp, space, self._unbuilt = models.declared(hypermodel, known, saved)
        if isinstance(oracle, str):
            oracle = oracles.make(oracle, objective, max_trials, seed, hp)
        self.seed = seed
        self.keep_weights = keep_weights
        self._workers = workers
        self._trials_per_gpu = trials_per_gpu
        self._executor = executor
        self._time_budget = time_budget
        self._retries = retries
        self._trial_timeout = trial_timeout
        self.baseline = dict(hp.values)
        told_as = question.of_oracle(oracle)  # as the user's class is called, before one that is mended takes its place
        oracles.adopt(oracle, self.baseline, hp)
        asked = question.of(oracle.objective, told_as, seed, executions_per_trial, space, self.baseline)
        self._own = OwnRun(self._run, asked, overwrite)
        self._fit: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        with contextlib.ExitStack() as stack:
            if overwrite and self._run.exists():
                stack.enter_context(locked(self._run))
            stack.enter_context(runtime.without_chief())
            # Keras Tuner prints that it reloads a project; the progress says it better.
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            # It may build further points.
            stack.enter_context(contained())
            stack.enter_context(settings.kept())
            stack.enter_context(bars.absent())
            super().__init__(
                oracle,
                hypermodel,
                directory=str(directory),
                project_name=project_name,
                overwrite=overwrite,
                executions_per_trial=executions_per_trial,
            )
        if not overwrite and not Path(self._get_tuner_fname()).exists() and trial_rows.trial_directories(self._run):
            # Keras Tuner reloads no project without its file, which holds nothing.
            self.reload()
        self._own.say_rescored(print)
        if hooks := self._replaced(name for name in dir(keras_tuner.Tuner) if name.startswith("on_")):
            verb = "is" if len(hooks) == 1 else "are"
            print(
                f"{' and '.join(hooks)} of {type(self).__name__} {verb} never called, trials may run in other "
                "processes: give search a Keras callback"
            )
        self._tensorboard = None
        if tensorboard:
            folder = (self._run / layout.TENSORBOARD).resolve()
            self._tensorboard = TensorBoardLog(folder, self.oracle.objective, self.baseline)

    def __repr__(self) -> str:
        done = f"{len(self.oracle.end_order)} of {self.oracle.max_trials} trials done"
        return f"<Tuner {self._run}: {done}; objective: {self.oracle.objective.name}>"

    def _replaced(self, names: Iterable[str]) -> list[str]:
        """Those of the methods `names` that a subclass has of its own."""
        return [name for name in names if getattr(type(self), name) is not getattr(keras_tuner.Tuner, name)]

    def _populate_initial_space(self) -> None:
        if self._unbuilt is None:
            super()._populate_initial_space()

    def reload(self) -> None:
        """Goes on with the run that is there.

        Raises:
            InputError: Its trials cannot be ranked by the objective.
        """
        self._own.reload(self.oracle)

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Runs trials until there are `max_trials`, or the oracle has no further point.

        Args:
            *fit_args, **fit_kwargs: Passed to the hypermodel's `fit`, hence as a rule to `model.fit`: the data,
                `validation_data`, `epochs`, `callbacks` and so on; but for `verbose`, of which 0 silences the search.

        Raises:
            SearchError: The first trials all failed, the same way, or one showed that no trial can work; or the run
                directory can no longer be written.
            KeyboardInterrupt: Ctrl-C or SIGTERM; the trials that run go on where they are when the search is run again.
            InputError: Another process searches in the run directory; or the run there was made for another search, or
                has taken the place of this tuner's; or the data are not of numbers; or what is given cannot go to
                worker processes.
            ValueError: A `tf.data.Dataset` cannot go to worker processes.
        """
        if self._executor is not None:
            foreign_executors.adopt(self._executor)  # it may have been shut down since
        # Not passed on: a hypermodel's own `fit` may tell `model.fit` itself, and would do so twice.
        progress = Progress(silent=fit_kwargs.pop("verbose", None) == 0)
        if not fits_itself(self.hypermodel):
            fit_args, fit_kwargs = user_data.in_call(fit_args, fit_kwargs)
            if user_data.labels(dict(zip("xy", fit_args)) | fit_kwargs):
                user_data.require_numbers(self._baseline_model(), dict(zip("xy", fit_args)) | fit_kwargs)
        with outliving_the_terminal(), locked(self._run):
            try:
                self._search_locked(progress, fit_args, fit_kwargs)
            except OSError as error:
                why = f"{error.strerror or error}: {error.filename or self._run}"
                raise SearchError(
                    f"the run directory can no longer be used ({why}); no finished trial is lost: mend that, and the "
                    "same search goes on"
                ) from error
            except Interrupted:
                # Of no other does Python end the script by the signal, which a loop of the shell waits for to end too.
                raise KeyboardInterrupt from None

    def _baseline_model(self) -> keras.Model:
        hp = self.oracle.get_space().copy()
        hp.values = dict(self.baseline)
        with contained(), settings.kept(), bars.absent():
            return self.hypermodel.build(hp)

    def _search_locked(self, progress: Progress, fit_args: tuple[Any, ...], fit_kwargs: dict[str, Any]) -> None:
        self._require_built("search")
        run_record.check_links(self._run)
        self._own.open(self.oracle, self.hypermodel, progress.note)
        self._fit = fit_args, dict(fit_kwargs)
        self._settings = settings.current()
        self._set_aside(progress)
        self.save()
        if self._tensorboard is not None:
            self._tensorboard.declare(self.oracle.get_space().space)
        summary = SummaryWriter(self._run)
        with contextlib.ExitStack() as stack:
            executor = self._executor or stack.enter_context(executors.make(self._workers, self._trials_per_gpu))
            progress.begins(self.oracle, executor, self._run)
            to_beat = majority.sentence(self.oracle.objective.name, fit_args, fit_kwargs)
            if to_beat and not run_record.is_of_command_line(self._run):  # which has said it
                progress.note(to_beat)
            versions.tell(progress.note)
            if executor.is_local:
                operations.prepare(progress.note)
            if executor.shares_memory:
                fit = shared_data.hold((fit_args, fit_kwargs))
            else:
                # One elsewhere brings the files that trials read and write there.
                executor.directory = self._run.resolve()
                folder = stack.enter_context(shared_data.folder(self._run))
                fit = shared_data.store((fit_args, fit_kwargs), folder)
                given = {f"argument {number} of search": value for number, value in enumerate(fit[0], 1)} | fit[1]
                calls.require_portable({"the hypermodel": self.hypermodel} | given)
            stop = stack.enter_context(Stop(self._time_budget, progress.stopping))
            stack.enter_context(progress.search(self.oracle, executor.slots, self.baseline))
            try:
                self._search(executor, progress, summary, stop, *fit)
            except KeyboardInterrupt:
                progress.stopped()
                raise
            finally:
                with contextlib.suppress(OSError):
                    summary.refresh()
        has_none = bool(self.oracle.end_order) and not self._best_trials()
        if has_none and not run_record.is_of_command_line(self._run):  # which says it
            failed = results.read(self._run).failures
            print(f"no trial has finished: {failed}; mend that, and search anew with overwrite=True")

    def _require_built(self, what: str) -> None:
        if self._unbuilt is not None:
            raise InputError(
                f"the hypermodel serves to read results, not to {what}: {error_line(self._unbuilt)}"
            ) from self._unbuilt

    def _set_aside(self, progress: Progress) -> None:
        """Makes room for what damaged files held, and removes what ended trials had left for going on."""
        for path in self.oracle.damaged:
            aside = files.set_aside(path)
            progress.note(f"{path} is damaged: it is kept as {aside.name}, and what it held is worked out again")
        self.oracle.damaged.clear()
        for trial_id in self.oracle.end_order:
            (self._directory(trial_id) / layout.TRIAL_STATE).unlink(missing_ok=True)
        for trial_id in self.oracle._retry_queue:
            self.oracle._save_trial(self.oracle.get_trial(trial_id))

    def _search(
        self,
        executor: Executor,
        progress: Progress,
        summary: SummaryWriter,
        stop: Stop,
        fit_args: tuple[Any, ...],
        fit_kwargs: dict[str, Any],
    ) -> None:
        if executor.slots > 1 and self._is_baseline_alone():
            progress.note(
                "the first trial runs alone: its fit may ask for hyperparameters that are not known before; a "
                "declare_hyperparameters that names them all lets every worker begin at once"
            )
        waiting: list[TrialTask] = []
        running: dict[Future, TrialTask] = {}
        are_weights_lost = has_failed_here = is_held = False
        while True:
            # Keras Tuner would make the directory anew, and with it a run that has forgotten its trials.
            check_there(self._run)
            progress.slots = executor.slots
            slots = min(1, executor.slots) if self._is_baseline_alone() else executor.slots
            if (failure := self._common_failure()) is not None:
                unended = [*running.values(), *filter(self._has_begun, waiting)]
                if has_failed_here and not unended:
                    raise SearchError(f"every trial failed the same way: {failure}")
                if running and not is_held:
                    progress.note(
                        "all trials so far failed the same way: no other begins before those that run have ended"
                    )
                is_held = bool(running)
                slots = len(running) or min(1, slots)
            while len(running) < slots and not stop.is_over:
                while len(waiting) <= self._most_waiting(slots) and (trial := self._ask()):
                    waiting.append(self._task(trial, fit_args, fit_kwargs))
                    progress.trial_waits(waiting[-1])
                while self.oracle.notes:
                    progress.note(self.oracle.notes.pop(0))
                if not waiting:
                    break
                # The trial that ends last should not have begun last, or workers idle beside it.
                task = max(waiting, key=lambda task: (task.is_baseline, task.is_interrupted, task.epochs))
                waiting.remove(task)
                task = self._begin(task)
                progress.trial_begins(task)
                with stop.interruptible():
                    running[executor.submit(run_trial, task)] = task
            if not running:
                return
            with stop.interruptible():
                # On a cluster there may be more slots by then.
                done = wait(running, timeout=_SLOTS_CHECK_S, return_when=FIRST_COMPLETED).done
            check_there(self._run)
            for future in done:
                task = running.pop(future)
                if outcome.may_be_retried(future, task):
                    progress.trial_dies(task, executors.cause_of_death(future.exception()))
                    waiting.append(replace(task, retries=task.retries - 1))
                    continue
                result = outcome.result(future, task)
                known = self._names()
                self._tell(task, result)
                if len(self.oracle.end_order) == 1 and declares_all(self.hypermodel):
                    self._note_undeclared(self._names() - known, progress)
                if len(self.oracle.end_order) == 1 and self._pruner is not None and result.error is None:
                    self._note_no_curve(task, progress)
                summary.update(task.directory)
                progress.trial_ends(self.oracle.get_trial(task.trial_id), task.directory)
                if result.weights_lost is not None and not are_weights_lost:
                    are_weights_lost = True
                    progress.note(
                        f"the weights of trial {task.trial_id} cannot be kept ({result.weights_lost}): "
                        "its score counts, but get_best_models cannot give its model"
                    )
                has_failed_here |= result.error is not None
                if result.is_fatal:
                    error = trial_rows.read_trial(task.directory)["error"]
                    raise SearchError(f"trial {task.trial_id} shows that no trial can work: {error}")

    def _is_baseline_alone(self) -> bool:
        """Whether no other trial may be drawn yet: the first one shows what a `fit` asks for."""
        return not self.oracle.end_order and asks_in_fit(self.hypermodel)

    def _note_undeclared(self, names: set[str], progress: Progress) -> None:
        others = len(self.oracle.trials) - 1
        if names and others:
            progress.note(
                f"a trial asked for {', '.join(sorted(names))}, which declare_hyperparameters does not declare: the "
                f"default is used in {count(others, 'trial')} drawn before the first one ended"
            )

    def _note_no_curve(self, task: TrialTask, progress: Progress) -> None:
        if not objectives.curve(task.objective, trial_rows.read_epochs(task.directory)):
            progress.note(
                f"the pruner will end no trial: no epoch has {objectives.text(task.objective)} among the metrics that "
                "`fit` tells its callbacks"
            )

    def _names(self) -> set[str]:
        """The hyperparameters that are known."""
        return {hp.name for hp in self.oracle.get_space().space}

    def _most_waiting(self, slots: int) -> int:
        """How many trials may wait for a worker: none where it would change the points, or which trials are run."""
        if slots == 1 or self._time_budget is not None or not oracles.ignores_scores(self.oracle):
            return 0
        return slots * _WAITING_PER_SLOT

    def _ask(self) -> Trial | None:
        """The oracle's next trial, which is to wait; None where it has none now."""
        names = (f"tuner{number}" for number in itertools.count())
        trial = self.oracle.create_trial(next(name for name in names if name not in self.oracle.ongoing_trials))
        if trial.status != TrialStatus.RUNNING:
            return None
        self._mark(trial, TrialStatus.IDLE)
        return trial

    def _mark(self, trial: Trial, status: str) -> None:
        trial.status = status
        self.oracle._save_trial(trial)

    def _task(
        self, trial: Trial, fit_args: tuple[Any, ...] = (), fit_kwargs: dict[str, Any] | None = None
    ) -> TrialTask:
        # It may have more: what the oracle's space holds that the baseline's model has no use for.
        is_baseline = (
            trial.trial_id == self.oracle.start_order[0]
            and self.baseline.items() <= trial.hyperparameters.values.items()
        )
        return TrialTask(
            trial_id=trial.trial_id,
            hyperparameters=trial.hyperparameters,
            directory=self._directory(trial.trial_id).resolve(),
            hypermodel=self.hypermodel,
            objective=self.oracle.objective,
            seed=trial_seed(self.seed, self._first_of(trial).trial_id),
            is_baseline=is_baseline,
            executions=self.executions_per_trial,
            fit_args=fit_args,
            fit_kwargs=fit_kwargs or {},
            keeps_weights=self.keep_weights > 0,
            budget=oracles.budget(self.oracle, trial.hyperparameters.values),
            continues=self._directory(self._predecessor(trial)).resolve() if _continues(trial) else None,
            keeps_checkpoint=trial.trial_id in oracles.continuable(self.oracle),
            # The documented point is trained as documented.
            pruner=None if is_baseline else self._pruner,
            timeout=self._trial_timeout,
            retries=self._retries,
            tensorboard=None if self._tensorboard is None else self._tensorboard.curves(trial.trial_id),
        )

    def _begin(self, task: TrialTask) -> TrialTask:
        """`task` as it begins now: told of the score that its weights must beat to be kept."""
        self._mark(self.oracle.get_trial(task.trial_id), TrialStatus.RUNNING)
        best = self._best_trials()
        if 0 < self.keep_weights <= len(best):
            return replace(task, weights_from=best[self.keep_weights - 1].score)
        return task

    def _first_of(self, trial: Trial) -> Trial:
        """The trial that `trial` goes on with, and that goes on with, and so on: the one that began from scratch."""
        while _continues(trial):
            trial = self.oracle.get_trial(self._predecessor(trial))
        return trial

    def _predecessor(self, trial: Trial) -> str:
        return trial.hyperparameters.values[oracles.CONTINUED]

    def _tell(self, task: TrialTask, result: TrialResult) -> None:
        trial = self.oracle.get_trial(task.trial_id)
        # A trial that was interrupted may hold what it had reported before; Keras Tuner would average the two.
        trial.metrics = type(trial.metrics)()
        trial.message = result.error
        trial.hyperparameters = result.hyperparameters or trial.hyperparameters
        if result.error is None:
            # NumPy would warn of those that are no number.
            metrics = {name: value for name, value in result.metrics.items() if value == value}
            self.oracle.update_trial(trial.trial_id, metrics, step=result.best_step)
            trial.status = TrialStatus.COMPLETED
        else:
            trial.status = TrialStatus.FAILED
        if self._tensorboard is not None:
            score = None if result.error else self.oracle.objective.get_value(result.metrics)
            self._tensorboard.trial_ended(task.directory, trial.hyperparameters, score, result.best_step)
        self.oracle.end_trial(trial)
        (task.directory / layout.TRIAL_STATE).unlink(missing_ok=True)
        if self._tensorboard is not None:
            self._tensorboard.declare(self.oracle.get_space().space)
        for beaten in self._best_trials()[self.keep_weights :]:
            self._weights_path(beaten).unlink(missing_ok=True)
        continuable = oracles.continuable(self.oracle)
        for path in self._run.glob(f"{layout.TRIAL_PREFIX}*/{layout.TRIAL_CHECKPOINT.format(execution='*')}"):
            if path.parent.name.removeprefix(layout.TRIAL_PREFIX) not in continuable:
                path.unlink()

    def _has_begun(self, task: TrialTask) -> bool:
        """Whether a trial that waits was interrupted, or its worker died."""
        return task.is_interrupted or task.retries < self._retries

    def _common_failure(self) -> str | None:
        """How all trials that have ended failed, if they did, the same way and often enough to say so."""
        ended = [self.oracle.trials[trial_id] for trial_id in self.oracle.end_order]
        if len(ended) < _SAME_FAILURES_TO_STOP or any(trial.status != TrialStatus.FAILED for trial in ended):
            return None
        reasons = [trial_rows.read_trial(self._directory(trial.trial_id))["error"] or "" for trial in ended]
        return reasons[0] if len(set(map(_numbers_aside, reasons))) == 1 else None

    def _best_trials(self) -> list[Trial]:
        """The completed trials, the best first; unlike `Oracle.get_best_trials`, no others."""
        completed = [trial for trial in self.oracle.trials.values() if trial.status == TrialStatus.COMPLETED]
        return sorted(completed, key=lambda trial: trial.score, reverse=self.oracle.objective.direction == "max")

    def _weights_path(self, trial: Trial) -> Path:
        return self._directory(trial.trial_id) / layout.TRIAL_WEIGHTS

    def _directory(self, trial_id: str) -> Path:
        return Path(self.get_trial_dir(trial_id))

    def load_model(self, trial: Trial) -> keras.Model:
        """The trained model of `trial`, with the weights of its best epoch.

        Where they were not kept, and this tuner has searched and so has the data, it is trained once more.

        Raises:
            ValueError: It has no weights, or its weights were not kept.
            InputError: The run is no longer this tuner's, or its hypermodel cannot be built.
        """
        self._own.check()
        self._require_built("build models")
        # Those under which it was trained, whatever the script has set since.
        with contained(), settings.applied(self._settings), bars.absent():
            if self._own.has_weights(trial):
                directory = self._directory(trial.trial_id)
                return kept_models.load(self.hypermodel, trial, self._task(trial).seed, directory)
            if self._is_repeatable(trial):
                return kept_models.train_again(self._task(trial, *self._fit))
        why = self._weights_lost(trial)
        raise ValueError(
            f"the weights of trial {trial.trial_id} cannot be kept ({why}): build and train a model with "
            "get_best_hyperparameters()"
            if why
            else f"the weights of trial {trial.trial_id} were not kept: only those of the best {self.keep_weights} are "
            "(`keep_weights`); train its hyperparameters again"
        )

    def get_best_models(self, num_models: int = 1) -> list[keras.Model]:
        """The trained models of the best completed trials, the best first.

        Those whose weights were not kept are trained once more, where this tuner has searched, and so has the data;
        else they are left out. Either is said.

        Raises:
            InputError: The run is no longer this tuner's.
        """
        self._own.check()
        wanted = self._best_trials()[:num_models]
        lacking = [trial for trial in wanted if not self._own.has_weights(trial)]
        again = [trial for trial in lacking if self._is_repeatable(trial)]
        lost = next(filter(None, map(self._weights_lost, lacking)), None)
        if lost and lacking == wanted and not again:
            return [self.load_model(trial) for trial in wanted]  # which says so
        if lacking:
            why = f"; {count(len(again), 'trial')} trained once more" if again else ""
            if len(again) < len(lacking) and lost:
                why += f"; others cannot be ({lost})"
            elif len(again) < len(lacking) and self._fit is None:
                why += "; this tuner has not searched, so it has no data to train others with"
            elif len(again) < len(lacking):
                why += "; what was not trained here cannot be repeated"
            kept = len(wanted) - len(lacking)
            print(f"the weights of {kept} of {count(len(wanted), 'model')} were kept (keep_weights){why}")
        found = []
        for trial in wanted:
            if trial not in lacking or trial in again:
                try:
                    found.append(self.load_model(trial))
                except kept_models.UnrepeatableError as error:
                    print(error)
        return found

    def _is_repeatable(self, trial: Trial) -> bool:
        is_known = trial.status == TrialStatus.COMPLETED and self._weights_lost(trial) is None
        return self._fit is not None and is_known and kept_models.is_repeatable(self._task(trial))

    def _weights_lost(self, trial: Trial) -> str | None:
        """Why the weights of `trial` cannot be kept, for a reason of the model's own; None where they can."""
        return (files.read_json(self._directory(trial.trial_id) / layout.TRIAL_RECORD) or {}).get("weights_lost")

    def save(self) -> None:
        """Writes the oracle's and the tuner's state, each file in one step."""
        self.oracle.save()
        files.write_json(Path(self._get_tuner_fname()), self.get_state())


def _numbers_aside(reason: str) -> str:
    """`reason` without the values that it names; but a loss that is no number in another epoch is another reason."""
    return reason if reason.startswith("FailedTrialError") else re.sub(r"[-+.\d\s]+", "", reason)


def _continues(trial: Trial) -> bool:
    return oracles.CONTINUED in trial.hyperparameters.values
