"""How numbers are written, on a terminal, a page or a picture; and which cells of a table are empty."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 6
_MOST_DIGITS = 17  # enough to tell any two floats apart


def number(value: Any) -> str:
    """A score or a metric to four digits; empty if it is missing."""
    if is_missing(value):
        return ""
    return format(value + 0.0, ".4f" if value == 0 or 1e-3 <= abs(value) < 1e6 else ".4g")


def setting(value: Any) -> str:
    """The value of a hyperparameter: floats to six digits, all else as it is."""
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)


def settings(values: Sequence[Any]) -> list[str]:
    """The values of a hyperparameter, with as many digits as it takes to tell them apart."""
    for digits in range(_DIGITS, _MOST_DIGITS + 1):
        texts = [f"{value:.{digits}g}" if isinstance(value, float) else str(value) for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def has_values(table: "pd.DataFrame", name: str) -> bool:
    """Whether the column `name` of `table` has a value in any row."""
    return bool(table[name].notna().any())


def is_missing(value: Any) -> bool:
    """Whether a cell of a table is empty."""
    if value is None or isinstance(value, int | float | str):
        return value is None or value != value
    import pandas as pd

    return bool(pd.isna(value))
