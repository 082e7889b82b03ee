"""What a tuner does once it is made: it searches, and gives the best models."""

from pathlib import Path
from typing import Any, Self

import keras
import keras_tuner

from keras_search import results
from keras_search.results import files, layout
from keras_search.results.telling import sentences
from keras_search.results.text import error_line
from keras_search.search_spaces.space import Value
from keras_search.tuner import keras_private, oracles
from keras_search.tuner.data import sameness
from keras_search.tuner.errors import InputError
from keras_search.tuner.executors import foreign
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.keras_private import Trial
from keras_search.tuner.oracles.again import Again
from keras_search.tuner.oracles.recorded import Recorded
from keras_search.tuner.overridable import Overridable
from keras_search.tuner.record import run_record
from keras_search.tuner.record.lock import locked
from keras_search.tuner.record.own_run import OwnRun
from keras_search.tuner.search import confirming, given, place, session
from keras_search.tuner.search.best_models import BestModels
from keras_search.tuner.search.given import FitArguments
from keras_search.tuner.search.progress import Progress
from keras_search.tuner.search.stop import Limits, outliving_the_terminal
from keras_search.tuner.search.trials import Trials
from keras_search.tuner.seeds import derive
from keras_search.tuner.transport import settings
from keras_search.tuner.transport.settings import Settings
from keras_search.tuner.trial import own_tuner
from keras_search.tuner.trial.pruners import Pruner
from keras_search.tuner.trial.tensorboard_log import TensorBoardLog


class Searching(Overridable):
    """A tuner that is made; `Tuner` makes it of its arguments.

    Attributes:
        baseline: The point of the first trial.
        keep_weights: For how many of the best trials the weights are kept; None for all.
    """

    oracle: Recorded
    hypermodel: keras_tuner.HyperModel
    executions_per_trial: int
    baseline: dict[str, Value]
    keep_weights: int | None
    _run: Path
    _own: OwnRun
    _unbuilt: Exception | None
    _settings: Settings
    _executor: Executor | None
    _workers: int | str
    _trials_per_gpu: int
    _threads: int
    _pruner: Pruner | None
    _limits: Limits
    _trial_timeout: float | None
    _retries: int
    _tensorboard: TensorBoardLog | None
    _fit: FitArguments | None

    def __repr__(self) -> str:
        limit = "" if self.oracle.max_trials is None else f" of {self.oracle.max_trials}"
        done = f"{len(self.oracle.end_order)}{limit} trials done"
        return f"<Tuner {self._run}: {done}; objective: {self.oracle.objective.name}>"

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
                cannot go to the worker processes that were asked for.
        """
        if self._executor is not None:
            foreign.adopt(self._executor)  # it may have been shut down since
        progress = Progress(silent=fit_kwargs.get("verbose") == 0)
        fit = given.checked(self._trials, fit_args, fit_kwargs)
        stays = place.stays(self._executor, self._workers, self._trials, fit)
        if self._own.settle(progress.note, is_made=True, data=sameness.digest(*fit)):
            self._run, self.project_name = self._own.path, self._own.path.name
            keras_private.set_project(self.oracle, self._run)
            if self.oracle.trials:  # of the run that it leaves
                self.oracle.reload()
            self._log_to_tensorboard(self._tensorboard is not None)
        with outliving_the_terminal(), locked(self._run), session.errors_of(self._run):
            self._search(progress, fit, stays)

    def _search(self, progress: Progress, fit: FitArguments, stays: str | None) -> None:
        """Searches in the locked run directory, in this process if there is a reason why it `stays`."""
        self._require_built("search")
        run_record.check_links(self._run)
        self._own.open(self.oracle, progress.note)
        self.oracle.take_up()
        self._fit = fit[0], dict(fit[1])
        self._settings = settings.current()
        self._trials.set_aside(progress.note)
        self.save()
        if self._tensorboard is not None:
            self._tensorboard.declare(self.oracle.get_space().space)
        self.on_search_begin()
        with place.executing(
            self._executor, self._workers, self._trials_per_gpu, self._threads, stays, progress.note
        ) as executor:
            session.run(self._trials, executor, fit, progress, self._limits)
        self.on_search_end()

    def confirm(
        self, *fit_args: Any, trials: int = confirming.TRIALS, seeds: int = confirming.SEEDS, **fit_kwargs: Any
    ) -> keras_tuner.HyperParameters:
        """Trains the best trials once more on fresh seeds, and chooses the one with the best mean score of these.

        The best of many by one score is a lucky one. Kept in `confirmation` in the run directory; what is trained there
        already is not trained again.

        Args:
            *fit_args, **fit_kwargs: As for `search`.
            trials: How many of the best.
            seeds: On how many seeds each.

        Returns:
            The hyperparameters of the trial that was chosen.

        Raises:
            InputError: No trial has finished, or a folder in the run directory is a link; or as for `search`.
            SearchError, KeyboardInterrupt: As for `search`.
        """
        self._require_built("confirm")
        self._own.check()
        progress = Progress(silent=fit_kwargs.get("verbose") == 0)
        chosen = confirming.best(self._trials, trials)
        if len(chosen) == 1:
            progress.note("only one trial has finished: there is nothing to choose between")
            return chosen[0].hyperparameters
        again = self._again(confirming.oracle(self._trials, chosen, seeds))
        data = sameness.digest(*given.checked(self._trials, fit_args, fit_kwargs))
        plan = confirming.plan(self._trials, chosen, seeds, data)
        with locked(self._run, "confirmation"):
            run_record.check_links(self._run)
            if not confirming.is_done(self._run, plan):
                progress.note(confirming.announcement(self._trials, chosen, seeds))
                confirming.open_confirmation(self._run, plan)
                again.search(*fit_args, **fit_kwargs)
        run = results.read(self._run)
        if not run_record.is_of_command_line(self._run):  # which tells it with what it shows of the run
            progress.note(sentences.confirmed(run))
        return self.oracle.get_trial(run.best["trial_id"]).hyperparameters

    def _again(self, oracle: Again) -> Self:
        """This tuner, but for its search: of `oracle`, without a pruner or limits, in `confirmation` in its run."""
        again = object.__new__(type(self))
        vars(again).update(vars(self))  # `copy.copy` makes what goes to other processes, which lacks parts
        again.oracle = oracle
        again._run = self._run / layout.CONFIRMATION
        again._own = self._own.beside(again._run, oracle.told_as, derive(self._own.seed, layout.CONFIRMATION))
        again.directory, again.project_name = str(self._run), layout.CONFIRMATION
        again.executions_per_trial, again.keep_weights = 1, 0
        again._pruner, again._limits, again._tensorboard = None, Limits(None, None), None
        oracles.adopt(oracle, {}, oracle.get_space())
        keras_private.set_project(oracle, again._run)
        return again

    def _require_built(self, what: str) -> None:
        if self._unbuilt is not None:
            raise InputError(
                f"the hypermodel can be used to read results, not to {what}: {error_line(self._unbuilt)}"
            ) from self._unbuilt

    @property
    def _trials(self) -> Trials:
        return Trials(
            oracle=self.oracle,
            hypermodel=self._compiling.applied(self.hypermodel),
            run=self._run,
            baseline=self.baseline,
            seed=self._own.seed,
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

    def _log_to_tensorboard(self, is_wanted: bool) -> None:
        folder = (self._run / layout.TENSORBOARD).resolve()
        self._tensorboard = TensorBoardLog(folder, self.oracle.objective, self.baseline) if is_wanted else None
