"""The learning curves of a run's trials, for a pruner: those of ended trials are read once by each process."""

import bisect
import functools
from pathlib import Path

import keras_tuner

from keras_search.results import files, layout
from keras_search.results.reading import trial_rows
from keras_search.tuner import objectives
from keras_search.tuner.record import run_record
from keras_search.tuner.trial import pruners
from keras_search.tuner.trial.pruners import Curve, Others


def read(trial: Path, objective: keras_tuner.Objective, execution: int = 0) -> Curve:
    """The objective after each epoch of the trial in the directory `trial`, negated if it is minimised."""
    sign = 1.0 if objective.direction == "max" else -1.0
    rows = (row for row in trial_rows.read_epochs(trial) if row["execution"] == execution)
    return {epoch: sign * value for epoch, value in objectives.curve(objective, rows).items()}


def beside(trial: Path, objective: keras_tuner.Objective) -> Others:
    """How the trials beside the one in the directory `trial` did so far, in their first executions."""
    run = trial.parent
    # The directory may have been emptied, for another search.
    known = _index(run, run_record.read_question(run).get("id"), objectives.text(objective))
    return known.others(trial, objective)


class _Index:
    """The curves of a run's ended trials, and which trials have not ended.

    Args:
        run: The run directory.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._clear()

    def _clear(self) -> None:
        self._ended: set[Path] = set()
        self._running: set[Path] = set()
        # By epoch, in ascending order.
        self._bests: dict[int, list[float]] = {}

    def others(self, own: Path, objective: keras_tuner.Objective) -> Others:
        """How all trials but the running one in the directory `own` did so far."""
        if own in self._ended:  # it runs again
            self._clear()
        self._note_new(own)
        running = []
        for trial in self._running - {own}:
            # Whether it has ended is asked first: else its last epochs could come in between.
            has_ended = _has_ended(trial)
            curve = read(trial, objective)
            if has_ended:
                self._add(trial, curve)
            else:
                running.append(curve)
        self._running -= self._ended
        return lambda epoch: [*self._bests.get(epoch, ()), *pruners.bests(running, epoch)]

    def _add(self, trial: Path, curve: Curve) -> None:
        self._ended.add(trial)
        for epoch in curve:
            for best in pruners.bests([curve], epoch):
                bisect.insort(self._bests.setdefault(epoch, []), best)

    def _note_new(self, own: Path) -> None:
        """Notes the trials that have begun since."""
        width = len(own.name) - len(layout.TRIAL_PREFIX)
        while self._ended or self._running:
            # Trials are numbered in the order in which they begin: the folder, which may be large, is read once.
            number = len(self._ended) + len(self._running)
            trial = self._run / f"{layout.TRIAL_PREFIX}{number:0{width}d}"
            if trial in self._ended or trial in self._running or not (trial / layout.TRIAL).exists():
                break
            self._running.add(trial)
        if own not in self._running:
            self._running.update(set(trial_rows.trial_directories(self._run)) - self._ended)


@functools.lru_cache(maxsize=1)
def _index(run: Path, run_id: str | None, objective: str) -> _Index:
    return _Index(run)


def _has_ended(trial: Path) -> bool:
    state = files.read_json(trial / layout.TRIAL)
    return isinstance(state, dict) and state.get("status") in ("COMPLETED", "FAILED")
