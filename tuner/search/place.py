"""Where the trials of a search run: where they were asked to, or in this process if what they need cannot go there."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras

from keras_search.results.errors import Parameter
from keras_search.results.text import error_line
from keras_search.search_spaces import custom
from keras_search.tuner.errors import InputError
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.base import Executor, WorkerDied
from keras_search.tuner.executors.in_process import InProcessExecutor
from keras_search.tuner.search.given import FitArguments
from keras_search.tuner.search.trials import Trials
from keras_search.tuner.transport import calls, obstacles
from keras_search.tuner.trial import own_tuner


def stays(executor: Executor | None, workers: int | str, trials: Trials, fit: FitArguments) -> str | None:
    """Why the trials of a search stay in this process, one line; None if they run where they were asked to.

    Args:
        executor: The executor that was asked for; None for `workers`.
        fit: The arguments for the hypermodel's `fit`.

    Raises:
        InputError: What they need cannot go to worker processes, and these were asked for, or a time limit that needs
            them.
    """
    if executor.shares_memory if executor is not None else choice.is_here(workers):
        return None
    obstacle = obstacles.find(_parts(trials, fit))
    if obstacle is not None:
        is_free = executor.is_auto if executor is not None else choice.is_auto(workers)
        _require_free(obstacle, is_free, trials.timeout)
    return obstacle


@contextlib.contextmanager
def executing(
    executor: Executor | None,
    workers: int | str,
    trials_per_gpu: int,
    threads: int,
    stays: str | None,
    say: Callable[[str], Any],
) -> Iterator[Executor]:
    """The executor for the trials; the user's own is left open.

    Args:
        stays: Why the trials stay in this process; None if they do not.
        say: Called with that.
    """
    if stays is not None:
        if executor is not None:
            executor.shutdown(wait=False)  # of our own choice, or the search would have been refused
        say(_in_this_process(stays))
        executor, workers, threads = None, 0, 1
    if executor is not None:
        yield executor
        return
    with choice.make(workers, trials_per_gpu, threads=threads) as made:
        yield made


def arrived(executor: Executor, trials: Trials, fit: FitArguments, say: Callable[[str], Any]) -> Executor:
    """`executor` if what the trials need can be unpacked there; else one in this process.

    A cluster, which may have no process yet, is not asked.

    Raises:
        InputError: It cannot be, and these processes were asked for, or a time limit that needs them.
    """
    if executor.shares_memory or not executor.is_local or trials.are_done():
        return executor
    parts = _models(trials) | _named(trials, fit)
    if _spoiled(executor, parts) is None:
        return executor
    name, why = next(((name, why) for name, part in parts.items() if (why := _spoiled(executor, part))), ("", ""))
    obstacle = f"{name} does not arrive whole in worker processes ({why})"
    _require_free(obstacle, executor.is_auto, trials.timeout)
    executor.shutdown(wait=False)
    say(_in_this_process(obstacle))
    return InProcessExecutor()


def _spoiled(executor: Executor, value: Any) -> str | None:
    """Why `value` cannot be unpacked in a process of `executor`, one line; None if it can."""
    try:
        executor.submit(_received, value).result()
    except calls.Spoiled as error:
        return error.args[0]
    except calls.LacksCode as error:
        return error_line(error)
    except WorkerDied:  # which says nothing of `value`
        return None
    return None


def _received(value: Any) -> None:
    """Does nothing with `value`, which has arrived."""


def _require_free(obstacle: str, is_free: bool, timeout: float | None) -> None:
    here = ("search with ", Parameter("workers"), "=0, in this process")
    if not is_free:
        raise InputError(obstacle, ": ", *here)
    if timeout is not None:
        limit = Parameter("trial_timeout")
        raise InputError(obstacle, ", and ", limit, " ends the process of a trial: search without ", limit)


def _in_this_process(obstacle: str) -> str:
    return f"{obstacle}: trials run in this process, one after another"


def _parts(trials: Trials, fit: FitArguments) -> dict[str, Any]:
    """What goes to worker processes with every trial, by its names in messages."""
    given = _named(trials, fit).items()
    without = {name: keras.tree.map_structure(obstacles.without_arrays, value) for name, value in given}
    return _models(trials) | without


def _models(trials: Trials) -> dict[str, Any]:
    return {obstacles.HYPERMODEL: trials.hypermodel, "the tuner": trials.tuner_in_training}


def _named(trials: Trials, fit: FitArguments) -> dict[str, Any]:
    """The arguments of `search` by their names in messages."""
    args, kwargs = fit
    # What takes them, and how many arguments of its own come before them.
    taking, others = keras.Model.fit, 1
    if run_trial := own_tuner.method(trials.tuner, "run_trial"):
        taking = run_trial
    elif custom.fits_itself(trials.hypermodel):
        taking, others = trials.hypermodel.fit, 2
    parameters = list(inspect.signature(taking).parameters.values())
    names = [parameter.name for parameter in parameters[others:] if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    numbered = [f"argument {number} of `search`" for number in range(len(names) + 1, len(args) + 1)]
    positions = [*(f"the argument `{name}`" for name in names), *numbered]
    return dict(zip(positions, args)) | {f"the argument `{name}`": value for name, value in kwargs.items()}
