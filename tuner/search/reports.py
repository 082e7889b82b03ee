"""What trials in other processes print, log and change there, said and logged where the search is."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from keras_search.results import layout
from keras_search.results.errors import Parameter
from keras_search.results.text import count, listed
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.search.progress import Progress
from keras_search.tuner.transport import logs
from keras_search.tuner.trial import elsewhere
from keras_search.tuner.trial.output import Printed
from keras_search.tuner.trial.run import run_trial
from keras_search.tuner.trial.task import TrialResult, TrialTask

_MOST_NAMES = 5


class Reports:
    """Hears of the trials of a search.

    Args:
        run: The run directory.
        executor: Where they run.
        progress: Shows what they print, and says what they leave behind.
    """

    def __init__(self, run: Path, executor: Executor, progress: Progress) -> None:
        self._run = run
        self._is_elsewhere = not executor.shares_memory
        self._progress = progress
        self._is_output_told = False
        self._asks_for_changes = True
        self._are_changes_told = False
        # How much of each trial's log has been passed on; what an earlier search has logged is left.
        self._passed_on: dict[str, int] = {}

    def call(self, task: TrialTask) -> tuple[Any, ...]:
        """The function that runs `task`, and its arguments."""
        if not self._is_elsewhere:
            return run_trial, task
        log = task.directory / layout.TRIAL_LOG
        self._passed_on.setdefault(task.trial_id, log.stat().st_size if log.exists() else 0)
        return elsewhere.run, task, elsewhere.caller(self._asks_for_changes)

    def listen(self, tasks: Iterable[TrialTask]) -> None:
        """Gives the script's handlers what `tasks` have logged since."""
        for task in tasks if self._is_elsewhere else ():
            log = task.directory / layout.TRIAL_LOG
            self._passed_on[task.trial_id] = logs.replay(log, self._passed_on[task.trial_id])

    def ended(self, task: TrialTask, result: TrialResult) -> None:
        """Shows what the trial of `task` has printed, or says where that is; and says what it has changed."""
        self.listen([task])
        if not self._is_elsewhere:
            return
        self._asks_for_changes &= result.error is not None
        # If its process died, nobody has counted the lines.
        printed = result.printed or Printed(is_more=(task.directory / layout.TRIAL_OUTPUT).exists())
        for line in filter(str.strip, printed.lines):
            self._progress.printed(task, line)
        if printed.is_more and not self._is_output_told:
            self._is_output_told = True
            self._progress.warn(f"what the trials print is in {self._run}/{layout.TRIAL_PREFIX}*/{layout.TRIAL_OUTPUT}")
        if result.changed and not self._are_changes_told:
            self._are_changes_told = True
            self._progress.warn(
                f"the trials changed {_listed(result.changed)} in their own processes only: search with ",
                Parameter("workers"),
                "=0 to have that here",
            )


def _listed(names: Sequence[str]) -> str:
    left_out = len(names) - _MOST_NAMES
    return listed([*names[:_MOST_NAMES], *([count(left_out, "other")] if left_out > 0 else [])])
