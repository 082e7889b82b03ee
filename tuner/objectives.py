"""What a search optimises, from what the user wrote."""

from results import directions
from results.errors import Parameter
from tuner.errors import InputError


def parse(text: str) -> tuple[str, str]:
    """Name and direction (`min` or `max`) of the objective `text`: `NAME`, or `NAME:min`, `NAME:max`.

    Raises:
        InputError: The direction is neither, or it is not given and the name does not tell it.
    """
    name, colon, direction = text.partition(":")
    if not name or (colon and direction not in ("min", "max")):
        raise InputError(
            Parameter("objective"), f" is {text!r}: write a metric such as val_accuracy, or NAME:min or NAME:max"
        )
    if colon:
        return name, direction
    if known := directions.of(name):
        return name, known
    raise InputError(
        Parameter("objective"), f" is {text!r}: whether more of it is better is not known: add :min or :max"
    )
