"""Optuna's samplers as oracles."""

import abc
import logging
import warnings
from pathlib import Path
from typing import Any

import keras_tuner
import optuna
from optuna import samplers
from optuna.distributions import BaseDistribution
from optuna.trial import TrialState

from keras_search.results.reading import trial_rows
from keras_search.search_spaces.space import Value
from keras_search.tuner import objectives
from keras_search.tuner.keras_private import Trial, TrialStatus
from keras_search.tuner.oracles import optuna_values
from keras_search.tuner.oracles.recorded import Recorded
from keras_search.tuner.seeds import derive

_STUDY = "search"
_STATES = {TrialStatus.COMPLETED: TrialState.COMPLETE, TrialStatus.FAILED: TrialState.FAIL}


class OptunaOracle(Recorded, abc.ABC):
    """Asks an Optuna sampler for points.

    Every point comes from a new study, made of the trials, so that a search that resumes after a kill proposes the same
    points. The study has the running trials (TPE's constant liar keeps away from them), and marks failed and pruned
    ones. What samplers store themselves is kept in `oracle.json`.

    Hyperparameters that are not active under their conditions are not sampled.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        optuna.logging.set_verbosity(logging.ERROR)
        # What samplers store with the study, and with each trial by its id.
        self._study_notes: dict[str, Any] = {}
        self._trial_notes: dict[str, dict[str, Any]] = {}

    @abc.abstractmethod
    def sampler(self, seed: int) -> samplers.BaseSampler:
        """A sampler for one point, which alone has `seed`."""

    def own_answer(self, trial_id: str) -> dict[str, Any]:
        study, storage = self.study()
        for attempt in range(self._max_collisions):
            study.sampler = self.sampler(derive(self.seed, trial_id, attempt))
            asked = study.ask()
            values = self._suggest(asked)
            if not self._duplicate(values):
                self._trial_notes[trial_id] = study.get_trials(deepcopy=False)[asked.number].system_attrs
                self._study_notes = storage.get_study_system_attrs(storage.get_study_id_from_name(_STUDY))
                return {"status": TrialStatus.RUNNING, "values": values}
            study.tell(asked, state=TrialState.FAIL)
        values = self._random_values()
        return {"status": TrialStatus.STOPPED if values is None else TrialStatus.RUNNING, "values": values}

    def get_state(self) -> dict[str, Any]:
        return super().get_state() | {"optuna": {"study": self._study_notes, "trials": self._trial_notes}}

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        self._study_notes, self._trial_notes = state["optuna"]["study"], state["optuna"]["trials"]

    def study(self) -> tuple[optuna.Study, optuna.storages.InMemoryStorage]:
        """The trials so far as an Optuna study, without points outside of the space, and the storage of the study."""
        direction = "maximize" if self.objective.direction == "max" else "minimize"
        storage = optuna.storages.InMemoryStorage()
        study = optuna.create_study(storage=storage, study_name=_STUDY, direction=direction)
        for key, note in self._study_notes.items():
            storage.set_study_system_attr(storage.get_study_id_from_name(_STUDY), key, note)
        for trial_id in self.start_order:
            frozen = self._frozen(self.trials[trial_id])
            if frozen is not None:
                study.add_trial(frozen)
        return study, storage

    def _suggest(self, asked: optuna.Trial) -> dict[str, Value]:
        hps = keras_tuner.HyperParameters()
        for name, hp in optuna_values.named(self.hyperparameters):
            hps.merge([hp])
            if hps.is_active(hp):
                hps.values[hp.name] = optuna_values.ask(asked, name, hp)
        return hps.values

    def _frozen(self, trial: Trial) -> optuna.trial.FrozenTrial | None:
        params: dict[str, Any] = {}
        distributions: dict[str, BaseDistribution] = {}
        for name, hp in optuna_values.named(self.hyperparameters):
            distribution = optuna_values.distribution(hp)
            if distribution is None or not trial.hyperparameters.is_active(hp):
                continue
            answer = optuna_values.answer(hp, trial.hyperparameters.values.get(hp.name))
            if answer is None:
                return None
            params[name], distributions[name] = answer, distribution
        directory = Path(self._get_trial_dir(trial.trial_id))
        state = _STATES.get(trial.status, TrialState.RUNNING)
        if state == TrialState.COMPLETE and trial_rows.read_trial(directory).get("pruned"):
            state = TrialState.PRUNED
        return optuna.trial.create_trial(
            state=state,
            value=trial.score if state == TrialState.COMPLETE else None,
            params=params,
            distributions=distributions,
            intermediate_values=objectives.curve(self.objective, trial_rows.read_epochs(directory)),
            system_attrs=self._trial_notes.get(trial.trial_id),
        )


class Tpe(OptunaOracle):
    """Tree-structured Parzen estimators."""

    def sampler(self, seed: int) -> samplers.BaseSampler:
        return samplers.TPESampler(seed=seed, constant_liar=True)


class CmaEs(OptunaOracle):
    """CMA-ES, with random values for hyperparameters that are not numbers."""

    def sampler(self, seed: int) -> samplers.BaseSampler:
        return samplers.CmaEsSampler(
            seed=seed, independent_sampler=samplers.RandomSampler(seed=seed), warn_independent_sampling=False
        )


class Qmc(OptunaOracle):
    """A scrambled Sobol sequence."""

    def sampler(self, seed: int) -> samplers.BaseSampler:
        with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
            return samplers.QMCSampler(
                seed=self.seed,  # the same sequence for the whole search
                scramble=True,
                independent_sampler=samplers.RandomSampler(seed=seed),
                warn_independent_sampling=False,
            )


class Gp(OptunaOracle):
    """A Gaussian process."""

    def sampler(self, seed: int) -> samplers.BaseSampler:
        return samplers.GPSampler(
            seed=seed, independent_sampler=samplers.RandomSampler(seed=seed), warn_independent_sampling=False
        )
