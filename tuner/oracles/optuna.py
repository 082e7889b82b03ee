"""Optuna's samplers as oracles."""

import abc
import itertools
import logging
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras_tuner
import optuna
from optuna import samplers
from optuna.distributions import BaseDistribution
from optuna.trial import TrialState

from keras_search.results import trial_record
from keras_search.results.reading import trial_rows
from keras_search.search_spaces.space import Value
from keras_search.tuner import objectives
from keras_search.tuner.keras_private import Trial, TrialStatus
from keras_search.tuner.oracles import optuna_values
from keras_search.tuner.oracles.optuna_storage import StudyStorage
from keras_search.tuner.oracles.recorded import Recorded
from keras_search.tuner.seeds import derive

_STUDY = "search"
_STATES = {TrialStatus.COMPLETED: TrialState.COMPLETE, TrialStatus.FAILED: TrialState.FAIL}


@dataclass
class Told:
    """What Optuna has been told.

    Attributes:
        study, storage: The study, and where it is.
        dimensions: How many hyperparameters the space had.
        numbers: The number of each trial in the study; None for one outside of the space.
        running: The trials that have not ended.
        earlier: The numbers of the trials of earlier runs.
        common: What a sampler has found out of the parameters that all trials have; None if nothing.
    """

    study: optuna.Study
    storage: StudyStorage
    dimensions: int
    numbers: dict[str, int | None] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    earlier: list[int] = field(default_factory=list)
    common: Any = None

    def share(self, sampler: samplers.BaseSampler) -> None:
        """Lets `sampler` begin with what the one before has found out, which looked at all trials for that."""
        private = vars(sampler)
        if self.common is not None and "_search_space" in private:
            private["_search_space"] = self.common
        self.common = private.get("_search_space")


