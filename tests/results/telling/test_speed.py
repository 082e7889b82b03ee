"""Which accelerations were on for the trials of a search."""

import json
from pathlib import Path
from typing import Any

import pytest

from keras_search import results
from keras_search.results.telling.speed import speed_table
from tests.results.made_run import make_run
from tests.results.telling.test_tables import printed

SGD, NADAM = "the optimizer is SGD, not Adam or AdamW", "the optimizer is Nadam, not Adam or AdamW"
VALUES = {"optimizer": "sgd", "rate": 0.1, "momentum": 0.5, "batch": 32, "norm": True}


def make(folder: Path, *told: Any) -> Path:
    trials: list[dict[str, Any]] = [
        {"values": VALUES, "score": 0.5, "accelerations": accelerations} for accelerations in told
    ]
    return make_run(folder, [*trials, {"values": VALUES, "score": 0.5}]).path


def test_each_acceleration_has_a_line_with_the_reasons_of_the_others(tmp_path: Path) -> None:
    adam = [True, SGD, NADAM, SGD]
    path = make(tmp_path / "run", *({"adam": state, "fit": True, "dense": "no Dense"} for state in adam))
    assert [line.strip() for line in printed(speed_table(path), 120) if line.strip(" ─")] == [
        "acceleration  trials  why not",
        f"adam          1 of 4  {SGD} (2); {NADAM} (1)",
        "fit           4 of 4",
        "dense         0 of 4  no Dense",
    ]


def test_runs_of_before_tell_nothing(tmp_path: Path) -> None:
    assert speed_table(make(tmp_path / "run")) is None


@pytest.mark.parametrize("width", [30, 40, 80])
def test_a_narrow_terminal_has_all_of_it(width: int, tmp_path: Path) -> None:
    path = make(tmp_path / "run", {"adam": SGD, "fit": True})
    words = " ".join(printed(speed_table(path), width))
    assert all(word in words for word in ("adam", "fit", "1 of 1", "0 of 1", "SGD,", "AdamW"))


@pytest.mark.parametrize("told", [None, 3, "all", ["adam"], {}, {"adam": 1, "fit": None, "dense": {}}, {"adam": False}])
def test_what_search_does_not_write_is_not_told(told: Any, tmp_path: Path) -> None:
    path = make(tmp_path / "run", told)
    assert speed_table(path) is None
    assert results.read(path).problems == ()


def test_a_damaged_record_and_a_text_that_draws_are_borne(tmp_path: Path) -> None:
    path = make(tmp_path / "run", {"adam\x1b[2J": "no\nreason at all"}, {"fit": True})
    (path / "trial_0001" / "record.json").write_text("{")
    lines = " ".join(printed(speed_table(path), 120))
    assert "adam" in lines
    assert "no\\nreason at all" in lines
    assert "\x1b" not in lines
    assert "fit" not in lines


def test_the_table_of_trials_is_as_it_was(tmp_path: Path) -> None:
    path = make(tmp_path / "run", {"adam": True})
    assert "accelerations" not in results.read(path).trials.columns
    assert json.loads((path / "trial_0000" / "record.json").read_text())["accelerations"] == {"adam": True}
