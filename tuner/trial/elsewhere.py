"""A trial in another process than the search: what it prints, logs and changes there is told to the search."""

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras

from keras_search.results import layout
from keras_search.tuner.transport import logs
from keras_search.tuner.transport.logs import Logging
from keras_search.tuner.trial import left_behind, output
from keras_search.tuner.trial.run import run_trial
from keras_search.tuner.trial.task import TrialResult, TrialTask

_HERE = uuid.uuid4().hex


@dataclass(frozen=True)
class Caller:
    """The process that searches, as a trial in another process must know it.

    Attributes:
        process: Its name, which no other process has, on whatever machine.
        logging: How it logs.
        asks_for_changes: Whether it wants to know what the trial changes of the user's objects.
    """

    process: str
    logging: Logging
    asks_for_changes: bool


def caller(asks_for_changes: bool) -> Caller:
    """This process, for a trial."""
    return Caller(_process(), logs.current(), asks_for_changes)


def run(task: TrialTask, caller: Caller) -> TrialResult:
    """Runs the trial of `task` as `run_trial` does; what it prints and logs goes to files of its directory.

    In the caller's own process it prints and logs as ever.
    """
    if caller.process == _process():
        return run_trial(task)
    task = replace(task, is_elsewhere=True)
    before = left_behind.state(_roots(task)) if caller.asks_for_changes else None
    with (
        output.into(task.directory / layout.TRIAL_OUTPUT) as printed,
        logs.sent(caller.logging, task.directory / layout.TRIAL_LOG),
    ):
        result = run_trial(task)
    if not result.paused:
        shutil.rmtree(task.directory / layout.TRIAL_CALLBACKS, ignore_errors=True)
    changed = [] if before is None else left_behind.changed(before, left_behind.state(_roots(task)))
    return replace(result, printed=printed, changed=changed)


def _process() -> str:
    return f"{_HERE}-{os.getpid()}"


def _roots(task: TrialTask) -> Iterator[Any]:
    """What of the task is the user's: data are not looked at."""
    yield from (task.hypermodel, task.tuner)
    yield from keras.tree.flatten(task.fit_kwargs.get("callbacks") or [])
