"""The trials of one Optuna study in memory: unlike in Optuna's own storages, they can be replaced and taken back."""

import contextlib
import copy
from collections.abc import Container, Iterator, Sequence
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState


class StudyStorage(BaseStorage):
    """Holds one study. The number of a trial is its id as well.

    A trial is never changed, but replaced by a copy, as Optuna keeps lists of trials.

    Args:
        system_attrs: What samplers have stored with the study.

    Attributes:
        system_attrs: What they have stored by now.
    """

    def __init__(self, system_attrs: dict[str, Any]) -> None:
        self.system_attrs = system_attrs
        self._name = ""
        self._directions: list[StudyDirection] = []
        self._trials: list[FrozenTrial] = []

    def add(self, trial: FrozenTrial) -> int:
        """Adds `trial` as it is; returns its number."""
        self._trials.append(trial)
        self.replace(len(self._trials) - 1, trial)
        return len(self._trials) - 1

    def replace(self, number: int, trial: FrozenTrial) -> None:
        """Puts `trial` in the place of the one with this number."""
        self._trials[number] = FrozenTrial(
            number=number,
            trial_id=number,
            state=trial.state,
            value=trial.value,
            datetime_start=trial.datetime_start,
            datetime_complete=trial.datetime_complete,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs=trial.user_attrs,
            system_attrs=trial.system_attrs,
            intermediate_values=trial.intermediate_values,
        )

    @contextlib.contextmanager
    def taking_back(self) -> Iterator[None]:
        """Forgets the trials that the block adds, by asking the study."""
        before = len(self._trials)
        try:
            yield
        finally:
            del self._trials[before:]

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        self._directions, self._name = list(directions), study_name or ""
        return 0

    def delete_study(self, study_id: int) -> None:
        self._trials.clear()

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        raise NotImplementedError

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self.system_attrs = self.system_attrs | {key: value}

    def get_study_id_from_name(self, study_name: str) -> int:
        return 0

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self._directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return {}

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self.system_attrs

    def get_all_studies(self) -> list[Any]:
        raise NotImplementedError

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        if template_trial is None:
            template_trial = optuna.trial.create_trial(state=TrialState.RUNNING)
        return self.add(template_trial)

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        trial = self._copy(trial_id)
        trial.params = trial.params | {param_name: distribution.to_external_repr(param_value_internal)}
        trial.distributions = trial.distributions | {param_name: distribution}

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        trial = self._copy(trial_id)
        trial.state = state
        if values is not None:
            trial.values = list(values)
        if state.is_finished():
            trial.datetime_complete = datetime.now()
        return True

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        trial = self._copy(trial_id)
        trial.intermediate_values = trial.intermediate_values | {step: intermediate_value}

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        trial = self._copy(trial_id)
        trial.user_attrs = trial.user_attrs | {key: value}

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        trial = self._copy(trial_id)
        trial.system_attrs = trial.system_attrs | {key: value}

    def get_trial(self, trial_id: int) -> FrozenTrial:
        return self._trials[trial_id]

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        return trial_number

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        trials = [trial for trial in self._trials if states is None or trial.state in states]
        return copy.deepcopy(trials) if deepcopy else trials

    def _copy(self, number: int) -> FrozenTrial:
        """A copy of the trial with this number, in its place."""
        trial = self._trials[number] = copy.copy(self._trials[number])
        return trial
