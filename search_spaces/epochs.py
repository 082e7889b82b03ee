"""The hyperparameter `epochs`: a number of epochs, in whichever type a space has it."""

from search_spaces.space import Value


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
