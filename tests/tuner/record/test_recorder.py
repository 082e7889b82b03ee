"""When a search writes what all its trials have in common: soon, but not for each of them, and in the end."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from keras_search.tuner.record import paced
from keras_search.tuner.record.paced import Paced
from keras_search.tuner.record.recorder import Recorder
from keras_search.tuner.record.summary import SummaryWriter
from tests.tuner.oracles import by_hand
from tests.tuner.record.instant import Instant, searched, units


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


class LooksInTheEnd(Instant):
    """The fit of the last trial takes two seconds, and then reads the table."""

    def __init__(self, table: Path, trials: int) -> None:
        super().__init__(units)
        self.table, self.trials, self.fits, self.seen = table, trials, 0, 0

    def fit(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        self.fits += 1
        if self.fits == self.trials:
            time.sleep(2)
            self.seen = len(self.table.read_text().splitlines()) - 1
        return super().fit(*args, **kwargs)


@pytest.mark.slow
def test_many_trials_in_this_process_write_the_tables_seldom_but_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    plain = SummaryWriter.write
    monkeypatch.setattr(SummaryWriter, "write", lambda self: written.append(1) or time.sleep(0.1) or plain(self))
    hypermodel = LooksInTheEnd(tmp_path / "run" / "summary.csv", trials=30)
    began = time.monotonic()
    searched(tmp_path, hypermodel=hypermodel, max_trials=30)
    assert hypermodel.seen == 29
    assert len(written) < time.monotonic() - began + 4, "once a second, and at both ends"
