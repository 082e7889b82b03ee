"""What a pruner knows of the trials beside its own: as much as their files hold, whatever was read before."""

import json
from pathlib import Path

import keras_tuner
import pytest

from keras_search.results import layout
from keras_search.results.reading import trial_rows
from keras_search.tuner.trial import curves

OBJECTIVE = keras_tuner.Objective("val_loss", "min")


def write(run: Path, number: int, *losses: float, status: str = "RUNNING", digits: int = 2) -> Path:
    """A trial with these losses so far."""
    trial = run / f"{layout.TRIAL_PREFIX}{number:0{digits}d}"
    trial.mkdir(exist_ok=True, parents=True)
    (trial / layout.TRIAL).write_text(json.dumps({"status": status}))
    lines = [f"{epoch},0,{loss}\n" for epoch, loss in enumerate(losses, 1)]
    (trial / layout.TRIAL_EPOCHS).write_text("".join(["epoch,execution,val_loss\n", *lines]))
    return trial


def seen(own: Path, *epochs: int) -> list[list[float]]:
    others = curves.beside(own, OBJECTIVE)
    return [sorted(others(epoch)) for epoch in epochs]


def test_each_other_trial_counts_at_its_best_up_to_an_epoch_that_it_has_reached(tmp_path: Path) -> None:
    own = write(tmp_path, 0, 0.1, 0.1, 0.1)
    write(tmp_path, 1, 0.5, 0.7, 0.3, status="COMPLETED")
    write(tmp_path, 2, 0.6, 0.4)
    write(tmp_path, 3, status="FAILED")
    assert seen(own, 1, 2, 3, 4) == [[-0.6, -0.5], [-0.5, -0.4], [-0.3], []]


def test_what_has_happened_since_is_seen(tmp_path: Path) -> None:
    own = write(tmp_path, 0, 0.1)
    write(tmp_path, 1, 0.5)
    assert seen(own, 1, 2) == [[-0.5], []]
    write(tmp_path, 1, 0.5, 0.4)  # another epoch
    write(tmp_path, 2, 0.9)  # another trial
    assert seen(own, 1, 2) == [[-0.9, -0.5], [-0.4]]
    write(tmp_path, 1, 0.5, 0.4, 0.2, status="COMPLETED")
    assert seen(own, 1, 3) == [[-0.9, -0.5], [-0.2]]
    again = write(tmp_path, 1, 0.7)  # a trial that had ended is run again
    assert seen(again, 1) == [[-0.9, -0.1]]
    assert seen(own, 1, 3) == [[-0.9, -0.7], []]


def test_a_longer_search_has_longer_numbers(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path, number, 0.5, status="COMPLETED", digits=1)
    own = write(tmp_path, 3, 0.1)
    assert seen(own, 1) == [[-0.5] * 3]
    write(tmp_path, 4, 0.6)
    assert seen(own, 1) == [[-0.6, *[-0.5] * 3]]


def test_another_search_in_the_same_place_begins_anew(tmp_path: Path) -> None:
    def search(run_id: str) -> None:
        (tmp_path / layout.RUN).write_text(json.dumps({"tuner": {"id": run_id}}))

    search("first")
    write(tmp_path, 1, 0.5, status="COMPLETED")
    assert seen(write(tmp_path, 0, 0.1), 1) == [[-0.5]]
    search("second")
    write(tmp_path, 1, 0.25, status="COMPLETED")
    assert seen(write(tmp_path, 0, 0.1), 1) == [[-0.25]]


def test_trials_that_have_ended_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        write(tmp_path, number, 0.5, status="COMPLETED")
    own = write(tmp_path, 20, 0.1)
    assert len(seen(own, 1)[0]) == 20
    write(tmp_path, 21, 0.6)
    read = []
    whole = trial_rows.read_epochs
    monkeypatch.setattr(trial_rows, "read_epochs", lambda trial: read.append(trial.name) or whole(trial))
    monkeypatch.setattr(trial_rows, "trial_directories", lambda run: read.append(run))
    assert len(seen(own, 1)[0]) == 21
    assert read == ["trial_21"]
