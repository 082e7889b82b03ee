"""Another objective: the trials that there are scored anew, from what was kept of them."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import results
from keras_search.tuner import InputError, Tuner
from tests.helpers import tree
from tests.tuner.record.instant import searched, tuner

RNG = np.random.default_rng(0)
X, Y = RNG.random((48, 4), dtype="float32"), RNG.integers(0, 2, 48)


def trained(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    rate = hp.Choice("rate", [3.0, 0.3, 0.05])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(folder: Path, objective: Any, **arguments: Any) -> Tuner:
    made = tuner(folder, hypermodel=trained, oracle="grid", objective=objective, max_trials=2, **arguments)
    made.search(X, Y, epochs=3, validation_data=(X, Y), verbose=0)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("executions", [1, 2])
def test_another_objective_scores_the_trials_anew(
    executions: int, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    train(tmp_path, "val_loss", executions_per_trial=executions)
    old = results.read(tmp_path / "run").trials
    only_read = tuner(tmp_path, hypermodel=trained, oracle="grid", objective="val_accuracy:min")
    assert results.read(tmp_path / "run").trials.equals(old), "reading changes nothing"
    assert only_read.oracle.get_best_trials()[0].score < old["val_accuracy"].max()
    assert "searched for val_loss:min: 2 trials scored anew, for val_accuracy:min" in capsys.readouterr().out
    made = train(tmp_path, "val_accuracy", executions_per_trial=executions)
    assert "val_loss:min: 2 trials scored anew, for val_accuracy:max" in capsys.readouterr().out
    run = results.read(tmp_path / "run")
    assert (run.objective.name, run.objective.direction) == ("val_accuracy", "max")
    fresh = train(tmp_path / "fresh", "val_accuracy", executions_per_trial=executions)
    expected = results.read(tmp_path / "fresh" / "run").trials
    for column in ("score", "val_accuracy", "val_loss", "accuracy", "loss", "best_epoch"):
        assert run.trials[column].tolist() == pytest.approx(expected[column].tolist()), column
    steps = [trial.best_step for trial in fresh.oracle.trials.values()]
    assert [trial.best_step for trial in made.oracle.trials.values()] == steps
    # The weights that were kept were those of another epoch.
    for ours, theirs_ in zip(made.get_best_models(2), fresh.get_best_models(2), strict=True):
        for one, other in zip(ours.get_weights(), theirs_.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
    train(tmp_path, "val_accuracy", executions_per_trial=executions)
    assert "anew" not in capsys.readouterr().out


@pytest.mark.slow
def test_several_objectives_and_back(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    loss = [trial.score for trial in train(tmp_path, "val_loss").oracle.trials.values()]
    several = train(tmp_path, ["val_loss", "val_accuracy"])
    curves = results.read(tmp_path / "run").epochs
    sums = (curves["val_loss"] - curves["val_accuracy"]).groupby(curves["trial_id"]).min()
    assert [trial.score for trial in several.oracle.trials.values()] == pytest.approx(sums.tolist())
    capsys.readouterr()
    train(tmp_path, ["val_accuracy", "val_loss"])
    assert "anew" not in capsys.readouterr().out, "their order does not matter"
    assert [trial.score for trial in train(tmp_path, "val_loss").oracle.trials.values()] == pytest.approx(loss)


def test_scores_that_fit_worked_out_are_ranked_by_another_of_them(tmp_path: Path) -> None:
    accuracies = [trial.score for trial in searched(tmp_path).oracle.trials.values()]
    losses = [trial.score for trial in searched(tmp_path, objective="val_loss").oracle.trials.values()]
    assert losses == pytest.approx([1 - accuracy for accuracy in accuracies])


@pytest.mark.parametrize("objective", ["val_auc", None, ["val_loss", "val_auc"]])
def test_an_objective_that_was_not_kept_is_refused_before_anything_is_done(objective: Any, done: Path) -> None:
    before = tree(done)
    said = r"objective was val_accuracy:max and is now [^\n]*not among the metrics that were kept of 3 trials; [^\n]*"
    with pytest.raises(InputError, match=f"^[^\n]*{said}overwrite=True$"):
        tuner(done, objective=objective)
    assert tree(done) == before
