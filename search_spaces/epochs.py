"""The hyperparameter `epochs`, whatever type its values have."""

from typing import Any

from keras_search.search_spaces.space import Value


def whole(value: Value | None) -> int | None:
    """`value` as a number of epochs: 5 for 5, 5.0 and "5"; None if it is not a whole number above 0."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
        return int(number) if number >= 1 and number == int(number) else None
    except (ValueError, OverflowError):  # another text; NaN or infinity
        return None


def like(value: Value, epochs: int) -> Value:
    """`epochs` in the type of `value`, with which the user's code may compute."""
    return type(value)(epochs)


def misfit(hp: Any) -> Value | None:
    """A value of `hp` that is not a number of epochs; None if all are.

    Args:
        hp: A hyperparameter of Keras Tuner or of this toolkit.
    """
    if getattr(hp, "min_value", None) is None:
        some = list(hp.values)
    elif isinstance(hp.min_value, int):
        some = [hp.min_value]
    else:
        low, step = hp.min_value, hp.step
        # Samples of the range: its lower bound, and the second step or, without steps, the middle.
        some = [
            low,
            (low + hp.max_value) / 2 if step is None else low + step if hp.sampling == "linear" else low * step,
        ]
    return next((value for value in some if whole(value) is None), None)
