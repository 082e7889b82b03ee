"""The files of an oracle: replaced atomically, and read again after a kill, even if some are lost or damaged."""

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner import Oracle

from keras_search.results import files, layout, trial_record
from keras_search.results.reading import trial_rows
from keras_search.search_spaces.space import Value
from keras_search.tuner import keras_private
from keras_search.tuner.keras_private import Trial, TrialStatus

_ENDED = (TrialStatus.COMPLETED, TrialStatus.FAILED)


class Persistent(Oracle):
    """An oracle that resumes from the files on disk.

    Attributes:
        baseline: The first point.
        damaged: The files of the run that could not be read when the oracle was reloaded.
        fresh: The oracle's state before it was reloaded for the first time; None until then.
        paused: The ids of the trials that have ended, but can go on.
        going_on: The ids of those of them that do. Their files stay as they are until they end again, so that they
            count with what they had reached if the search is killed.
        put_off: Called in place of `write` whenever the oracle's file should change, by a search that writes it later;
            None to write it at once.
    """

    put_off: Callable[[], None] | None = None
    _is_held = False
    baseline: dict[str, Value]
    damaged: list[Path]
    paused: set[str]
    going_on: set[str]
    fresh: dict[str, Any] | None

    # While it is reloaded: the space of the trial that was read last, as it was read and as it is; the trials that have
    # begun and ended by the oracle's file.
    _last_space: tuple[list[Any], keras_tuner.HyperParameters] | None
    _in_file: tuple[set[str], set[str]]

    # Keras Tuner's, with the types that it does not declare.
    max_consecutive_failed_trials: int | None
    _id_to_hash: dict[str, str | None]
    _run_times: dict[str, int]
    _retry_queue: list[str]
    _tried_so_far: set[str | None]

    def predecessor(self, trial: Trial) -> str | None:
        """The id of the trial whose training `trial` continues; None if it begins from scratch."""
        return None

    def _enter(self, trial: Trial) -> None:
        """Adds a trial that is not in the oracle's file to what the oracle keeps beyond its trials."""

    def get_state(self) -> dict[str, Any]:
        values = {trial_id: trial.hyperparameters.values for trial_id, trial in self.trials.items()}
        return super().get_state() | {"points": values}

    def save(self) -> None:
        (self.put_off or self.write)()

    def write(self) -> None:
        """Replaces the oracle's file."""
        files.write_json(Path(self._get_oracle_fname()), self.get_state(), is_indented=False)

    def awaits(self, trial_id: str) -> bool:
        """Whether a paused trial goes on only if the oracle chooses it."""
        return False

    def take_up(self) -> None:
        """Lets all paused trials go on, but for those that await the oracle's choice."""
        chosen = [trial_id for trial_id in self.paused if not self.awaits(trial_id)]
        for trial_id in sorted(chosen, key=trial_rows.trial_order, reverse=True):  # taken from the end
            if (Path(self._get_trial_dir(trial_id)) / layout.TRIAL_STATE).exists():
                self.go_on(trial_id)

    def go_on(self, trial_id: str) -> None:
        """Makes a paused trial the next that is asked for."""
        self.paused.remove(trial_id)
        self.going_on.add(trial_id)
        self.trials[trial_id].status = TrialStatus.IDLE
        self.end_order.remove(trial_id)
        self._run_times[trial_id] -= 1  # it is the same attempt
        self._retry_queue.append(trial_id)

    def trained(self, trial_id: str, is_paused: bool) -> None:
        """Notes that a trial has been trained, to its end or until it paused; `end_trial` comes next."""
        self.going_on.discard(trial_id)
        (self.paused.add if is_paused else self.paused.discard)(trial_id)

    def _save_trial(self, trial: Trial) -> None:
        if not self._is_held and trial.trial_id not in self.going_on:
            path = Path(self._get_trial_dir(trial.trial_id)) / layout.TRIAL
            files.write_json(path, self._trial_state(trial), is_indented=False)

    def _trial_state(self, trial: Trial) -> dict[str, Any]:
        """What is in the file of `trial`."""
        return trial.get_state() | ({"paused": True} if trial.trial_id in self.paused else {})

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Writes no file of a trial in the block, after which it changes once more and is written."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False

    def reload(self) -> None:
        """Reads the files of the trials and of the oracle, which a kill may have left out of date.

        Where they differ, the files of the trials count. Damaged files are added to `damaged`, and their trials run
        again. The point of a trial with an unreadable file comes from the oracle's file. If both are lost, an oracle
        that ignores scores draws the same point again, and any other proposes a new one.
        """
        folder = Path(self._project_dir)
        self.damaged.clear()
        self.paused.clear()
        self.going_on.clear()
        points = self._reload_state(folder / layout.ORACLE)
        self.trials = {}
        self._last_space = None
        self._in_file = set(self.start_order), set(self.end_order)
        directories = self._directories(folder, [*points, *self.start_order])
        lost = []
        for trial_id, directory in directories.items():
            trial = self._read_trial(directory)
            if trial is None and trial_id in points:
                trial = self._trial(trial_id, points[trial_id])
            if trial is None:
                lost.append(trial_id)
            else:
                self._take_in(trial, directory)
        self._draw_again(lost, directories)
        self.trials = {trial_id: self.trials[trial_id] for trial_id in sorted(self.trials, key=trial_rows.trial_order)}
        self.start_order = list(self.trials)
        ended = {trial_id for trial_id, trial in self.trials.items() if trial.status in _ENDED}
        self.end_order = [trial_id for trial_id in self.end_order if trial_id in ended]
        unfinished = [trial_id for trial_id in self.trials if trial_id not in ended]
        self._retry_queue = unfinished[::-1]  # taken from the end

    def _reload_state(self, path: Path) -> dict[str, dict[str, Value]]:
        """Restores the state in the oracle's file, or the fresh one if it is damaged; returns the points of trials."""
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

    def _directories(self, folder: Path, noted: Iterable[str]) -> dict[str, Path]:
        """The directories of all trials in trial order: of those on disk, those `noted`, and missing numbers."""
        directories = {
            path.name.removeprefix(layout.TRIAL_PREFIX): path for path in trial_rows.trial_directories(folder)
        }
        known = {*directories, *noted}
        for trial_id in (known | self._missing(known)) - directories.keys():
            directories[trial_id] = Path(self._get_trial_dir(trial_id))
        return {trial_id: directories[trial_id] for trial_id in sorted(directories, key=trial_rows.trial_order)}

    def _missing(self, trial_ids: set[str]) -> set[str]:
        """The missing ids below the last of `trial_ids`: the next id is the number of trials, and must be free."""
        if not all(trial_id.isdecimal() for trial_id in trial_ids):
            return set()
        numbers = set(map(int, trial_ids))
        width = len(str(self.max_trials))
        return {f"{number:0{width}d}" for number in range(max(numbers, default=0)) if number not in numbers}

    def _read_trial(self, directory: Path) -> Trial | None:
        path = directory / layout.TRIAL
        try:
            # The folder decides which trial it is, not the file: the other files of the trial are in this folder.
            trial_id = directory.name.removeprefix(layout.TRIAL_PREFIX)
            trial = self._restored(files.read_json(path) | {"trial_id": trial_id})
            if (predecessor := self.predecessor(trial)) is not None:
                _check_ids([predecessor])
            return trial
        except (KeyError, TypeError, ValueError, AttributeError):
            if path.exists():
                self.damaged.append(path)
            return None

    def _restored(self, state: dict[str, Any]) -> Trial:
        """The trial with this state. Trials of the same space share its hyperparameters, which take long to make."""
        space, values = state["hyperparameters"]["space"], state["hyperparameters"]["values"]
        if self._last_space is None or self._last_space[0] != space:
            as_read = copy.deepcopy(space)  # Keras Tuner changes what it is given
            self._last_space = as_read, keras_tuner.HyperParameters.from_config({"space": space, "values": {}})
        trial = Trial.from_state(state | {"hyperparameters": {"space": [], "values": {}}})
        trial.hyperparameters = keras_private.point(self._last_space[1], values)
        if state.get("paused") is True:
            self.paused.add(trial.trial_id)
        return trial

    def _trial(self, trial_id: str, values: dict[str, Value]) -> Trial:
        hyperparameters = self.hyperparameters.copy()
        hyperparameters.values = dict(values)
        return Trial(hyperparameters, trial_id, "IDLE")

    def _take_in(self, trial: Trial, directory: Path) -> None:
        trial_id = trial.trial_id
        self.trials[trial_id] = trial
        self._record_values(trial)
        begun, ended = self._in_file
        if trial_id not in begun:
            begun.add(trial_id)
            self.start_order.append(trial_id)
            self._enter(trial)
            # The oracle's file is older than the trial, whose point will be drawn again and be a tried one.
            self._max_collisions += 1
        damaged = trial_rows.damaged_files(directory)
        self.damaged += damaged
        is_whole = not damaged
        if trial_id in self.paused:
            # It may have gone on to its end, of which nobody was told.
            is_whole &= trial_record.read(directory).get("paused") is True
        has_ended = trial.status in _ENDED and is_whole
        if has_ended and trial_id not in ended:
            self.end_order.append(trial_id)
            self._run_times[trial_id] += 1
            if self.allow_new_entries:
                self.update_space(trial.hyperparameters)
        elif not has_ended:
            self.paused.discard(trial_id)
            trial.status, trial.score, trial.best_step = TrialStatus.IDLE, None, None
            if trial_id in ended:
                # This attempt is made once more, and is not another one.
                self._run_times[trial_id] = max(0, self._run_times[trial_id] - 1)

    def _draw_again(self, lost: list[str], directories: dict[str, Path]) -> None:
        """Adds the `lost` trials, with points that are proposed again."""
        if lost:
            # All points are drawn again from the first, as if the oracle's file were damaged; the trials that are there
            # count as tried.
            self._seed_state = self.seed
            self._tried_so_far = {self._id_to_hash[trial_id] for trial_id in self.trials}
            self._max_collisions += len(self.trials)
        for trial_id in lost:
            is_first = not self.start_order or trial_id.strip("0") == ""
            values = self.baseline if is_first else None
            values = values or self.populate_space(trial_id).get("values")
            if values:
                self._take_in(self._trial(trial_id, values), directories[trial_id])


def _check_ids(ids: Iterable[Any]) -> None:
    """Raises ValueError if an id is no plain name, and could be a path out of the run directory."""
    if not all(isinstance(trial_id, str) and files.is_plain(trial_id) for trial_id in ids):
        raise ValueError("not the ids of trials")
