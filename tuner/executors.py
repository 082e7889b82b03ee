"""Where trials run. Every executor is a `concurrent.futures.Executor`; the search loop knows nothing else of it."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class InProcessExecutor(Executor):
    """Runs each call at once, in this process: for a debugger, and where one process is enough."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
