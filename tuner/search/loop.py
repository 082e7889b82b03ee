"""The search loop: ask the oracle, submit the trial, wait for the first to end, tell the oracle."""

import contextlib
import statistics
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from typing import Any

from keras_search.results.reading import trial_rows
from keras_search.results.text import count
from keras_search.tuner import keras_private
from keras_search.tuner.errors import SearchError
from keras_search.tuner.executors.base import Executor, cause_of_death
from keras_search.tuner.keras_private import TrialStatus
from keras_search.tuner.record.lock import check_there
from keras_search.tuner.record.recorder import Recorder
from keras_search.tuner.search import outcome
from keras_search.tuner.search.notes import Notes
from keras_search.tuner.search.plateau import Plateau
from keras_search.tuner.search.progress import Progress
from keras_search.tuner.search.reports import Reports
from keras_search.tuner.search.stop import Stop
from keras_search.tuner.search.trials import Trials
from keras_search.tuner.trial.task import TrialTask

# How many trials wait for each worker, if the oracle learns nothing from those that run: the longest begins first.
_WAITING_PER_SLOT = 4
_SLOTS_CHECK_S = 2
# How many trials of earlier searches of the run tell how long one takes.
_PACE_OF = 20


class Loop:
    """Runs trials until there are as many as were asked for, or the oracle has no further point.

    Args:
        trials: Gives the trials to run, and takes their results.
        executor: Where the trials run.
        fit: The arguments for the hypermodel's `fit`.
        progress: Shows every step.
        recorder: Records every trial that has ended.
        stop: Says whether there is time for another trial.
        until_no_better: As for `Limits`.
    """

    def __init__(
        self,
        trials: Trials,
        executor: Executor,
        fit: tuple[tuple[Any, ...], dict[str, Any]],
        progress: Progress,
        recorder: Recorder,
        stop: Stop,
        until_no_better: int | None = None,
    ) -> None:
        self._trials = trials
        self._oracle = trials.oracle
        self._executor = executor
        self._fit = fit
        self._progress = progress
        self._recorder = recorder
        self._stop = stop
        self._until_no_better = until_no_better
        self._plateau = Plateau(map(trials.oracle.get_trial, trials.oracle.end_order), trials.oracle.objective)
        self._notes = Notes(trials, progress.note)
        self._reports = Reports(trials.run, executor, progress)
        self._waiting: list[TrialTask] = []
        self._running: dict[Future, TrialTask] = {}
        ended = [trials.directory(trial_id) for trial_id in trials.oracle.end_order[-_PACE_OF:]]
        known = [trial_rows.read_trial(directory) for directory in ended]
        self._durations = [row["duration_s"] for row in known if row["status"] == "COMPLETED" and row.get("duration_s")]
        self._has_failed_here = False

    def run(self) -> None:
        """Runs all trials.

        Raises:
            SearchError: The first trials all failed the same way, or a trial showed that none can work.
            Interrupted: A signal has arrived.
        """
        try:
            self._run()
        finally:
            self._reports.listen(self._running.values())

    def _run(self) -> None:
        if self._executor.slots > 1 and self._is_baseline_alone():
            self._notes.first_alone()
        while True:
            # If the directory has vanished, Keras Tuner would make a new one, a run without its trials.
            check_there(self._trials.run)
            slots = self._slots()
            while len(self._running) < slots and self._may_go_on() and (task := self._ask(slots)):
                self._submit(task)
            if not self._running:
                return
            for future in self._wait():
                self._tell(future, self._running.pop(future))

    def _may_go_on(self) -> bool:
        """Whether another trial may begin; one that has begun before may go on while there is any time."""
        goes_on = self._waiting or keras_private.to_be_retried(self._oracle) or self._oracle.has_chosen()
        if not goes_on and self._trials.have_begun():
            return False  # nothing is to be said
        if not goes_on and not self._stop.is_over:
            if self._durations and not self._stop.has_time_for(statistics.median(self._durations)):
                self._stop.end("the time left is shorter than most trials take")
            elif self._until_no_better is not None and self._plateau.trials >= self._until_no_better:
                best = self._plateau.best
                assert best is not None  # it has begun the count
                were = "was" if self._plateau.trials == 1 else "were"
                self._stop.end(f"{count(self._plateau.trials, 'trial')} since trial {best.trial_id} {were} no better")
        return not self._stop.is_over

    def _ask(self, slots: int) -> TrialTask | None:
        """The trial to begin next; None if there is none now."""
        while len(self._waiting) <= self._most_waiting(slots) and (trial := self._trials.ask()):
            self._waiting.append(self._trials.task(trial, *self._fit))
            self._progress.trial_waits(self._waiting[-1])
        self._notes.of_oracle()
        if not self._waiting:
            return None
        # Long trials first: a long one that begins last leaves the other workers idle.
        task = max(self._waiting, key=lambda task: (task.is_baseline, task.is_interrupted, task.epochs))
        self._waiting.remove(task)
        return task

    def _submit(self, task: TrialTask) -> None:
        task = replace(self._trials.begin(task), deadline=self._stop.ends_at)
        self._progress.trial_begins(task)
        trains_here = self._executor.shares_memory
        meanwhile = self._recorder.tables_in_time() if trains_here else contextlib.nullcontext()
        with meanwhile, self._stop.interruptible():
            self._running[self._executor.submit(*self._reports.call(task))] = task

    def _wait(self) -> set[Future]:
        """Waits for trials to end and returns them; none if none ends for some time."""
        with self._stop.interruptible():
            # After that time, a cluster may have more slots.
            patience = min(_SLOTS_CHECK_S, self._recorder.due_s)
            ended = wait(self._running, timeout=patience, return_when=FIRST_COMPLETED).done
        check_there(self._trials.run)
        self._recorder.write_if_due()
        self._reports.listen(self._running.values())
        return ended

    def _tell(self, future: Future, task: TrialTask) -> None:
        error = future.exception()
        if error is not None and outcome.may_be_retried(future, task):
            self._progress.trial_dies(task, cause_of_death(error))
            self._waiting.append(replace(task, retries=task.retries - 1))
            return
        result = outcome.result(future, task)
        goes_on = task.trial_id in self._oracle.going_on
        self._reports.ended(task, result)
        known = self._trials.known()
        self._trials.tell(task, result)
        self._notes.trial_ends(task, result, self._trials.known() - known)
        self._recorder.trial_ended(task.directory)
        trial = self._oracle.get_trial(task.trial_id)
        if trial.status == TrialStatus.INVALID:
            self._recorder.flush()  # only the oracle's file tells how often a trial was tried
            self._progress.trial_fails(task, self._oracle.attempts(trial), self._oracle.max_retries_per_trial)
            return
        awaits = result.paused and self._oracle.awaits(task.trial_id)
        if not awaits:  # if it is better, it will be chosen
            self._plateau.add(trial)
        self._progress.trial_ends(trial, task.directory)
        if result.paused and not awaits:
            self._stop.end("the time budget is used up")
        elif result.error is None and not goes_on:
            self._durations.append(result.seconds)
        self._notes.weights_lost(task, result)
        self._has_failed_here |= result.error is not None
        if result.fatal is not None:
            reason = trial_rows.read_trial(task.directory)["error"]
            raise outcome.fatal_error(result.fatal, f"trial {task.trial_id} shows that no trial can work: {reason}")
        if result.error is not None and self._oracle.fails_again():
            reason = trial_rows.read_trial(task.directory)["error"]
            raise SearchError(
                f"the last {self._oracle.max_consecutive_failed_trials} trials have failed "
                f"(max_consecutive_failed_trials), the last with {reason}"
            )

    def _slots(self) -> int:
        """How many trials may run at once now: if all have failed the same way, no more than run already."""
        slots = self._progress.slots = self._executor.slots
        if self._is_baseline_alone():
            slots = min(1, slots)
        failure = self._trials.common_failure()
        if failure is None:
            return slots
        if self._has_failed_here and not self._running and not any(map(self._has_begun, self._waiting)):
            raise SearchError(f"every trial failed the same way: {failure}")
        self._notes.held(bool(self._running))
        return len(self._running) or min(1, slots)

    def _most_waiting(self, slots: int) -> int:
        """How many trials may wait for a worker: none if that could change the points or which trials run."""
        may_end = self._stop.has_deadline or self._until_no_better is not None
        if slots == 1 or may_end or not self._oracle.ignores_scores:
            return 0
        return slots * _WAITING_PER_SLOT

    def _is_baseline_alone(self) -> bool:
        """Whether no second trial may be drawn yet: the first one shows which hyperparameters its training asks for."""
        return not self._oracle.end_order and self._trials.asks_in_training

    def _has_begun(self, task: TrialTask) -> bool:
        """Whether a waiting trial was begun before: it was interrupted, or its worker died."""
        return task.is_interrupted or task.retries < self._trials.retries
