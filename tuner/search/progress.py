"""Shows the progress of a search: live lines on a terminal and in a notebook, plain lines elsewhere."""

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from keras_search.results import layout
from keras_search.results.errors import sentence
from keras_search.results.numbers import number
from keras_search.results.reading import trial_rows
from keras_search.results.telling import sentences
from keras_search.results.text import count, duration, one_line
from keras_search.tuner import objectives
from keras_search.tuner.search import live
from keras_search.tuner.search.wording import early, name, point

if TYPE_CHECKING:
    from keras_search.tuner.executors.base import Executor
    from keras_search.tuner.keras_private import Trial
    from keras_search.tuner.oracles.recorded import Recorded
    from keras_search.tuner.trial.task import TrialTask

_SEPARATOR = " | "
_LEAST_OF_A_POINT = len("(baseline)")
_LEAST_LEFT_S = 1.0  # a running trial may be about to end, and nobody knows how soon


class Progress:
    """Shows every step of a search: trial n of N, the epochs, the best so far, pace and time left.

    Args:
        silent: Print nothing at all.

    Attributes:
        ends_at: When the time of the search is used up, in seconds since the epoch.
    """

    def __init__(self, silent: bool = False) -> None:
        self.is_silent = silent
        self._console = live.make_console(silent)
        # Where nothing else is shown, no live line is in the way of it.
        self._loud = live.make_console() if silent else self._console
        self._baseline: Mapping[str, object] = {}
        self._waiting: dict[str, TrialTask] = {}
        self._running: dict[str, TrialTask] = {}
        self._epochs_done = 0
        self._seconds_done = 0.0
        self._best = ""
        self._best_trial: Trial | None = None
        self._is_stopped = False
        self.ends_at = math.inf

    def begins(self, oracle: "Recorded", executor: "Executor", run: Path) -> None:
        """Says what begins, before data are written, workers start and the first trial trains."""
        self._oracle = oracle
        if self._is_complete():
            return
        what = "search" if oracle.max_trials is None else f"search of {count(oracle.max_trials, 'trial')}"
        place = "in this process" if executor.shares_memory else f"on {count(executor.slots, 'worker')}"
        self._console.print(one_line(f"{what} {place}, kept in {run}"))

    @contextlib.contextmanager
    def search(
        self, oracle: "Recorded", slots: int = 1, baseline: Mapping[str, object] | None = None
    ) -> Iterator[None]:
        """Shows the search of `oracle`, `slots` trials at once, while the block runs.

        Args:
            baseline: Where there is little room, only the values that differ from these are shown.
        """
        self._oracle = oracle
        self.slots = slots
        self._baseline = baseline or {}
        self._began = time.monotonic()
        self._epochs_known: list[int] = []
        self._paused = 0
        self._best_trial = next(iter(oracle.get_best_trials(1)), None)
        if oracle.max_trials is not None and self._is_complete():
            self._console.print(sentences.all_done(oracle.max_trials))
        elif oracle.trials:
            is_one = oracle.max_trials is None and len(oracle.end_order) == 1
            self._console.print(f"going on: {self._ended(' of ')} {'trial is' if is_one else 'trials are'} done")
        with live.shown(self._console, self._live):
            yield
        if self._paused:
            said = "trial is paused, and goes" if self._paused == 1 else "trials are paused, and go"
            self._console.print(f"{self._paused} {said} on when the same search is run again")
        if not self._is_complete() and not self._is_stopped:
            ended = count(len(oracle.end_order), "trial")
            # Hyperband and a grid are complete when they have no further point, unless more trials were asked for.
            if oracle.max_trials is None:
                self._console.print(f"the search is complete: {ended}")
            else:
                self._console.print(f"the oracle has no further point: the search ends with {ended}")

    def stopping(self, why: str) -> None:
        self._is_stopped = True
        self._console.print(f"no further trial begins: {why}")

    def cut_off(self) -> None:
        """Says that the trials that still run end now."""
        self._is_stopped = True
        if self._running:
            kept = sum(task.is_interrupted for task in self._running.values())
            anew = "" if kept == len(self._running) else "; what keeps no state of its training begins anew"
            self._console.print(
                f"{count(len(self._running), 'trial')} cut off, as the time is used up: {kept} to go on after the last "
                f"finished epoch when the same search is run again{anew}"
            )

    def stopped(self) -> None:
        """Says that a signal has ended the search."""
        self._is_stopped = True
        interrupted = sum(task.is_interrupted for task in self._running.values())
        kept = f"; {interrupted} more will go on after their last finished epoch" if interrupted else ""
        self._console.print(f"stopped: {self._ended(' of ')} trials are done{kept}")

    def note(self, sentence: str) -> None:
        self._console.print(sentence)

    def warn(self, *parts: str) -> None:
        """Says something that a silent search says too."""
        self._loud.print(sentence(*parts))

    def printed(self, task: "TrialTask", line: str) -> None:
        """Shows a line that a trial has printed; it is the user's own, and not silenced."""
        self._loud.print(one_line(f"{name(task)}: {line}"))

    def trial_dies(self, task: "TrialTask", cause: str) -> None:
        """Says that the trial's worker has died, and that it will begin again."""
        self._running = _without(self._running, task.trial_id)
        self._waiting = self._waiting | {task.trial_id: task}
        self._console.print(f"the worker process of {name(task)} ended with {cause}: the trial is begun again")

    def trial_fails(self, task: "TrialTask", attempts: int, retries: int) -> None:
        """Says that a trial has failed and will be tried again, after so many `attempts`."""
        self._running = _without(self._running, task.trial_id)
        error = trial_rows.read_trial(task.directory)["error"]
        self._console.print(one_line(f"{name(task)} failed: {error}; tried again, {attempts} of {retries}"))

    def trial_waits(self, task: "TrialTask") -> None:
        self._waiting = self._waiting | {task.trial_id: task}
        self._epochs_known.append(task.epochs)

    def trial_begins(self, task: "TrialTask") -> None:
        # The live display reads these dicts in another thread, so they are replaced, not changed.
        self._waiting = _without(self._waiting, task.trial_id)
        self._running = self._running | {task.trial_id: task}
        if task.is_interrupted:
            epochs = len(trial_rows.read_epochs(task.directory))
            self._console.print(f"{name(task)} goes on after {epochs} {'epoch' if epochs == 1 else 'epochs'}")

    def trial_ends(self, trial: "Trial", directory: Path) -> None:
        planned = self._running[trial.trial_id].epochs if trial.trial_id in self._running else None
        self._running = _without(self._running, trial.trial_id)
        row = trial_rows.read_trial(directory) | {"planned": planned}
        self._epochs_done += len(trial_rows.read_epochs(directory))
        self._seconds_done += row.get("duration_s") or 0.0
        self._paused += bool(row.get("paused")) and not self._oracle.awaits(trial.trial_id)
        if self._is_best(trial):
            self._best_trial = trial
        if self._best_trial is not None and self._best_trial.score is not None:
            self._best = f"best {number(self._best_trial.score)} ({name(self._best_trial)})"
        width = live.width(self._console)
        self._console.print(self._line(trial, row) if width is None else self._short_line(trial, row, width))

    def _is_best(self, trial: "Trial") -> bool:
        """Whether `trial` is better than all that ended before."""
        if trial.score is None or self._best_trial is None or self._best_trial.score is None:
            return trial.score is not None
        return bool(self._oracle.objective.better_than(trial.score, self._best_trial.score))

    def _line(self, trial: "Trial", row: Mapping[str, Any]) -> str:
        """The line of a trial that has ended, with all that is known of it, for a file or a pipe."""
        if trial.score is None:
            outcome = f"FAILED: {row['error']}"
        else:
            outcome = f"{self._oracle.objective.name} {number(trial.score)}"
            if row.get("best_epoch") is not None:
                outcome += f" at epoch {row['best_epoch']} of {row['epochs_run']}"
            outcome += early(row)
        parts = [
            self._head(trial),
            outcome,
            point(trial.hyperparameters.values) + (" (baseline)" if row.get("is_baseline") else ""),
            duration(row.get("duration_s") or 0.0),
            self._best,
            self._left(),
        ]
        return one_line(_SEPARATOR.join(filter(None, parts)))

    def _short_line(self, trial: "Trial", row: Mapping[str, Any], width: int) -> str:
        """The same in `width` characters: the whole score first, then what differs from the baseline."""
        if trial.score is None:  # the error is whole too
            return one_line(f"{self._head(trial)}{_SEPARATOR}FAILED: {row['error']}")
        scored = self._scored(self._head(trial), trial.score, width) + early(row)
        differing = self._point(trial.hyperparameters.values, bool(row.get("is_baseline")))
        took = duration(row.get("duration_s") or 0.0)
        if _fits(_SEPARATOR.join([scored, took, ""]), width - _LEAST_OF_A_POINT):
            scored += f"{_SEPARATOR}{took}"
        return live.cut(f"{scored}{_SEPARATOR}{differing}", width)

    def _head(self, trial: "Trial") -> str:
        return f"[{self._ended('/')}] {name(trial)}"

    def _scored(self, head: str, score: float, width: int | None) -> str:
        """`head` and the score; without the objective's name if there is no room for it."""
        named = f"{head}{_SEPARATOR}{self._oracle.objective.name} {number(score)}"
        if width is None or _fits(f"{named}{_SEPARATOR}", width - _LEAST_OF_A_POINT):
            return named
        return f"{head}{_SEPARATOR}{number(score)}"

    def _point(self, values: Mapping[str, object], is_baseline: bool) -> str:
        """The values of a point that differ from the baseline."""
        if is_baseline:
            return "(baseline)"
        others = {name: value for name, value in values.items() if self._baseline.get(name) != value}
        return point(others) or "as the baseline"

    def _ended(self, separator: str) -> str:
        """How many trials have ended, and of how many if the oracle has a limit."""
        limit = self._oracle.max_trials
        done = str(len(self._oracle.end_order))
        return done if limit is None else f"{done}{separator}{limit}"

    def _is_complete(self) -> bool:
        limit = self._oracle.max_trials
        return limit is not None and len(self._oracle.end_order) >= limit and not self._oracle.has_chosen()

    def _live(self) -> list[str]:
        lines = []
        objective = self._oracle.objective
        width = live.width(self._console)
        for task in self._running.values():
            curve = trial_rows.read_epochs(task.directory)
            line = name(task)
            if value := list(objectives.curve(objective, curve).values())[-1:]:
                line = self._scored(line, value[0], width)
            epoch = min(len(curve) + 1, task.epochs)
            parts = [line, f"epoch {epoch} of {task.epochs}", self._point(task.values, task.is_baseline)]
            lines.append(_SEPARATOR.join(parts))
        ended = f"{self._ended(' of ')} trials done, {len(lines)} running"
        lines.append(_SEPARATOR.join(filter(None, [self._best, ended, self._left(), self._pace()])))
        return [live.cut(line, width) for line in lines]

    def _trained(self) -> tuple[int, float]:
        """The epochs that all trials have trained so far, and the seconds of training that they took."""
        curves = [trial_rows.read_epochs(task.directory) for task in self._running.values()]
        epochs = self._epochs_done + sum(map(len, curves))
        return epochs, self._seconds_done + sum(
            epoch.get(layout.EPOCH_SECONDS) or 0.0 for curve in curves for epoch in curve
        )

    def _pace(self) -> str:
        """The epochs a minute of all workers together."""
        epochs, _ = self._trained()
        return f"{60 * epochs / (time.monotonic() - self._began):.1f} epochs a minute" if epochs else ""

    def _left(self) -> str:
        """How long the rest will take, if running trials keep their pace and those to come take the usual time."""
        done, seconds = self._trained()
        if not done or self._is_complete() or self._is_stopped:
            return ""
        if self._oracle.max_trials is None:
            left = self.ends_at - time.time()
            return f"{duration(left)} left" if _LEAST_LEFT_S <= left < math.inf else ""
        usual = seconds / done
        running, waiting = ([_rest(task, usual) for task in tasks.values()] for tasks in (self._running, self._waiting))
        to_come = self._oracle.max_trials - len(self._oracle.end_order) - len(running) - len(waiting)
        # The baseline comes first, and its epochs say little of those that an oracle asks for.
        known = self._epochs_known[1:] or self._epochs_known
        everything = sum(running) + sum(waiting) + usual * to_come * sum(known) / len(known)
        # At the end, other workers idle while the longest trial runs.
        seconds = min(max([*running, everything / self.slots]), self.ends_at - time.time())
        return f"about {duration(seconds)} left" if seconds >= _LEAST_LEFT_S else ""


def _rest(task: "TrialTask", usual: float) -> float:
    """The seconds that `task` will still take, by the mean of its own epochs so far, or else by `usual`."""
    curve = trial_rows.read_epochs(task.directory)
    own = [epoch[layout.EPOCH_SECONDS] for epoch in curve if epoch.get(layout.EPOCH_SECONDS)]
    return max(task.epochs - len(curve), 0) * (sum(own) / len(own) if own else usual)


def _fits(line: str, width: int) -> bool:
    return cell_len(one_line(line)) <= width


def _without(tasks: "dict[str, TrialTask]", trial_id: str) -> "dict[str, TrialTask]":
    return {other: task for other, task in tasks.items() if other != trial_id}
