"""Time spans as people write them."""

import re

from keras_search.results.errors import Parameter
from keras_search.tuner.errors import InputError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse(parameter: str, text: str) -> float:
    """The seconds that `text` stands for: `90s`, `30m`, `1h30m`, `2d`.

    Raises:
        InputError: It is no time span, or a span of 0; the message names `parameter`.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or seconds <= 0:
        raise InputError(Parameter(parameter), f" is {text!r}: write a time such as 90s, 30m or 1h30m")
    return seconds
