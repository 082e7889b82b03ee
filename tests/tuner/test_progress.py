"""The lines that a search prints."""

from pathlib import Path

from tuner import runtime

runtime.load_tensorflow()

import keras  # noqa: E402
import keras_tuner  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from tests.conftest import without_compiling  # noqa: E402
from tuner import Tuner  # noqa: E402
from tuner.progress import Progress  # noqa: E402
from tuner.trial import TrialTask  # noqa: E402

X, Y = np.zeros((8, 2), dtype="float32"), np.zeros(8)


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    units = hp.Int("units", 1, 9)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_an_oracle_without_a_number_of_trials_has_none_in_the_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for _ in range(2):
        oracle = keras_tuner.oracles.HyperbandOracle("loss", max_epochs=2, factor=2, hyperband_iterations=1, seed=1)
        Tuner(build, oracle=oracle, workers=0, directory=tmp_path, project_name="run").search(X, Y)
    *trials, end, again, _ = without_compiling(capsys.readouterr().out)
    assert trials[0].startswith("[1] trial 0000 | units=1 (baseline) | loss 0.0000 at epoch 1 of 1 | ")
    assert [line.split("]")[0] for line in trials] == [f"[{number}" for number in range(1, len(trials) + 1)]
    assert end == f"the oracle has no further point: the search ends with {len(trials)} trials"
    assert again == f"going on: {len(trials)} trials are done"


def test_the_time_left_is_that_of_the_longest_trial(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    oracle = Tuner(build, "loss", max_trials=2, directory=tmp_path, project_name="run").oracle
    progress = Progress()
    with progress.search(oracle, slots=2):
        for number, (epochs, seconds) in enumerate([(5, [1] * 5), (10, [30, 10])]):
            trial = oracle.create_trial(f"tuner{number}")
            directory = tmp_path / "run" / f"trial_{trial.trial_id}"
            arguments = (trial.trial_id, trial.hyperparameters, directory, build, oracle.objective, 0, number == 0)
            task = TrialTask(*arguments, fit_kwargs={"epochs": epochs})
            progress.trial_waits(task)
            progress.trial_begins(task)
            curve = "".join(f"0,{epoch},{second}\n" for epoch, second in enumerate(seconds, 1))
            (directory / "epochs.csv").write_text("execution,epoch,seconds\n" + curve)
        first = oracle.get_trial("0")
        first.status = "COMPLETED"
        oracle.update_trial("0", {"loss": 1.0})
        oracle.end_trial(first)
        progress.trial_ends(oracle.get_trial("0"), tmp_path / "run" / "trial_0")
        assert "about 2 min 40 s left" in capsys.readouterr().out
