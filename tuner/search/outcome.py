"""The outcome of a trial: its result, or how its worker process died."""

from concurrent.futures import Future

import keras_tuner

from keras_search.results import layout
from keras_search.results.text import duration
from keras_search.tuner.errors import SearchError
from keras_search.tuner.executors.base import WorkerDied, cause_of_death
from keras_search.tuner.trial import asked
from keras_search.tuner.trial.task import TrialResult, TrialTask


def may_be_retried(future: Future, task: TrialTask) -> bool:
    """Whether the worker died of something other than the time limit, and retries are left."""
    return isinstance(future.exception(), WorkerDied) and task.retries > 0 and not _hung(task)


def result(future: Future, task: TrialTask) -> TrialResult:
    """The result of a trial; if its worker died, the trial has failed, not the search."""
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, WorkerDied):
        raise error
    if task.timeout is not None and _hung(task):
        reason = f"TimeoutError: not done after {duration(task.timeout)}; {layout.TRIAL_HUNG} says where it was"
    else:
        cause = cause_of_death(error)
        reason = f"WorkerDied: its worker process ended with {cause}; out of memory, or a crash"
    return TrialResult({}, 0, reason, hyperparameters=asked.read(task.directory / layout.TRIAL_ASKED))


def fatal_error(name: str, message: str) -> SearchError:
    """The error that ends a search with `message`; it is also the one of `keras_tuner.errors`, which scripts catch."""
    kinds = SearchError, getattr(keras_tuner.errors, name)
    return type(SearchError.__name__, kinds, {"__module__": SearchError.__module__})(message)


def _hung(task: TrialTask) -> bool:
    # The file exists but is empty if the worker died of something else.
    log = task.directory / layout.TRIAL_HUNG
    return task.timeout is not None and log.exists() and log.stat().st_size > 0
