"""The run that a tuner has made or goes on with, told apart from any other that takes its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner

from keras_search.results import layout
from keras_search.results.reading import trial_rows
from keras_search.results.run_info import ObjectiveInfo
from keras_search.results.text import count
from keras_search.tuner import objectives
from keras_search.tuner.errors import InputError
from keras_search.tuner.keras_private import Trial
from keras_search.tuner.oracles.recorded import Recorded
from keras_search.tuner.record import directory, question, rescoring, run_record, warm_start
from keras_search.tuner.record.question import Question
from keras_search.tuner.record.warm_start import WarmStart
from keras_search.tuner.transport import stamps
from keras_search.tuner.transport.stamps import Stamp


class OwnRun:
    """What a tuner knows of the run in its directory.

    Args:
        path: The run directory.
        hypermodel: The tuner's.
        asked: What the tuner searches for.
        overwrite: Whether the first search of this tuner deletes another tuner's run.
        drawn: The seed of a new run, if none was asked for.
        is_named: Whether the user has named the project.
        only_reads: Whether the hypermodel declares nothing and builds nothing, and so reads the run back at most.

    Attributes:
        path: The run directory; `settle` may choose one beside that which was given.
        seed: The seed of the run.
        taken_over: What a new run takes over from earlier ones, and what is said of it; None for nothing.
    """

    taken_over: tuple[WarmStart, list[str]] | None = None

    def __init__(
        self,
        path: Path,
        hypermodel: keras_tuner.HyperModel,
        asked: Question,
        overwrite: bool,
        drawn: int,
        is_named: bool,
        only_reads: bool,
    ) -> None:
        self.seed: int = drawn if asked["seed"] is None else asked["seed"]
        self.path = path
        self.hypermodel = hypermodel
        self._asked = asked
        self._overwrite = overwrite
        self._is_named = is_named
        self._only_reads = only_reads
        self._drawn = drawn
        self._id: str | None = None
        self._data: str | None = None
        self._has_searched = False
        self._was: str | None = None
        self._rescored: dict[str, rescoring.Rescored] = {}
        self._has_said = False
        # When the files were reloaded that the next search goes on with; None if it reloads them.
        self._stamps: dict[str, Stamp | None] | None = None

    def beside(self, path: Path, oracle: str, seed: int) -> "OwnRun":
        """The run in the directory `path`, which is this hypermodel's too, of another oracle and seed."""
        asked = {**self._asked, "oracle": oracle, "seed": seed, "executions_per_trial": 1}
        return OwnRun(path, self.hypermodel, asked, False, seed, is_named=True, only_reads=True)

    def settle(self, say: Callable[[str], Any], is_made: bool, data: str | None = None) -> bool:
        """Goes to a directory beside the tuner's if another search has that; returns whether it did.

        Args:
            is_made: Whether the tuner is made, and searches; before that, it may read what another tuner has searched.
            data: What it searches with (`data.sameness`), if that is known.

        Raises:
            InputError: The run is no longer the tuner's.
        """
        self.check()
        if self._only_reads:
            return False
        before, self._data = self.path, data
        overwrites, new = self._overwrite and is_made, None if self._has_searched else data
        self.path = directory.choose(
            before, self._asked, self.hypermodel, self._is_named, overwrites, self._id, is_made, new
        )
        if self.path == before:
            return False
        is_with_other_data = directory.has_other_data(run_record.read_question(before).get("id"), new)
        why = "was searched with other data" if is_with_other_data else "is another search's"
        say(f"{str(before)!r} {why}: this one has {str(self.path)!r}")
        self._id, self.seed = None, self._drawn if self._asked["seed"] is None else self._asked["seed"]
        return True

    def reload(self, oracle: Recorded) -> None:
        """Loads the run's trials into `oracle`, scored by its objective; changes nothing on disk.

        Raises:
            InputError: A trial has no metric for the objective.
        """
        self._stamps = self._stamps_now()
        oracle.warm_start = warm_start.read(self.path) or WarmStart()
        oracle.reload()
        before = run_record.read_question(self.path)
        self._id, self._was = before.get("id"), before.get("objective")
        if self._asked["seed"] is None and isinstance(before.get("seed"), int):
            self.seed = before["seed"]
        goes_on = not self._only_reads and not directory.differences(self.path, before, self._asked, self.hypermodel)
        if self._id is not None and goes_on:
            directory.claim(self._id, self)
        rescored, missing = rescoring.rescore(oracle, self.path, self._was)
        if missing:
            oracle.trials = {}
            now = self._asked["objective"]
            was = f"was {self._was} and is now {now}" if self._was else f"is {now}"
            kept = f"the metrics that were kept of {count(len(missing), 'trial')}"
            raise question.refusal(self.path, [f"the objective {was}, which is not among {kept}"])
        self._rescored = {scored.trial.trial_id: scored for scored in rescored}

    def open(self, oracle: Recorded, say: Callable[[str], Any]) -> None:
        """Makes the locked directory hold a run to go on with: the tuner's, or a new one.

        Raises:
            InputError: The run there has taken the place of the tuner's, or was made for another search.
        """
        self.check()
        there = {path.name.removeprefix(layout.TRIAL_PREFIX) for path in trial_rows.trial_directories(self.path)}
        is_anothers = bool(run_record.read_question(self.path)) or not there <= oracle.trials.keys()
        if self._overwrite and self._id is None and is_anothers:
            run_record.empty(self.path)
            there.clear()
        before = run_record.read_question(self.path)
        if there:
            # Since this tuner was made, another search may have added trials, or a signal ended its own.
            is_new = self._stamps is None or self._stamps != self._stamps_now()
            if told := directory.differences(self.path, before, self._asked, self.hypermodel):
                raise question.refusal(self.path, told)
            if is_new:
                self.reload(oracle)
            self.say_rescored(say)
            if self._data is not None and before.get("data", self._data) != self._data:
                say(
                    f"{count(len(there), 'trial')} in {str(self.path)!r} had other data, so scores may not compare: "
                    "overwrite=True begins anew"
                )
        self._stamps = None
        self._start_warm(oracle, is_new=not there, say=say)
        self._write(oracle, before if there else {})

    def _start_warm(self, oracle: Recorded, is_new: bool, say: Callable[[str], Any]) -> None:
        """Gives `oracle` what the run takes over from earlier ones, which a new run first keeps."""
        kept = warm_start.read(self.path)
        if self.taken_over is not None and (is_new or kept is None):
            kept, notes = self.taken_over
            warm_start.write(self.path, kept)
            for note in notes:
                say(note)
        oracle.warm_start = kept or WarmStart()

    def _stamps_now(self) -> dict[str, Stamp | None]:
        """The stamps of the files that an oracle is reloaded from."""
        paths = [self.path / layout.ORACLE, *self.path.glob(f"{layout.TRIAL_PREFIX}*/{layout.TRIAL}")]
        return {str(path): stamps.of(path) for path in paths}

    def _write(self, oracle: Recorded, before: dict[str, Any]) -> None:
        now = self._asked["objective"]
        if not objectives.same(before.get("objective", now), now):
            for state in self.path.glob(f"{layout.TRIAL_PREFIX}*/{layout.TRIAL_STATE}"):
                state.unlink()  # it holds the best weights for the other objective
        for trial_id, rescored in self._rescored.items():
            rescored.save(oracle, self.path / f"{layout.TRIAL_PREFIX}{trial_id}")
        self._rescored = {}
        new = {"seed": self.seed, "data": self._data, "warm_start": list(oracle.warm_start.runs) or None}
        # The question is what was asked first, not what searches have learned of the space since.
        asked = before | {"objective": now} if before else self._asked | new
        objective: ObjectiveInfo = {"name": oracle.objective.name, "direction": oracle.objective.direction}
        self._id = run_record.write_question(self.path, asked, objective)
        directory.claim(self._id, self)
        directory.searched(self._id, self._data)
        self._has_searched = True

    def check(self) -> None:
        """Raises InputError if the run is no longer the one that was searched or read."""
        if self._id is not None and run_record.is_another(self.path, self._id):
            raise InputError(
                f"run {str(self.path)!r} has been overwritten or deleted since this tuner used it: make a new Tuner, "
                "and give each a project_name of its own"
            )

    def say_rescored(self, say: Callable[[str], Any]) -> None:
        """Says, once, that trials are now scored by another objective."""
        if self._rescored and not self._has_said:
            self._has_said = True
            say(
                f"run {str(self.path)!r} was searched for {self._was or 'another objective'}: "
                f"{count(len(self._rescored), 'trial')} scored anew, for {self._asked['objective']}"
            )

    def has_weights(self, trial: Trial) -> bool:
        """Whether the weights of the best epoch of `trial` were kept."""
        rescored = self._rescored.get(trial.trial_id)
        kept = layout.weights(self.path / f"{layout.TRIAL_PREFIX}{trial.trial_id}")
        return kept.exists() and not kept.is_symlink() and (rescored is None or rescored.keeps_weights)
