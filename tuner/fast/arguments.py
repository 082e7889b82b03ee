"""The arguments of any call of `model.fit` in a trial, sped up or not: hooks of `wrapped_fit.py`."""

import warnings
from typing import Any

from keras_search.tuner.data import user_data
from keras_search.tuner.fast.steps import Batches
from keras_search.tuner.fast.wrapped_fit import FitCall


def prepared(call: FitCall) -> Any:
    """A hook: the call is silent unless it is told otherwise, and what the user has for data is arrays.

    Raises:
        InputError: The data cannot be arrays, or labels are no numbers.
    """
    if call.arguments.get("verbose") is None:
        call.arguments["verbose"] = 0
    if call.is_keras:
        call.arguments |= user_data.in_arguments(call.arguments)
        user_data.require_numbers(call.model, call.arguments)
    return call.proceed()


def unwarned(call: FitCall) -> Any:
    """A hook: no warning of Keras's, of a dataset or a generator, blames the user for what is its own default."""
    if isinstance(call.x, Batches):
        return call.proceed()
    given = call.given
    with warnings.catch_warnings():
        if "shuffle" not in given:
            warnings.filterwarnings("ignore", message="`shuffle=True` was passed")
        if "steps_per_epoch" not in given:
            warnings.filterwarnings("ignore", message="Your input ran out of data")
        return call.proceed()
