"""What a search optimises, from what the user wrote."""

from tuner.errors import InputError

# The end of a metric's name, as Keras reports it, and whether more of it is better.
_DIRECTIONS = {
    "accuracy": "max",
    "acc": "max",
    "auc": "max",
    "precision": "max",
    "recall": "max",
    "f1_score": "max",
    "loss": "min",
    "crossentropy": "min",
    "error": "min",
    "mse": "min",
    "mae": "min",
}


def parse(text: str) -> tuple[str, str]:
    """Name and direction (`min` or `max`) of the objective `text`: `NAME`, or `NAME:min`, `NAME:max`.

    Raises:
        InputError: The direction is neither, or it is not given and the name does not tell it.
    """
    name, colon, direction = text.partition(":")
    if not name or (colon and direction not in ("min", "max")):
        raise InputError(f"--objective is {text!r}: write a metric such as val_accuracy, or NAME:min or NAME:max")
    if colon:
        return name, direction
    for ending, known in _DIRECTIONS.items():
        if name == ending or name.endswith(f"_{ending}"):
            return name, known
    raise InputError(f"--objective is {text!r}: whether more of it is better is not known: add :min or :max")
