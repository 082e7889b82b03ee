"""Trials in this process, one after another."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from keras_search.results import streams
from keras_search.tuner.executors.base import Executor


class InProcessExecutor(Executor):
    """Runs each call immediately, in this process, where a debugger can follow it."""

    slots = 1
    shares_memory = True
    is_local = True

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        from keras_search.tuner.transport import settings

        future: Future = Future()
        try:
            # As in a worker, no trial changes the settings of the next, and printing cannot fail.
            with settings.kept(), streams.unfailing():
                future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
