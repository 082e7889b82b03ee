"""The trained models of the best trials, from the weights that were kept or by training once more."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from keras_search.results import trial_record
from keras_search.results.text import count
from keras_search.search_spaces.origin import contained
from keras_search.tuner.keras_private import Trial, TrialStatus
from keras_search.tuner.record.own_run import OwnRun
from keras_search.tuner.search.given import FitArguments
from keras_search.tuner.search.trials import Trials
from keras_search.tuner.transport import settings
from keras_search.tuner.transport.settings import Settings
from keras_search.tuner.trial import bars, kept_models


@dataclass(frozen=True)
class BestModels:
    """The trained models of a run.

    Attributes:
        trials: The trials of the run.
        own: What the tuner knows of the run.
        settings: The settings under which the trials were trained, whatever the script has set since.
        fit: The arguments that the tuner has searched with; None if it has not searched.
    """

    trials: Trials
    own: OwnRun
    settings: Settings
    fit: FitArguments | None

    def load(self, trial: Trial) -> keras.Model:
        """The model of `trial`, with the weights of its best epoch.

        Raises:
            ValueError: It has no weights, or its weights were not kept.
        """
        with contained(), settings.applied(self.settings), bars.absent():
            if self.own.has_weights(trial):
                task = self.trials.task(trial)
                return kept_models.load(task, task.directory)
            if self.fit is not None and self._is_repeatable(trial):
                return kept_models.train_again(self.trials.task(trial, *self.fit))
        why = self._weights_lost(trial)
        raise ValueError(
            f"the weights of trial {trial.trial_id} cannot be kept ({why}): build and train a model with "
            "get_best_hyperparameters()"
            if why
            else f"the weights of trial {trial.trial_id} were not kept: only those of the best "
            f"{self.trials.keep_weights} are (`keep_weights`); train its hyperparameters again"
        )

    def best(self, number: int, load: Callable[[Trial], keras.Model]) -> list[keras.Model]:
        """The models of the best `number` trials, the best first.

        Prints how many are trained once more, and why others are left out.

        Args:
            load: Gives the model of a trial.
        """
        wanted = self.trials.best()[:number]
        lacking = [trial for trial in wanted if not self.own.has_weights(trial)]
        again = [trial for trial in lacking if self._is_repeatable(trial)]
        lost = next(filter(None, map(self._weights_lost, lacking)), None)
        if lost and lacking == wanted and not again:
            return [load(trial) for trial in wanted]  # the error of the first says why
        if lacking:
            kept = f"{len(wanted) - len(lacking)} of {count(len(wanted), 'model')} were kept (keep_weights)"
            print(f"the weights of {kept}{self._others(lacking, again, lost)}")
        models = []
        for trial in wanted:
            if trial not in lacking or trial in again:
                try:
                    models.append(load(trial))
                except kept_models.UnrepeatableError as error:
                    print(error)
        return models

    def _others(self, lacking: list[Trial], again: list[Trial], lost: str | None) -> str:
        """The rest of the message on trials whose weights are `lacking`: which train `again`, and why others do not."""
        why = f"; {count(len(again), 'trial')} trained once more" if again else ""
        if len(again) == len(lacking):
            return why
        if lost:
            return f"{why}; others cannot be ({lost})"
        if self.fit is None:
            return f"{why}; this tuner has not searched, so it has no data to train others with"
        return f"{why}; what was not trained here cannot be repeated"

    def _is_repeatable(self, trial: Trial) -> bool:
        is_known = trial.status == TrialStatus.COMPLETED and self._weights_lost(trial) is None
        return self.fit is not None and is_known and kept_models.is_repeatable(self.trials.task(trial))

    def _weights_lost(self, trial: Trial) -> str | None:
        """Why the weights of `trial` could not be written; None if they could."""
        return trial_record.read(self.trials.directory(trial.trial_id)).get("weights_lost")
