"""Optuna's samplers as a Keras Tuner oracle."""

import logging
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras_tuner
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from keras_search.results.reading import trial_rows
from keras_search.search_spaces.space import Value
from keras_search.tuner import objectives
from keras_search.tuner.keras_private import Trial, TrialStatus, kinds
from keras_search.tuner.oracles import points
from keras_search.tuner.seeds import derive

_STUDY = "search"
# The last position below 1: at 1 itself Keras Tuner's whole numbers leave their range.
_LAST = math.nextafter(1.0, 0.0)
# A range with more steps is as good as one without.
_MOST_INDICES = 2**31
_STATES = {TrialStatus.COMPLETED: TrialState.COMPLETE, TrialStatus.FAILED: TrialState.FAIL}


class OptunaOracle(keras_tuner.Oracle):
    """Asks an Optuna sampler for points.

    Its study is made anew from the trials for every question, so that a search that goes on after a kill asks what it
    would have asked. Trials that run are known to the sampler (TPE's constant liar keeps away from them), failed and
    pruned ones are told as such. What samplers note of their own is in `oracle.json`.

    For Optuna a value of a choice or with steps is an index, of an unordered choice as a category; any other number is
    its position in [0, 1] on Keras Tuner's scale (linear, log or reverse log). What is not active under its conditions
    is not asked for.

    Args:
        sampler: `tpe`, `cmaes`, `qmc` or `gp`.
        **arguments: Those of `keras_tuner.Oracle`.
    """

    def __init__(self, sampler: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._sampler = sampler
        optuna.logging.set_verbosity(logging.ERROR)
        # What samplers keep with the study and, by its id, with each trial.
        self._study_notes: dict[str, Any] = {}
        self._trial_notes: dict[str, dict[str, Any]] = {}

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        study, storage = self.study()
        for attempt in range(self._max_collisions):
            study.sampler = self._make_sampler(derive(self.seed, trial_id, attempt))
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
        """The trials so far as an Optuna study, and where it is kept; without those that are no points of the space."""
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

    def _make_sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        samplers = optuna.samplers
        independent = samplers.RandomSampler(seed=seed)
        match self._sampler:
            case "tpe":
                return samplers.TPESampler(seed=seed, constant_liar=True)
            case "cmaes":
                return samplers.CmaEsSampler(
                    seed=seed, independent_sampler=independent, warn_independent_sampling=False
                )
            case "qmc":
                with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
                    # One sequence for the whole search: its seed must stay.
                    return samplers.QMCSampler(
                        seed=self.seed, scramble=True, independent_sampler=independent, warn_independent_sampling=False
                    )
            case "gp":
                return samplers.GPSampler(seed=seed, independent_sampler=independent, warn_independent_sampling=False)
        raise ValueError(f"unknown sampler {self._sampler!r}")

    def _suggest(self, asked: optuna.Trial) -> dict[str, Value]:
        hps = keras_tuner.HyperParameters()
        for name, hp in _named(self.hyperparameters):
            hps.merge([hp])
            if hps.is_active(hp):
                hps.values[hp.name] = _value(hp, _ask(asked, name, _distribution(hp)))
        return hps.values

    def _frozen(self, trial: Trial) -> optuna.trial.FrozenTrial | None:
        params: dict[str, Any] = {}
        distributions: dict[str, BaseDistribution] = {}
        for name, hp in _named(self.hyperparameters):
            distribution = _distribution(hp)
            if distribution is None or not trial.hyperparameters.is_active(hp):
                continue
            answer = _answer(hp, trial.hyperparameters.values.get(hp.name))
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


def _named(hyperparameters: keras_tuner.HyperParameters) -> Iterator[tuple[str, kinds.HyperParameter]]:
    """Every hyperparameter with a name of its own: one that is declared under several conditions has several."""
    seen: dict[str, int] = {}
    for hp in hyperparameters.space:
        count = seen[hp.name] = seen.get(hp.name, 0) + 1
        yield (hp.name if count == 1 else f"{hp.name} ({count})"), hp


def _distribution(hp: kinds.HyperParameter) -> BaseDistribution | None:
    """What Optuna samples for `hp`; None where there is no choice."""
    if isinstance(hp, kinds.Fixed):
        return None
    if not _is_indexed(hp):
        return FloatDistribution(0.0, _LAST)
    count = points.count(hp)
    is_category = isinstance(hp, kinds.Boolean) or (isinstance(hp, kinds.Choice) and not hp.ordered)
    return CategoricalDistribution(range(count)) if is_category else IntDistribution(0, count - 1)


def _ask(asked: optuna.Trial, name: str, distribution: BaseDistribution | None) -> Any:
    match distribution:
        case CategoricalDistribution():
            return asked.suggest_categorical(name, distribution.choices)
        case IntDistribution():
            return asked.suggest_int(name, distribution.low, distribution.high)
        case FloatDistribution():
            return asked.suggest_float(name, distribution.low, distribution.high)
    return None


def _value(hp: kinds.HyperParameter, answer: Any) -> Value:
    """The value of `hp` that Optuna's answer stands for."""
    if isinstance(hp, kinds.Fixed):
        return hp.value
    return points.at(hp, answer) if _is_indexed(hp) else points.nearest(hp, hp.prob_to_value(answer))


def _answer(hp: kinds.HyperParameter, value: Value | None) -> int | float | None:
    """The answer of Optuna's that stands for `value`; None where it is not one of `hp`'s values."""
    if _is_indexed(hp):
        return points.index(hp, value)
    return min(max(float(hp.value_to_prob(value)), 0.0), _LAST) if points.has(hp, value) else None


def _is_indexed(hp: kinds.HyperParameter) -> bool:
    count = points.count(hp)
    return count is not None and count <= _MOST_INDICES
