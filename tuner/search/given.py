"""The arguments of `search` for the hypermodel's `fit`: checked, then put where the trials find them."""

import contextlib
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import keras

from keras_search.results.text import is_it
from keras_search.tuner.data import shared, user_data
from keras_search.tuner.errors import InputError
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.search.trials import Trials
from keras_search.tuner.trial import own_code, own_tuner

FitArguments = tuple[tuple[Any, ...], dict[str, Any]]


def checked(trials: Trials, fit_args: tuple[Any, ...], fit_kwargs: dict[str, Any]) -> FitArguments:
    """Checks the arguments; returns them with arrays for data, unless the user's own code trains with them.

    `verbose` is left out where the user's own code does not look for it.

    Raises:
        InputError: The data are not numbers, or the model's `fit` does not take an argument.
    """
    if own_tuner.method(trials.tuner, "run_trial") is None:
        fit_kwargs = own_code.with_verbose(trials.hypermodel, fit_kwargs)
    if trials.trains_itself:
        return fit_args, fit_kwargs
    if unknown := fit_kwargs.keys() - inspect.signature(keras.Model.fit).parameters.keys():
        _require_taken(trials.baseline_model(), unknown)
    fit_args, fit_kwargs = user_data.in_call(fit_args, fit_kwargs)
    named = dict(zip("xy", fit_args)) | fit_kwargs
    if user_data.labels(named):
        user_data.require_numbers(trials.baseline_model(), named)
    return fit_args, fit_kwargs


@contextlib.contextmanager
def placed(fit: FitArguments, executor: Executor, run: Path) -> Iterator[FitArguments]:
    """The arguments `fit` in the form that the trials in `executor` load, as long as the block runs."""
    if executor.shares_memory:
        yield shared.hold(fit)
        return
    # An executor on other machines carries the files in it back and forth.
    executor.directory = run.resolve()
    with shared.folder(run) as folder:
        store = shared.Store(folder, in_place=executor.is_local)
        with shared.keeping(store):
            yield store.all(fit)


def _require_taken(model: keras.Model, names: Iterable[str]) -> None:
    taken = inspect.signature(model.fit).parameters
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in taken.values()):
        return
    for name in sorted(set(names) - taken.keys()):
        raise InputError(f"`model.fit` takes no argument {name!r}{is_it(name, taken)}")
