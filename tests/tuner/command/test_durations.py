"""Time spans as people write them."""

import pytest

from keras_search.tuner.command import durations
from keras_search.tuner.errors import InputError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172800), ("0.5h", 1800), ("1m0.5s", 60.5)]
)
def test_a_time_span_is_its_seconds(text: str, seconds: float) -> None:
    assert durations.parse("time_budget", text) == seconds


@pytest.mark.parametrize("text", ["", "90", "1 h", "-1h", "1h!", "0s", "h", "1.h", "1H", "soon"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError) as raised:
        durations.parse("time_budget", text)
    assert str(raised.value) == f"time_budget is {text!r}: write a time such as 90s, 30m or 1h30m"
