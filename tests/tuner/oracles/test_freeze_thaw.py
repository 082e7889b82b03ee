"""Which trials freeze-thaw goes on with, asked and told by hand: no model is trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import pytest

from keras_search.results import files, layout
from keras_search.results.reading import trial_rows
from keras_search.results.trial_record import TrialRecord
from keras_search.tuner.oracles.curve_forest import CurveForest, Seen
from tests.tuner.oracles.by_hand import made

EPOCHS = 9


def space(epochs: bool = True) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 0.0, 1.0, default=0.5)
    hp.Choice("kind", ["a", "b"])
    with hp.conditional_scope("kind", ["b"]):
        hp.Int("units", 1, 8)
    if epochs:
        hp.Int("epochs", 1, EPOCHS)
    return hp


def curve(values: dict[str, Any]) -> list[float]:
    """Rises to a height that the point decides, the best late."""
    height = 1 - abs(values["rate"] - 0.7)
    return [height * (1 - 0.5 ** (epoch * (0.5 + height))) for epoch in range(1, EPOCHS + 1)]


def train(oracle: Any, trial: Any, curve: Callable[[dict[str, Any]], list[float]] = curve) -> int:
    """Trains a trial until it pauses or ends; returns for how many epochs."""
    last = min(oracle.pause_after(trial) or EPOCHS, EPOCHS)
    values = curve(trial.hyperparameters.values)[:last]
    directory = Path(oracle._get_trial_dir(trial.trial_id))
    TrialRecord(0, False, "", epochs_run=last, paused=last < EPOCHS).save(directory)
    rows = [{"epoch": epoch, "execution": 0, "val_accuracy": value} for epoch, value in enumerate(values, 1)]
    files.write_csv(directory / layout.TRIAL_EPOCHS, ["epoch", "execution", "val_accuracy"], rows)
    oracle.trained(trial.trial_id, last < EPOCHS)
    trial.metrics = type(trial.metrics)()
    oracle.update_trial(trial.trial_id, {"val_accuracy": max(values)})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    return last


def run(oracle: Any, pieces: int | None = None) -> list[tuple[str, int]]:
    """Asks and trains; returns each trial and the epochs that it has then."""
    trained: list[tuple[str, int]] = []
    while pieces is None or len(trained) < pieces:
        trial = oracle.create_trial("tuner0")
        if trial.status != "RUNNING":
            break
        trained.append((trial.trial_id, train(oracle, trial)))
    return trained


def test_a_trial_goes_on_from_rung_to_rung_and_the_baseline_is_trained_whole(tmp_path: Path) -> None:
    oracle = made("freeze-thaw", tmp_path, space(), trials=12)
    trained = run(oracle)
    epochs = {trial_id: [at for other, at in trained if other == trial_id] for trial_id, _ in trained}
    assert epochs.pop("00") == [EPOCHS]
    assert all(reached == [1, 3, 9][: len(reached)] for reached in epochs.values())
    assert {1, 3} <= {len(reached) for reached in epochs.values()}
    assert oracle.create_trial("late").status == "STOPPED"
    assert len(oracle.end_order) == 12


def test_the_best_go_on(tmp_path: Path) -> None:
    oracle = made("freeze-thaw", tmp_path, space(), trials=14)
    run(oracle)
    heights = {trial_id: curve(trial.hyperparameters.values)[-1] for trial_id, trial in oracle.trials.items()}
    whole = [heights[trial_id] for trial_id in oracle.trials if max(oracle.curve(trial_id)) == EPOCHS]
    cut = [heights[trial_id] for trial_id in oracle.trials if max(oracle.curve(trial_id)) == 1]
    assert max(whole) == max(heights.values())
    assert np.mean(whole) > np.mean(cut)


def test_each_point_has_the_most_epochs(tmp_path: Path) -> None:
    oracle = made("freeze-thaw", tmp_path, space(), trials=5)
    run(oracle)
    assert [trial.hyperparameters.values["epochs"] for trial in oracle.trials.values()] == [1, *[EPOCHS] * 4]
    assert oracle.horizon() == EPOCHS


def test_after_a_kill_it_chooses_what_it_would_have_chosen(tmp_path: Path) -> None:
    whole = run(made("freeze-thaw", tmp_path / "whole", space(), trials=9))
    part = run(made("freeze-thaw", tmp_path / "part", space(), trials=9), 7)
    for pieces in (4, 5, None):
        # Killed while a trial runs that has just been chosen.
        made("freeze-thaw", tmp_path / "part", space(), trials=9).create_trial("tuner0")
        part += run(made("freeze-thaw", tmp_path / "part", space(), trials=9), pieces)
    assert part == whole


def test_a_paused_trial_keeps_its_file_until_it_ends_again(tmp_path: Path) -> None:
    oracle = made("freeze-thaw", tmp_path, space(), trials=12)
    while not oracle.going_on:
        trial = oracle.create_trial("tuner0")
        if not oracle.going_on:
            train(oracle, trial)
    state = files.read_json(Path(oracle._get_trial_dir(trial.trial_id)) / layout.TRIAL)
    assert (state["status"], state["paused"], state["score"]) == ("COMPLETED", True, trial.score)
    assert trial.status == "RUNNING"
    again = made("freeze-thaw", tmp_path, space(), trials=12)
    assert trial.trial_id in again.paused
    assert again.awaits(trial.trial_id)


def test_where_not_every_epoch_is_validated_a_trial_still_awaits(tmp_path: Path) -> None:
    oracle = made("freeze-thaw", tmp_path, space(), trials=12)
    trials = [oracle.create_trial("tuner0")]
    train(oracle, trials[0])
    trials.append(oracle.create_trial("tuner0"))
    trial_id = trials[1].trial_id
    oracle._targets[trial_id] = 3
    train(oracle, trials[1])
    path = Path(oracle._get_trial_dir(trial_id)) / layout.TRIAL_EPOCHS
    rows = [row for row in trial_rows.read_epochs(path.parent) if row["epoch"] == 2]
    files.write_csv(path, ["epoch", "execution", "val_accuracy"], rows)
    again = made("freeze-thaw", tmp_path, space(), trials=12)
    assert again.curve(trial_id).keys() == {2}
    assert again.awaits(trial_id)


def test_a_trial_that_ended_before_the_oracle_was_told_runs_again(tmp_path: Path) -> None:
    oracle = made("freeze-thaw", tmp_path, space(), trials=12)
    run(oracle, 4)
    trial_id = sorted(oracle.paused)[0]
    directory = Path(oracle._get_trial_dir(trial_id))
    TrialRecord(0, False, "", epochs_run=EPOCHS, paused=False).save(directory)
    again = made("freeze-thaw", tmp_path, space(), trials=12)
    assert trial_id not in again.paused
    assert again.create_trial("tuner0").trial_id == trial_id


@pytest.mark.parametrize(("horizon", "first"), [(9, 1), (80, 1), (100, 3), (300, 9)])
def test_long_trainings_have_a_later_first_rung(horizon: int, first: int, tmp_path: Path) -> None:
    hp = space(epochs=False)
    hp.Fixed("epochs", horizon)
    oracle = made("freeze-thaw", tmp_path, hp)
    trials = [oracle.create_trial(f"tuner{number}") for number in range(3)]
    assert [oracle.pause_after(trial) for trial in trials[1:]] == [first, first]


def test_a_failed_trial_is_the_worst(tmp_path: Path) -> None:
    oracle = made("freeze-thaw", tmp_path, space(), trials=24)
    for number in range(24):
        trial = oracle.create_trial("tuner0")
        if trial.hyperparameters.values["kind"] == "b" and number:
            trial.status = "FAILED"
            oracle.end_trial(trial)
        elif trial.status == "RUNNING":
            train(oracle, trial)
    kinds = [trial.hyperparameters.values["kind"] for trial in oracle.trials.values()]
    assert kinds[6:].count("b") < len(kinds[6:]) / 3


def test_the_forest_learns_from_points_and_from_the_beginnings_of_curves() -> None:
    generator = np.random.default_rng(0)
    heights = generator.random(60)
    trials = [Seen([height], {1: 0.2 * height, 3: 0.6 * height, 9: height}) for height in heights]
    forest = CurveForest(trials, 9, seed=1)
    new = forest.beliefs([Seen([height], {}) for height in (0.1, 0.5, 0.9)]).mean(axis=0)
    assert new[0] < new[1] < new[2]
    # Its point says that it is good, its curve that it is not.
    promising, disappointing = forest.beliefs([Seen([0.9], {3: 0.54}), Seen([0.9], {3: 0.06})]).mean(axis=0)
    assert disappointing < promising - 0.1


def test_the_forest_believes_the_same_whatever_the_scale() -> None:
    generator = np.random.default_rng(0)
    heights = [*generator.random(20)]
    options = [Seen([0.3], {}), Seen([0.8], {})]
    beliefs = [
        CurveForest([Seen([height], {1: scale(height), 3: scale(height + 1)}) for height in heights], 3, 1).beliefs(
            options
        )
        for scale in (lambda value: value, lambda value: -(10.0 ** (3 - value)))
    ]
    np.testing.assert_array_equal(*beliefs)
