"""Hooks of `wrapped_fit.py` for all calls of `model.fit` in a trial, accelerated or not."""

import warnings
from typing import Any

import keras

from keras_search.tuner.data import array_files, user_data
from keras_search.tuner.fast.wrapped_fit import FitCall


def prepared(call: FitCall) -> Any:
    """A hook: makes the call silent by default, and converts the user's data to arrays.

    Raises:
        InputError: Data cannot be converted, or labels are texts.
    """
    if call.arguments.get("verbose") is None:
        call.arguments["verbose"] = 0
    if call.is_keras:
        call.arguments |= user_data.in_arguments(call.arguments)
        user_data.require_numbers(call.model, call.arguments)
    return call.proceed()


def unwarned(call: FitCall) -> Any:
    """A hook: hides Keras's warnings about arguments that the user has not given."""
    given = call.given
    with warnings.catch_warnings():
        if "shuffle" not in given:
            warnings.filterwarnings("ignore", message="`shuffle=True` was passed")
        if "steps_per_epoch" not in given:
            warnings.filterwarnings("ignore", message="Your input ran out of data")
        return call.proceed()


def whole(call: FitCall) -> Any:
    """A hook: gives Keras's own `fit` one array of images that are converted where they are read."""
    call.arguments = {
        name: keras.tree.map_structure(array_files.whole, value) for name, value in call.arguments.items()
    }
    return call.proceed()
