"""The oracle of the user's own tuner in a worker process: it knows the running trial, and records what that reports."""

from typing import NoReturn

import keras_tuner

from keras_search.tuner.keras_private import Trial, TrialStatus
from keras_search.tuner.trial.task import TrialTask


class RecordingOracle:
    """Answers what a `run_trial` asks of the oracle of a search; the search learns of it when the trial ends.

    Attributes:
        objective: The objective of the search.
        trials: The running trial by its id.
    """

    def __init__(self, task: TrialTask) -> None:
        self.objective = task.objective
        self.trials = {task.trial_id: Trial(task.hyperparameters, task.trial_id, TrialStatus.RUNNING)}
        self._trial = self.trials[task.trial_id]

    def get_trial(self, trial_id: str) -> Trial:
        if trial_id not in self.trials:
            raise KeyError(f"a worker process knows only trial {self._trial.trial_id}, which it runs, not {trial_id}")
        return self._trial

    def update_trial(self, trial_id: str, metrics: dict[str, float], step: int = 0) -> Trial:
        """Records the metrics of a step; several of one step are averaged, as in Keras Tuner."""
        trial = self.get_trial(trial_id)
        for name, value in metrics.items():
            if not trial.metrics.exists(name):
                trial.metrics.register(name, self.objective.direction if name == self.objective.name else None)
            trial.metrics.update(name, value, step=step)
        return trial

    def get_space(self) -> keras_tuner.HyperParameters:
        return self._trial.hyperparameters.copy()

    def update_space(self, hyperparameters: keras_tuner.HyperParameters) -> None:
        self._trial.hyperparameters.merge(hyperparameters, overwrite=False)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"the oracle has no {name!r} in a worker process: use get_trial and update_trial, or search with workers=0"
        )
