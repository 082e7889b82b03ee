"""The versions of Keras that the accelerations were tried with. With any other version, none is used."""

from collections.abc import Callable

import keras

from keras_search.tuner import backend

# Minor versions that pass the tests in `tests/tuner/fast`. Before you add another, make sure that it passes them.
TRIED = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def tell(say: Callable[[str], None]) -> None:
    """Says that no acceleration is used, if that is so."""
    if (why := why_none()) is not None:
        say(f"trials take longer, for no acceleration is used: {why}")


def why_none() -> str | None:
    """Why no acceleration is used in this process; None if they can be used."""
    if backend.name() != "tensorflow":
        return f"Keras runs on {backend.title()}, not on TensorFlow"
    if ".".join(keras.__version__.split(".")[:2]) not in TRIED:
        return f"Keras is {keras.__version__}, and they were tried with {TRIED[0]} to {TRIED[-1]} only"
    return None