class OptunaOracle(Recorded, abc.ABC):
    """Asks an Optuna sampler for points.

    Every point depends on the trials alone, so that a search that resumes after a kill proposes the same points: the
    study in memory has them and nothing else. It has the running trials (TPE's constant liar keeps away from them), and
    marks failed and pruned ones. What samplers store themselves is kept in the files of the trials.

    Hyperparameters that are not active under their conditions are not sampled.

    Attributes:
        is_told_earlier: Whether the trials of earlier runs are trials of the study.
    """

    is_told_earlier = True

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        optuna.logging.set_verbosity(logging.ERROR)
        # What samplers store with the study; and with each trial by its id, beside what was stored with the study by
        # then. Older versions kept that of trials in `oracle.json`.
        self._study_notes: dict[str, Any] = {}
        self._trial_notes: dict[str, dict[str, Any]] = {}
        self._older_notes: dict[str, dict[str, Any]] = {}
        self._told: Told | None = None

    @abc.abstractmethod
    def sampler(self, seed: int) -> samplers.BaseSampler:
        """A sampler for one point, which alone has `seed`."""

    def own_answer(self, trial_id: str) -> dict[str, Any]:
        study, storage = self.study()
        assert self._told is not None
        with storage.taking_back():
            for attempt in range(self._max_collisions):
                study.sampler = self.sampler(derive(self.seed, trial_id, attempt))
                self._told.share(study.sampler)
                asked = study.ask()
                values = self._suggest(asked)
                if not self._duplicate(values):
                    self._study_notes = storage.system_attrs
                    noted = storage.get_trial(asked.number).system_attrs
                    self._trial_notes[trial_id] = {"trial": noted, "study": self._study_notes}
                    return {"status": TrialStatus.RUNNING, "values": values}
                study.tell(asked, state=TrialState.FAIL)
        values = self._random_values()
        return {"status": TrialStatus.STOPPED if values is None else TrialStatus.RUNNING, "values": values}

    def get_state(self) -> dict[str, Any]:
        return super().get_state() | {"optuna": {"study": self._study_notes, "trials": self._older_notes}}

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        self._study_notes, self._older_notes = state["optuna"]["study"], state["optuna"]["trials"]
        self._trial_notes = {trial_id: {"trial": notes} for trial_id, notes in self._older_notes.items()}
        self._told = None

    def _trial_state(self, trial: Trial) -> dict[str, Any]:
        notes = self._trial_notes.get(trial.trial_id)
        return super()._trial_state(trial) | ({"optuna": notes} if notes and any(notes.values()) else {})

    def _restored(self, state: dict[str, Any]) -> Trial:
        if isinstance(notes := state.get("optuna"), dict):
            self._trial_notes[state["trial_id"]] = notes
            self._study_notes = notes.get("study") or self._study_notes  # the last trial's are the last ones
        return super()._restored(state)

    def study(self) -> tuple[optuna.Study, StudyStorage]:
        """The trials so far as an Optuna study, without points outside of the space, and the storage of the study."""
        if self._told is None or not self._tell_changes(self._told):
            self._told = self._all_told()
        if self.is_told_earlier:
            for number, trial in zip(self._told.earlier, self.earlier_trials(), strict=True):
                self._told.storage.replace(number, self._frozen_earlier(trial))  # its score depends on all others
        return self._told.study, self._told.storage

    def _all_told(self) -> Told:
        """A new study of all trials."""
        storage = StudyStorage(dict(self._study_notes))
        direction = "maximize" if self.objective.direction == "max" else "minimize"
        study = optuna.create_study(storage=storage, study_name=_STUDY, direction=direction)
        told = Told(study, storage, len(self.hyperparameters.space))
        if self.is_told_earlier:
            told.earlier += [storage.add(self._frozen_earlier(trial)) for trial in self.earlier_trials()]
        for trial_id in self.start_order:
            self._tell_first(told, trial_id)
        return told

    def _tell_changes(self, told: Told) -> bool:
        """Adds new trials to the study, and how others have ended; returns whether that is enough."""
        if told.dimensions != len(self.hyperparameters.space):
            return False
        for trial_id in [*told.running]:
            number, frozen = told.numbers[trial_id], self._frozen(self.trials[trial_id])
            if (number is None) != (frozen is None):
                return False
            if number is not None and frozen is not None:
                told.storage.replace(number, frozen)
            if self.trials[trial_id].status in _STATES:
                told.running.remove(trial_id)
        for trial_id in itertools.islice(self.start_order, len(told.numbers), None):
            self._tell_first(told, trial_id)
        return True

    def _tell_first(self, told: Told, trial_id: str) -> None:
        frozen = self._frozen(self.trials[trial_id])
        told.numbers[trial_id] = None if frozen is None else told.storage.add(frozen)
        if self.trials[trial_id].status not in _STATES:
            told.running.append(trial_id)

    def _suggest(self, asked: optuna.Trial) -> dict[str, Value]:
        hps = keras_tuner.HyperParameters()
        for name, hp in optuna_values.named(self.hyperparameters):
            hps.merge([hp])
            if hps.is_active(hp):
                hps.values[hp.name] = optuna_values.ask(asked, name, hp)
        return hps.values

    def _params(self, trial: Trial) -> tuple[dict[str, Any], dict[str, BaseDistribution]] | None:
        """The parameters of `trial` in the study, with their distributions; None if it is outside of the space."""
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
        return params, distributions

    def _frozen_earlier(self, trial: Trial) -> optuna.trial.FrozenTrial:
        inside = self._params(trial)
        assert inside is not None
        return optuna.trial.create_trial(value=trial.score, params=inside[0], distributions=inside[1])

    def _frozen(self, trial: Trial) -> optuna.trial.FrozenTrial | None:
        inside = self._params(trial)
        if inside is None:
            return None
        params, distributions = inside
        directory = Path(self._get_trial_dir(trial.trial_id))
        state = _STATES.get(trial.status, TrialState.RUNNING)
        if state == TrialState.COMPLETE and trial_record.read(directory).get("pruned"):
            state = TrialState.PRUNED
        # Samplers ask for the curves of no others.
        has_curve = state in (TrialState.PRUNED, TrialState.RUNNING)
        return optuna.trial.create_trial(
            state=state,
            value=trial.score if state == TrialState.COMPLETE else None,
            params=params,
            distributions=distributions,
            intermediate_values=(
                objectives.curve(self.objective, trial_rows.read_epochs(directory)) if has_curve else {}
            ),
            system_attrs=self._trial_notes.get(trial.trial_id, {}).get("trial"),
        )


class Tpe(OptunaOracle):
    """Tree-structured Parzen estimators."""

    def sampler(self, seed: int) -> samplers.BaseSampler:
        return samplers.TPESampler(seed=seed, constant_liar=True)


class CmaEs(OptunaOracle):
    """CMA-ES, with random values for hyperparameters that are not numbers.

    It learns from its own generations only; the trials of earlier runs decide where the first one is.
    """

    is_told_earlier = False

    def sampler(self, seed: int) -> samplers.BaseSampler:
        with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
            return samplers.CmaEsSampler(
                seed=seed,
                independent_sampler=samplers.RandomSampler(seed=seed),
                warn_independent_sampling=False,
                source_trials=self._sources() or None,
            )

    def _sources(self) -> list[optuna.trial.FrozenTrial]:
        """The trials of earlier runs, with those numbers alone that the first generation has."""
        told = self.earlier_trials()
        if not told or self._told is None or not self._told.numbers:
            return []
        plain = samplers.CmaEsSampler(warn_independent_sampling=False)
        study = self._told.study
        dimensions = plain.infer_relative_search_space(study, study.get_trials(deepcopy=False)[0])
        frozen = [self._frozen_earlier(trial) for trial in told]
        return [
            optuna.trial.create_trial(
                value=trial.value, params={name: trial.params[name] for name in dimensions}, distributions=dimensions
            )
            for trial in frozen
            if dimensions.keys() <= trial.params.keys()
        ]


class Qmc(OptunaOracle):
    """A scrambled Sobol sequence."""

    is_told_earlier = False  # it learns nothing

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
