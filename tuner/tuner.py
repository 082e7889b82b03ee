"""The tuner: a `keras_tuner.Tuner` whose search loop is ask, submit, wait for the first to finish, tell."""

import contextlib
import io
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from results import files
from results.summary import SummaryWriter
from tuner import oracles
from tuner.errors import SearchError
from tuner.executors import InProcessExecutor
from tuner.progress import Progress
from tuner.seeds import trial_seed
from tuner.trial import TrialResult, TrialTask, run_trial

_SAME_FAILURES_TO_STOP = 3


class Tuner(keras_tuner.Tuner):
    """Searches the space of a hypermodel and keeps a record of it that a kill does not spoil.

    Takes the place of `keras_tuner.RandomSearch` and its like:

        tuner = Tuner(hypermodel, objective="val_accuracy", max_trials=20, project_name="digits")
        tuner.search(x, y, validation_data=(x_val, y_val))
        tuner.get_best_hyperparameters()[0]

    The same lines run again go on where the search stopped.

    Args:
        hypermodel: A `keras_tuner.HyperModel`, or a function that takes hyperparameters and returns a compiled model.
            Its `baseline`, where it has one, is the first trial; else its defaults are.
        oracle: The name of an oracle (`tuner.oracles.ORACLES`), or any `keras_tuner.Oracle`.
        objective: What to optimise, as in Keras Tuner; not for an `oracle` that has its own.
        max_trials: How many trials in all; raised later, the search goes on.
        seed: Decides the points and, with the trial's id, everything random in a trial.
        executions_per_trial: How often each point is trained from scratch; its metrics are averaged.
        directory, project_name: The run directory is `directory/project_name`.
        overwrite: Whether a run that is already there is deleted first.
        progress: What is told of every step; None for lines on standard output.
    """

    def __init__(
        self,
        hypermodel: Any,
        oracle: str | keras_tuner.Oracle = "random",
        objective: str | keras_tuner.Objective = "val_accuracy",
        max_trials: int = 20,
        seed: int = 0,
        executions_per_trial: int = 1,
        directory: str | Path = "runs",
        project_name: str = "untitled",
        overwrite: bool = False,
        progress: Progress | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(oracle, str):
            oracle = oracles.make(oracle, objective, max_trials, seed)
        self.seed = seed
        self.progress = progress
        # Keras Tuner prints that it reloads a project; the progress says it better.
        with contextlib.redirect_stdout(io.StringIO()):
            super().__init__(
                oracle,
                hypermodel,
                directory=str(directory),
                project_name=project_name,
                overwrite=overwrite,
                executions_per_trial=executions_per_trial,
                **kwargs,
            )
        self.baseline = getattr(self.hypermodel, "baseline", None) or dict(self.oracle.get_space().values)
        self.oracle.baseline = self.baseline

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Runs trials until there are `max_trials`, or the space is exhausted.

        Args:
            *fit_args, **fit_kwargs: Passed to the hypermodel's `fit`, hence as a rule to `model.fit`: the data,
                `validation_data`, `epochs`, `callbacks` and so on. `verbose=0` silences the search.

        Raises:
            SearchError: The first trials all failed, the same way.
        """
        verbose = fit_kwargs.pop("verbose", 1)
        fit_kwargs["verbose"] = 0
        progress = self.progress or Progress(silent=verbose == 0)
        self.save()
        self.oracle.save()
        summary = SummaryWriter(Path(self.project_dir))
        with InProcessExecutor() as executor, progress.search(self.oracle):
            self._search(executor, progress, summary, fit_args, fit_kwargs)

    def _search(
        self,
        executor: Executor,
        progress: Progress,
        summary: SummaryWriter,
        fit_args: tuple[Any, ...],
        fit_kwargs: dict[str, Any],
    ) -> None:
        free = ["tuner0"]
        running: dict[Future, tuple[str, Trial]] = {}
        while True:
            while free and (trial := self._ask(free[-1])):
                task = self._task(trial, fit_args, fit_kwargs)
                progress.trial_begins(task)
                running[executor.submit(run_trial, task)] = free.pop(), trial
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                slot, trial = running.pop(future)
                free.append(slot)
                self._tell(trial, future.result())
                directory = Path(self.get_trial_dir(trial.trial_id))
                summary.update(directory)
                progress.trial_ends(self.oracle.get_trial(trial.trial_id), directory)
                self._stop_if_hopeless()

    def _ask(self, slot: str) -> Trial | None:
        trial = self.oracle.create_trial(slot)
        return trial if trial.status == TrialStatus.RUNNING else None

    def _task(self, trial: Trial, fit_args: tuple[Any, ...], fit_kwargs: dict[str, Any]) -> TrialTask:
        return TrialTask(
            trial_id=trial.trial_id,
            hyperparameters=trial.hyperparameters,
            directory=Path(self.get_trial_dir(trial.trial_id)),
            hypermodel=self.hypermodel,
            objective=self.oracle.objective,
            seed=trial_seed(self.seed, trial.trial_id),
            is_baseline=trial.hyperparameters.values == self.baseline,
            executions=self.executions_per_trial,
            fit_args=fit_args,
            fit_kwargs=fit_kwargs,
        )

    def _tell(self, trial: Trial, result: TrialResult) -> None:
        # A trial that was interrupted may hold what it had reported before; Keras Tuner would average the two.
        trial.metrics = type(trial.metrics)()
        trial.message = result.error
        if result.error is None:
            self.oracle.update_trial(trial.trial_id, result.metrics, step=result.best_step)
            trial.status = TrialStatus.COMPLETED
        else:
            trial.status = TrialStatus.FAILED
        self.oracle.end_trial(trial)

    def _stop_if_hopeless(self) -> None:
        ended = [self.oracle.trials[trial_id] for trial_id in self.oracle.end_order]
        if len(ended) < _SAME_FAILURES_TO_STOP or any(trial.status != TrialStatus.FAILED for trial in ended):
            return
        reasons = {trial.message.strip().splitlines()[-1] for trial in ended}
        if len(reasons) == 1:
            raise SearchError(f"every trial failed the same way: {reasons.pop()}")

    def save(self) -> None:
        """Writes the oracle's and the tuner's state, each file in one step."""
        self.oracle.save()
        files.write_json(Path(self._get_tuner_fname()), self.get_state())
