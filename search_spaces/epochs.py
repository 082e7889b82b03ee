"""The hyperparameter `epochs`: a number of epochs, in whichever type a space has it."""

from typing import Any

from keras_search.search_spaces.space import Value


def whole(value: Value | None) -> int | None:
    """How many epochs `value` stands for, as do 5, 5.0 and "5"; None where it is no whole number above 0."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
        return int(number) if number >= 1 and number == int(number) else None
    except (ValueError, OverflowError):  # another text; infinity or not a number
        return None


def like(value: Value, epochs: int) -> Value:
    """`epochs` in the type that the model of a space with the value `value` reckons with."""
    return type(value)(epochs)


def misfit(hp: Any) -> Value | None:
    """A value of `hp`, as Keras Tuner or this toolkit describes it, that is no number of epochs; None without any."""
    if getattr(hp, "min_value", None) is None:
        some = list(hp.values)
    elif isinstance(hp.min_value, int):
        some = [hp.min_value]
    else:
        low, step = hp.min_value, hp.step
        # Of a range of any numbers one in between, of steps the first two.
        some = [
            low,
            (low + hp.max_value) / 2 if step is None else low + step if hp.sampling == "linear" else low * step,
        ]
    return next((value for value in some if whole(value) is None), None)
