"""What every oracle of a search has beside its own way to propose points: the baseline first, and a record."""

import copy
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_search.results import files, layout
from keras_search.results.reading import trial_rows
from keras_search.search_spaces.declared import completed
from keras_search.search_spaces.epochs import like
from keras_search.search_spaces.space import Value
from keras_search.tuner.keras_private import HyperParameter, Trial
from keras_search.tuner.oracles import points
from keras_search.tuner.oracles.keras_tuner import first_untried
from keras_search.tuner.oracles.named import BUDGET, CONTINUED, ROUND, budgeted


class Recorded:
    """Mixed into an oracle: the baseline point comes first, and files are replaced whole.

    No point comes twice, and none leaves the values of its hyperparameters, unless the oracle is the user's own.

    Attributes:
        baseline: The first point.
        may_repeat: Whether the oracle proposes what it proposes.
        untuned: Names and defaults of what the hypermodel asks for and the oracle is not to tune.
        damaged: The files of the run that could not be used when it was reloaded.
        notes: What is to be said to the user; whoever says it empties it.
        fresh: Its state before it was reloaded for the first time; None until then.
    """

    baseline: dict[str, Value]
    may_repeat: bool
    untuned: set[tuple[str, Value]]
    damaged: list[Path]
    notes: list[str]
    fresh: dict[str, Any] | None

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.start_order:
            # Keras Tuner would complete it with random values.
            return {"status": "RUNNING", "values": completed(self.baseline, self.hyperparameters.space)}
        answer = super().populate_space(trial_id)
        values = answer.get("values")
        if not values:
            return answer
        if not self.may_repeat:
            values = points.snapped(values, self.hyperparameters.space)
        if BUDGET in values:
            if "epochs" in values:
                values = values | {"epochs": like(values["epochs"], self.max_epochs)}
            return answer | {"values": values}
        if not self.may_repeat and self._duplicate(values):
            # A model of the scores may propose a point twice, rounded to the steps of the space.
            values = self._random_values()
        return answer | {"status": answer["status"] if values else "STOPPED", "values": values}

    def _random_values(self) -> dict[str, Value] | None:
        values = super()._random_values()
        if self.may_repeat:
            return values
        if values is None:
            # Keras Tuner gives up after some draws of what was tried, and a few may be left.
            values = first_untried(self)
        return values and points.snapped(values, self.hyperparameters.space)

    def _duplicate(self, values: dict[str, Value]) -> bool:
        return super()._duplicate(values if self.may_repeat else points.snapped(values, self.hyperparameters.space))

    def learn(self, declared: Iterable[HyperParameter]) -> None:
        """Takes note of what of `declared` is not to be tuned."""
        if not self.tune_new_entries:
            tuned = {hp.name for hp in self.hyperparameters.space}
            self.untuned |= {(hp.name, points.rounded(hp.default)) for hp in declared if hp.name not in tuned}

    def _record_values(self, trial: Trial) -> None:
        # Keras Tuner would drop a value for an inactive hyperparameter of the same name, and draw it without a seed.
        values = trial.hyperparameters.values = completed(trial.hyperparameters.values, trial.hyperparameters.space)
        self.learn(trial.hyperparameters.space)
        before, now = self._id_to_hash[trial.trial_id], self._compute_values_hash(values)
        self._id_to_hash[trial.trial_id] = now
        if before not in self._id_to_hash.values():  # of another trial, where the oracle asks a point twice
            self._tried_so_far.discard(before)
        self._tried_so_far.add(now)

    def _compute_values_hash(self, values: dict[str, Value]) -> str:
        left_out = budgeted(self)
        point = {key: points.rounded(value) for key, value in values.items() if key not in left_out}
        # A point that was not told of what is not tuned is trained at its default.
        return super()._compute_values_hash(
            {key: value for key, value in point.items() if (key, value) not in self.untuned}
        )

    def reload(self) -> None:
        """Takes the trials' own files for the truth: a kill may have come before the oracle's file was written.

        What is damaged is put into `damaged`; its trial is run again. The point of a trial whose file cannot be read is
        kept in the oracle's file too; where both are lost, an oracle that ignores scores finds it again, and another
        one proposes a new point.
        """
        folder = Path(self._project_dir)
        self.damaged.clear()
        points = self._reload_state(folder / layout.ORACLE)
        self.trials = {}
        directories = {
            path.name.removeprefix(layout.TRIAL_PREFIX): path for path in trial_rows.trial_directories(folder)
        }
        known = {*directories, *points, *self.start_order}
        directories |= {
            trial_id: Path(self._get_trial_dir(trial_id))
            for trial_id in known | self._left_out(known)
            if trial_id not in directories
        }
        lost = []
        for trial_id, directory in sorted(directories.items(), key=lambda one: trial_rows.trial_order(one[0])):
            trial = self._read_trial(directory)
            if trial is None and trial_id in points:
                trial = self._trial(trial_id, points[trial_id])
            if trial is None:
                lost.append(trial_id)
                continue
            self._take_in(trial, directory)
        if lost:
            # All points are drawn again from the first, as where the oracle's file is damaged; those that are there
            # count as tried.
            self._seed_state = self.seed
            self._tried_so_far = {self._id_to_hash[trial_id] for trial_id in self.trials}
        if self._seed_state == self.seed:
            # Points that are drawn again collide with themselves.
            self._max_collisions += len(self.trials)
        for trial_id in lost:
            is_first = not self.start_order or trial_id.strip("0") == ""
            values = self.baseline if is_first else None
            values = values or self.populate_space(trial_id).get("values")
            if values:
                self._take_in(self._trial(trial_id, values), directories[trial_id])
        self.trials = {trial_id: self.trials[trial_id] for trial_id in sorted(self.trials, key=trial_rows.trial_order)}
        self.start_order = list(self.trials)
        self.end_order = [trial_id for trial_id in self.end_order if trial_id in self.trials]
        unfinished = [trial_id for trial_id in self.trials if trial_id not in self.end_order]
        self._retry_queue = unfinished[::-1]  # taken from the end

    def _left_out(self, trial_ids: set[str]) -> set[str]:
        """The numbers between `trial_ids`: Keras Tuner counts the trials to number the next, which must be free."""
        if not all(trial_id.isdecimal() for trial_id in trial_ids):
            return set()
        numbers = set(map(int, trial_ids))
        width = len(str(self.max_trials))
        return {f"{number:0{width}d}" for number in range(max(numbers, default=0)) if number not in numbers}

    def _reload_state(self, path: Path) -> dict[str, dict[str, Value]]:
        """Takes over the oracle's file; returns the points of its trials. Where it is damaged all is as at first."""
        if self.fresh is None:
            self.fresh = copy.deepcopy(self.get_state() | {"ongoing_trials": {}})
        fresh = copy.deepcopy(self.fresh)
        try:
            state = files.read_json(path) | {"ongoing_trials": {}}
            points = state.get("points", {})
            _check_ids([*points, *state["start_order"], *state["end_order"]])
            self.set_state(state)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.set_state(fresh)
            points = {}
            if path.exists():
                self.damaged.append(path)
        return points

    def _read_trial(self, directory: Path) -> Trial | None:
        path = directory / layout.TRIAL
        try:
            # The folder says which trial it is: whatever the file says, its files are here.
            trial_id = directory.name.removeprefix(layout.TRIAL_PREFIX)
            trial = Trial.from_state(files.read_json(path) | {"trial_id": trial_id})
            if CONTINUED in trial.hyperparameters.values:
                _check_ids([trial.hyperparameters.values[CONTINUED]])
            return trial
        except (KeyError, TypeError, ValueError, AttributeError):
            if path.exists():
                self.damaged.append(path)
            return None

    def _trial(self, trial_id: str, values: dict[str, Value]) -> Trial:
        hyperparameters = self.hyperparameters.copy()
        hyperparameters.values = dict(values)
        return Trial(hyperparameters, trial_id, "IDLE")

    def _take_in(self, trial: Trial, directory: Path) -> None:
        trial_id = trial.trial_id
        self.trials[trial_id] = trial
        self._record_values(trial)
        if trial_id not in self.start_order:
            self.start_order.append(trial_id)
            self._enter_in_bracket(trial)
        damaged = trial_rows.damaged_files(directory)
        self.damaged += damaged
        has_ended = trial.status in ("COMPLETED", "FAILED") and not damaged
        if has_ended and trial_id not in self.end_order:
            self.end_order.append(trial_id)
        elif not has_ended:
            trial.status, trial.score, trial.best_step = "IDLE", None, None
            if trial_id in self.end_order:
                self.end_order.remove(trial_id)

    def _enter_in_bracket(self, trial: Trial) -> None:
        """Under Hyperband: enters a trial that the oracle's file does not know yet."""
        brackets = getattr(self, "_brackets", ())
        if any(entry["id"] == trial.trial_id for one in brackets for entries in one["rounds"] for entry in entries):
            return  # a point that was just drawn again
        values = trial.hyperparameters.values
        if values.get(ROUND) == 0:
            self._bracket_with_room()["rounds"][0].append({"past_id": None, "id": trial.trial_id})
        for bracket in brackets:
            for before, after in itertools.pairwise(bracket["rounds"]):
                if any(entry["id"] == values.get(CONTINUED) for entry in before):
                    after.append({"past_id": values[CONTINUED], "id": trial.trial_id})

    def _bracket_with_room(self) -> dict[str, Any]:
        """The bracket that takes a further random trial: the last one, or a new one where it has all of them."""
        last = self._brackets[-1] if self._brackets else None
        if last is None or len(last["rounds"][0]) == last.get("size", self._get_size(last["bracket_num"], 0)):
            self._increment_bracket_num()
            self._start_new_bracket()
        return self._brackets[-1]

    def get_state(self) -> dict[str, Any]:
        points = {trial_id: trial.hyperparameters.values for trial_id, trial in self.trials.items()}
        return super().get_state() | {"points": points}

    def save(self) -> None:
        files.write_json(Path(self._get_oracle_fname()), self.get_state())

    def _save_trial(self, trial: Trial) -> None:
        files.write_json(Path(self._get_trial_dir(trial.trial_id)) / layout.TRIAL, trial.get_state())


def _check_ids(ids: list[Any]) -> None:
    """Raises ValueError if one of `ids` is not the name of a trial, but could be a path to elsewhere."""
    if not all(isinstance(one, str) and files.is_plain(one) for one in ids):
        raise ValueError("not the ids of trials")
