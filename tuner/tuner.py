"""The tuner: a `keras_tuner.Tuner` that searches in parallel, and whose record survives a kill."""

import contextlib
import io
from concurrent import futures
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from keras_search.results import files, layout
from keras_search.results.reading import trial_rows
from keras_search.results.text import error_line
from keras_search.tuner import objectives, oracles, runtime
from keras_search.tuner.errors import InputError
from keras_search.tuner.executors import choice, foreign
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.keras_private import Trial
from keras_search.tuner.oracles.recorded import Recorded
from keras_search.tuner.overridable import Overridable
from keras_search.tuner.record import question, run_record
from keras_search.tuner.record.lock import locked
from keras_search.tuner.record.own_run import OwnRun
from keras_search.tuner.search import given, session
from keras_search.tuner.search.best_models import BestModels
from keras_search.tuner.search.given import FitArguments
from keras_search.tuner.search.progress import Progress
from keras_search.tuner.search.stop import outliving_the_terminal
from keras_search.tuner.search.trials import Trials
from keras_search.tuner.transport import settings
from keras_search.tuner.trial import models, own_tuner, pruners
from keras_search.tuner.trial.tensorboard_log import TensorBoardLog

objectives.watch_guesses()


class Tuner(Overridable):
    """Searches the space of a hypermodel in parallel, and keeps a record that survives a kill.

    Use it in place of `keras_tuner.RandomSearch` and the like:

        tuner = Tuner(hypermodel, objective="val_accuracy", max_trials=20, project_name="digits")
        tuner.search(x, y, validation_data=(x_val, y_val))
        tuner.get_best_models()[0]

    The same lines run again go on where the search stopped.

    Args:
        hypermodel: A `keras_tuner.HyperModel`, or a function that takes hyperparameters and returns a compiled model.
            The first trial is its `baseline`, or else its defaults.
        objective: The objective, as in Keras Tuner, or `NAME:max`, `NAME:min`; ignored if `oracle` brings its own.
        max_trials: How many trials in all; with a larger number, a finished search goes on.
        seed: Decides the points and, with the trial's id, everything random in a trial.
        oracle: The name of an oracle (`tuner.oracles.named.ORACLES`), or any `keras_tuner.Oracle`.
        workers: How many processes train at once: `auto` (as many as cores, or GPUs), a number, or 0 for this process.
        trials_per_gpu: How many of `auto`'s workers share a GPU.
        executor: Where trials run, in place of `workers`: a `tuner.executors.base.Executor`, or a pool of processes
            that does not fork (loky's, or Python's with spawn); the caller shuts it down.
        executions_per_trial: How often each point is trained from scratch; its metrics are averaged.
        keep_weights: For how many of the best trials the best epoch's weights are kept.
        pruner: The name of a pruner (`tuner.trial.pruners.PRUNERS`), which stops running trials that fall behind.
            Scores then depend on how many trials run at once.
        time_budget: Seconds after which no further trial begins; None for no limit.
        retries: How often a trial whose worker process died begins again, from its last finished epoch.
        trial_timeout: Seconds after which an unfinished trial fails; None for no limit. Not with `workers=0`.
        tensorboard: Whether to write `tensorboard` in the run directory: every learning curve and the HParams tab.
        directory, project_name: The run directory is `directory/project_name`.
        overwrite: Whether an existing run is deleted first, and so is one that another tuner has made by the time of
            the first `search`.

    Raises:
        InputError: An argument is not possible, or the trials of the existing run cannot be ranked by the objective.
    """

    oracle: Recorded
    hypermodel: keras_tuner.HyperModel

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
        self._require_possible()
        self._executor = choice.accepted(executor, workers, trials_per_gpu, trial_timeout)
        self._pruner = pruners.get(pruner)
        if hypermodel is None and own_tuner.is_own(self, "run_trial"):
            hypermodel = models.NoModel()
        hypermodel = models.hypermodel(hypermodel)
        self._settings = settings.current()
        # As in Keras Tuner.
        directory, project_name = directory or ".", project_name or "untitled_project"
        self._run = Path(directory) / project_name
        if overwrite:
            run_record.check_deletable(self._run)
        objective = _resolved(objective, oracle)
        known = None if isinstance(oracle, str) else oracle.get_space()
        with models.building():
            saved = None if overwrite else oracles.saved_space(self._run)
            hp, space, self._unbuilt = models.declared(hypermodel, known, saved)
        if isinstance(oracle, str):
            oracle = oracles.make(oracle, objective, max_trials, seed, hp)
        self.seed, self.keep_weights, self.baseline = seed, keep_weights, dict(hp.values)
        self._workers, self._trials_per_gpu = workers, trials_per_gpu
        self._time_budget, self._retries, self._trial_timeout = time_budget, retries, trial_timeout
        told_as = question.of_oracle(oracle)  # named after the user's class, which `adopt` may replace
        oracles.adopt(oracle, self.baseline, hp)
        asked = question.of(oracle.objective, told_as, seed, executions_per_trial, space, self.baseline)
        self._own = OwnRun(self._run, asked, overwrite)
        self._fit: FitArguments | None = None
        self._open(oracle, hypermodel, str(directory), project_name, overwrite, executions_per_trial)
        self._tensorboard = None
        if tensorboard:
            folder = (self._run / layout.TENSORBOARD).resolve()
            self._tensorboard = TensorBoardLog(folder, self.oracle.objective, self.baseline)

    def _open(
        self,
        oracle: keras_tuner.Oracle,
        hypermodel: keras_tuner.HyperModel,
        directory: str,
        project_name: str,
        overwrite: bool,
        executions: int,
    ) -> None:
        """Initialises Keras Tuner's tuner of the project, and reads an existing run."""
        with contextlib.ExitStack() as stack:
            if overwrite and self._run.exists():
                stack.enter_context(locked(self._run))
            stack.enter_context(runtime.without_chief())
            # Keras Tuner prints that it reloads a project; our progress says more.
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            # It may build further points.
            stack.enter_context(models.building())
            super().__init__(
                oracle,
                hypermodel,
                directory=directory,
                project_name=project_name,
                overwrite=overwrite,
                executions_per_trial=executions,
            )
        if not overwrite and not Path(self._get_tuner_fname()).exists() and trial_rows.trial_directories(self._run):
            # Without its own file, which holds nothing, Keras Tuner does not reload a project.
            self.reload()
        self._own.say_rescored(print)

    def __repr__(self) -> str:
        done = f"{len(self.oracle.end_order)} of {self.oracle.max_trials} trials done"
        return f"<Tuner {self._run}: {done}; objective: {self.oracle.objective.name}>"

    def _populate_initial_space(self) -> None:
        if self._unbuilt is None:
            super()._populate_initial_space()

    def reload(self) -> None:
        """Loads the existing run, to go on with it.

        Raises:
            InputError: Its trials cannot be ranked by the objective.
        """
        self._own.reload(self.oracle)
        state = files.read_json(Path(self._get_tuner_fname()))
        if isinstance(state, dict):
            self.set_state(state)

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Runs trials until there are `max_trials`, or the oracle has no further point.

        Args:
            *fit_args, **fit_kwargs: Passed to the hypermodel's `fit`, which passes them to `model.fit` as a rule: the
                data, `validation_data`, `epochs`, `callbacks` and so on. `verbose=0` silences the search, and is passed
                on only to a `fit` or `run_trial` of your own that looks for it.

        Raises:
            SearchError: The first trials all failed the same way, or a trial showed that none can work; or the run
                directory can no longer be written.
            KeyboardInterrupt: Ctrl-C or SIGTERM; running trials go on where they were when the search is run again.
            InputError: Another process searches in the run directory; or the run there was made for another search, or
                has taken the place of this tuner's; or the data are not numbers; or the hypermodel or an argument
                cannot go to worker processes.
            ValueError: A `tf.data.Dataset` cannot go to worker processes.
        """
        if self._executor is not None:
            foreign.adopt(self._executor)  # it may have been shut down since
        progress = Progress(silent=fit_kwargs.get("verbose") == 0)
        fit = given.checked(self._trials, fit_args, fit_kwargs)
        with outliving_the_terminal(), locked(self._run), session.errors_of(self._run):
            self._search(progress, fit)

    def _search(self, progress: Progress, fit: FitArguments) -> None:
        """Searches in the locked run directory."""
        self._require_built("search")
        run_record.check_links(self._run)
        self._own.open(self.oracle, self.hypermodel, progress.note)
        self._fit = fit[0], dict(fit[1])
        self._settings = settings.current()
        self._trials.set_aside(progress.note)
        self.save()
        if self._tensorboard is not None:
            self._tensorboard.declare(self.oracle.get_space().space)
        self.on_search_begin()
        with self._executing() as executor:
            session.run(self._trials, executor, fit, progress, self._time_budget)
        self.on_search_end()

    def _executing(self) -> contextlib.AbstractContextManager[Executor]:
        """The executor for the trials; the user's own is left open."""
        if self._executor is not None:
            return contextlib.nullcontext(self._executor)
        return choice.make(self._workers, self._trials_per_gpu)

    def _require_built(self, what: str) -> None:
        if self._unbuilt is not None:
            raise InputError(
                f"the hypermodel can be used to read results, not to {what}: {error_line(self._unbuilt)}"
            ) from self._unbuilt

    @property
    def _trials(self) -> Trials:
        return Trials(
            oracle=self.oracle,
            hypermodel=self.hypermodel,
            run=self._run,
            baseline=self.baseline,
            seed=self.seed,
            executions=self.executions_per_trial,
            keep_weights=self.keep_weights,
            pruner=self._pruner,
            timeout=self._trial_timeout,
            retries=self._retries,
            tensorboard=self._tensorboard,
            tuner=self,
        )

    @property
    def _models(self) -> BestModels:
        return BestModels(self._trials, self._own, self._settings, self._fit)

    def load_model(self, trial: Trial) -> keras.Model:
        """The trained model of `trial`, with the weights of its best epoch.

        If they were not kept, the model is trained once more, with the data that this tuner has searched with.

        Raises:
            ValueError: It has no weights; or they were not kept, and it cannot be trained once more.
            InputError: The run is no longer this tuner's, or its hypermodel cannot be built.
        """
        self._own.check()
        self._require_built("build models")
        return self._models.load(trial)

    def get_best_models(self, num_models: int = 1) -> list[keras.Model]:
        """The trained models of the best completed trials, the best first.

        Models whose weights were not kept are trained once more, with the data that this tuner has searched with. If it
        has not searched, they are left out. Either is printed.

        Raises:
            InputError: The run is no longer this tuner's.
        """
        self._own.check()
        if own_tuner.is_own(self, "load_model"):
            return [self.load_model(trial) for trial in self._trials.best()[:num_models]]
        return self._models.best(num_models, self.load_model)

    def save(self) -> None:
        """Writes the oracle's and the tuner's state, each file in one step."""
        self.oracle.save()
        files.write_json(Path(self._get_tuner_fname()), self.get_state())


def _resolved(
    objective: str | keras_tuner.Objective | list[Any] | None, oracle: str | keras_tuner.Oracle
) -> keras_tuner.Objective:
    """The objective of the search: `objective`, or that of an `oracle` that the user brings."""
    if isinstance(oracle, str):
        oracles.check(oracle)
        return objectives.resolve(objective)
    if isinstance(oracle, keras_tuner.Oracle):
        return objectives.settle(oracle)
    raise TypeError(f"oracle is {oracle!r}: give a name, such as 'random', or a keras_tuner.Oracle")
