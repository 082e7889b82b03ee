"""When a search writes what all its trials have in common: soon, but not for each of them, and in the end."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import keras_tuner
import pytest

from keras_search.tuner.record import paced
from keras_search.tuner.record.paced import Paced
from keras_search.tuner.record.recorder import Recorder
from tests.tuner.oracles import by_hand


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1000.0]
    monkeypatch.setattr(paced.time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_a_change_is_written_at_once_and_the_next_ones_as_time_allows(clock: Callable[[float], None]) -> None:
    written: list[int] = []

    def write() -> None:
        clock(0.02)
        written.append(1)

    kept = Paced(write, share=0.05)
    kept.write_if_due()
    assert (len(written), kept.due_s) == (0, math.inf), "nothing has changed"
    for _ in range(3):
        kept.change()
        kept.write_if_due()
    assert len(written) == 1
    clock(0.1)
    assert kept.due_s == pytest.approx(0.3)
    clock(0.3)
    kept.write_if_due()
    assert (len(written), kept.due_s) == (2, math.inf)
    kept.change()
    kept.flush()
    kept.flush()
    assert len(written) == 3, "what is left is written in the end, and once"


def test_what_somebody_waits_for_is_written_in_time(clock: Callable[[float], None]) -> None:
    kept = Paced(lambda: clock(0.1), share=0.01, at_most_s=1)
    kept.change()
    kept.flush()
    kept.change()
    assert kept.due_s == pytest.approx(1)


def test_the_oracle_is_not_written_for_each_trial_and_exactly_so_in_the_end(tmp_path: Path) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 1000)
    oracle = by_hand.made("random", tmp_path, hp, trials=99)
    file = tmp_path / "run" / "oracle.json"
    stamps = set()
    with Recorder(tmp_path / "run", oracle) as recorder:
        for _ in range(50):
            by_hand.asked(oracle, 1, lambda values: values["units"] / 1000)
            recorder.write_if_due()
            stamps.add(file.stat().st_mtime_ns)
    assert len(stamps) < 25
    state = json.loads(file.read_text())
    assert len(state["end_order"]) == len(state["points"]) == 50
    assert "\n" not in file.read_text().strip()
    by_hand.asked(oracle, 1, lambda values: 0.5)
    assert len(json.loads(file.read_text())["end_order"]) == 51, "a search that is over puts nothing off"
