"""What a search says beside its progress, each thing once: what its first trials show, and what is lost."""

from collections.abc import Callable, Iterable
from typing import Any

from keras_search.results.reading import trial_rows
from keras_search.results.text import count
from keras_search.search_spaces.custom import declares_all
from keras_search.tuner import objectives
from keras_search.tuner.search.trials import Trials
from keras_search.tuner.trial import models, own_tuner
from keras_search.tuner.trial.task import TrialResult, TrialTask


class Notes:
    """Says what users should know of a search.

    Args:
        trials: The trials of the search.
        say: Called with each sentence.
    """

    def __init__(self, trials: Trials, say: Callable[[str], Any]) -> None:
        self._trials = trials
        self._say = say
        self._is_held = False
        self._are_weights_lost = False

    def first_alone(self) -> None:
        """Says why the first trial runs alone."""
        asking = "run_trial" if own_tuner.asks(self._trials.tuner) else "fit"
        known = (
            "; a declare_hyperparameters that names them all lets every worker begin at once"
            if not isinstance(self._trials.hypermodel, models.NoModel)
            else ""
        )
        self._say(
            f"the first trial runs alone: its {asking} may ask for hyperparameters that are not known before{known}"
        )

    def of_oracle(self) -> None:
        """Says what the oracle has noted."""
        while self._trials.oracle.notes:
            self._say(self._trials.oracle.notes.pop(0))

    def held(self, is_held: bool) -> None:
        """Notes whether new trials wait because all so far failed the same way; says so when that begins."""
        if is_held and not self._is_held:
            self._say("all trials so far failed the same way: no other begins before those that run have ended")
        self._is_held = is_held

    def trial_ends(self, task: TrialTask, result: TrialResult, asked: Iterable[str]) -> None:
        """Says what the first trial shows when it ends.

        Args:
            asked: The names of the hyperparameters that were not known before it.
        """
        if len(self._trials.oracle.end_order) != 1:
            return
        if declares_all(self._trials.hypermodel):
            self._undeclared(asked)
        if self._trials.pruner is not None and result.error is None:
            self._no_curve(task)

    def _undeclared(self, names: Iterable[str]) -> None:
        others = len(self._trials.oracle.trials) - 1
        if names and others:
            self._say(
                f"a trial asked for {', '.join(sorted(names))}, which declare_hyperparameters does not declare: the "
                f"default is used in {count(others, 'trial')} drawn before the first one ended"
            )

    def _no_curve(self, task: TrialTask) -> None:
        if not objectives.curve(task.objective, trial_rows.read_epochs(task.directory)):
            self._say(
                f"the pruner will end no trial: no epoch has {objectives.text(task.objective)} among the metrics that "
                "`fit` tells its callbacks"
            )

    def weights_lost(self, task: TrialTask, result: TrialResult) -> None:
        """Says that the weights of a trial are lost, if they are."""
        if result.weights_lost is not None and not self._are_weights_lost:
            self._are_weights_lost = True
            self._say(
                f"the weights of trial {task.trial_id} cannot be kept ({result.weights_lost}): "
                "its score counts, but get_best_models cannot give its model"
            )
