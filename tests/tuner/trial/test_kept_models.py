"""The trained models of a search: those whose weights were kept, and those that are trained once more."""

import re
import shutil
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from keras_search import results
from keras_search.tuner import Tuner
from keras_search.tuner.record import directory
from tests.helpers import mostly_slow

RNG = np.random.default_rng(0)
X = RNG.random((48, 4), dtype="float32")
Y = (X[:, 0] + X[:, 1] > 1).astype("int32")


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    """Diverges slowly, so that the best epoch is seldom the last; has no input shape."""
    layers = [keras.layers.Dense(hp.Int("units", 2, 9), activation="tanh"), keras.layers.Dropout(0.3)]
    model = keras.Sequential([*layers, keras.layers.Dense(2, "softmax")])
    rate = hp.Float("rate", 0.03, 3.0, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class OwnLoop(keras_tuner.HyperModel):
    """Trains epoch by epoch, each counted from 0, and goes on where it is told to end."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        model = build(hp)
        model.build((None, 4))
        return model

    def fit(
        self, hp: keras_tuner.HyperParameters, model: keras.Model, x: Any, y: Any, callbacks: list, **rest: Any
    ) -> Any:
        losses = []
        for _ in range(3):
            losses += model.fit(x, y, callbacks=callbacks, **rest | {"epochs": 1}).history["val_loss"]
        return {"val_loss": min(losses)}


class Scores(OwnLoop):
    """Tells no callback anything."""

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, x: Any, y: Any, **rest: Any) -> float:
        model.fit(x, y, epochs=2, verbose=0)
        return model.evaluate(x, y, verbose=0)[0]


def search(folder: Path, **arguments: Any) -> Tuner:
    settings = {"hypermodel": build, "objective": "val_loss", "max_trials": 2, "workers": 0, "directory": folder}
    made = Tuner(**settings | {"project_name": "run"} | arguments)
    made.search(
        X, Y, epochs=4, validation_data=(X, Y), callbacks=[keras.callbacks.EarlyStopping(patience=2)], verbose=0
    )
    return made


def same(ours: list[keras.Model], others: list[keras.Model]) -> bool:
    return len(ours) == len(others) and all(
        np.array_equal(one, other)
        for our, their in zip(ours, others)
        for one, other in zip(our.get_weights(), their.get_weights(), strict=True)
    )


def weights(folder: Path) -> list[Path]:
    return list(folder.rglob("*.weights.h5"))


def trained_again(made: Tuner, trial: keras_tuner.engine.trial.Trial) -> bool:
    """Whether the model of `trial` is the same after its weights are gone, and nothing is left of its training."""
    kept = made.load_model(trial)
    Path(made.get_trial_dir(trial.trial_id), "checkpoint.weights.h5").unlink()
    before = {path.name for path in Path(made.project_dir).rglob("*")}
    again = made.load_model(trial)
    assert {path.name for path in Path(made.project_dir).rglob("*")} == before
    return same([again], [kept])


CASES: dict[str, dict[str, Any]] = {
    "an own loop": {"hypermodel": OwnLoop(), "max_trials": 1},
    "several executions": {"executions_per_trial": 2, "max_trials": 1},
    "pruned": {"pruner": "asha", "max_trials": 3},
    "a score alone": {"hypermodel": Scores(), "max_trials": 1},
}


@pytest.mark.slow
@pytest.mark.parametrize("case", mostly_slow(CASES, 1))
def test_a_training_is_repeated_to_the_same_weights(case: str, tmp_path: Path) -> None:
    made = search(tmp_path, keep_weights=9, **CASES[case])
    worst = made.oracle.get_best_trials(3)[-1]
    if case == "pruned":
        assert results.read(tmp_path / "run").trials.set_index("trial_id")["pruned"][worst.trial_id]
    assert trained_again(made, worst)


@pytest.mark.slow
def test_a_training_that_another_trial_went_on_with_is_repeated_from_the_first_epoch(tmp_path: Path) -> None:
    oracle = keras_tuner.oracles.HyperbandOracle("val_loss", max_epochs=2, factor=2, seed=3)
    oracle.max_trials = 5
    made = search(tmp_path, keep_weights=9, oracle=oracle)
    [promoted] = [trial for trial in oracle.trials.values() if trial.hyperparameters.values.get("tuner/round")]
    assert trained_again(made, promoted)


@pytest.mark.slow
def test_more_models_than_are_kept_are_trained_again_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    made = search(tmp_path, keep_weights=1)
    found = made.get_best_models(5)
    assert capsys.readouterr().out == (
        "the weights of 1 of 2 models were kept (keep_weights); 1 trial trained once more\n"
    )
    assert [model.evaluate(X, Y, verbose=0)[0] for model in found] == pytest.approx(
        sorted(trial.score for trial in made.oracle.trials.values())
    )
    assert len(weights(tmp_path)) == 1, "no more are kept"


@pytest.mark.slow
def test_each_trial_meets_a_dataset_in_the_orders_in_which_it_shuffles_at_first(tmp_path: Path) -> None:
    shuffled = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(60, seed=1).batch(8)
    made = Tuner(build, "loss", max_trials=2, workers=0, keep_weights=2, directory=tmp_path, project_name="run")
    made.search(shuffled, epochs=2, verbose=0)
    assert all([trained_again(made, trial) for trial in made.oracle.get_best_trials(2)])


@pytest.mark.slow
def test_without_data_what_was_kept_is_given_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    first = search(tmp_path, keep_weights=1)
    found = Tuner(build, "val_loss", max_trials=2, workers=0, directory=tmp_path, project_name="run")
    assert same(found.get_best_models(2), first.get_best_models(1))
    assert capsys.readouterr().out == (
        "the weights of 1 of 2 models were kept (keep_weights); this tuner has not searched, so it has no data to "
        "train others with\n"
    )
    with pytest.raises(ValueError, match=r"^the weights of trial \d were not kept: [^\n]*$"):
        found.load_model(found.oracle.get_best_trials(2)[1])
    assert same(found.get_best_models(1), first.get_best_models(1))
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_other_data_give_no_other_model(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    search(tmp_path, keep_weights=0, max_trials=1)
    monkeypatch.setattr(directory, "_data", {})  # another process, which does not know what this one had
    other = Tuner(build, "val_loss", max_trials=1, workers=0, directory=tmp_path, project_name="run")
    other.search(X[:30], Y[:30], epochs=4, validation_data=(X, Y), verbose=0)
    assert other.get_best_models() == []
    said = r"trained once more, has val_loss \S+ where it had \S+: the data, their order or the hypermodel have changed"
    assert re.search(said, capsys.readouterr().out)
    with pytest.raises(ValueError, match=said):
        other.load_model(other.oracle.get_best_trials()[0])


@pytest.mark.slow
def test_trials_of_plain_keras_tuner_are_not_trained_again(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = {"objective": "val_loss", "directory": tmp_path, "project_name": "run"}
    theirs = keras_tuner.RandomSearch(build, max_trials=1, **arguments)
    theirs.search(X, Y, epochs=1, validation_data=(X, Y), verbose=0)
    made = search(tmp_path, max_trials=2, keep_weights=0)
    assert len(made.get_best_models(2)) == 2, "theirs are loaded"
    (tmp_path / "run" / "trial_0" / "checkpoint.weights.h5").unlink()
    capsys.readouterr()
    assert len(made.get_best_models(2)) == 1
    assert "what was not trained here cannot be repeated" in capsys.readouterr().out
    shutil.rmtree(tmp_path / "run" / "trial_1")
    assert len(results.read(tmp_path / "run").trials) == 1
