"""Hyperband's promoted trials go on where their predecessors stopped."""

import csv
import io
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_search import results
from keras_search.tuner import Tuner
from keras_search.tuner.seeds import trial_seed
from keras_search.tuner.trial import checkpoint, continuation
from keras_search.tuner.trial.models import fresh_model
from keras_search.tuner.trial.task import TrialTask

TABLES = ("summary", "epochs")
RNG = np.random.default_rng(0)
X = RNG.random((96, 6), dtype="float32")
Y = RNG.integers(0, 3, 96)


class Small(keras_tuner.HyperModel):
    """With dropout and batch norm: state that a weights file does not hold, and state that it does."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        units = hp.Int("units", 4, 40)
        hp.Int("epochs", 1, 3)
        model = keras.Sequential(
            [
                layers.Input((6,)),
                layers.Dense(units, "relu"),
                layers.BatchNormalization(),
                layers.Dropout(0.5),
                layers.Dense(3, "softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        return model.fit(*args, epochs=hp["epochs"], **kwargs)


@pytest.mark.faults
def test_what_a_trial_continues_is_trained_again_where_it_is_lost(tmp_path: Path) -> None:
    def search(project: str, max_trials: int) -> list[list[dict[str, str]]]:
        tuner = Tuner(Small(), "val_loss", max_trials, oracle="hyperband", workers=0, directory=tmp_path,
                      project_name=project)  # fmt: skip
        tuner.search(X, Y, validation_data=(X, Y), verbose=0)
        times = ("seconds", "duration_s", "started_at", "ended_at")
        return [
            [{name: cell for name, cell in row.items() if name not in times} for row in csv.DictReader(file)]
            for file in map(io.StringIO, ((tmp_path / project / f"{one}.csv").read_text() for one in TABLES))
        ]

    whole = search("whole", 7)
    first = next(int(row["trial_id"]) for row in whole[0] if row["tuner/trial_id"])
    search("part", first)
    checkpoints = list((tmp_path / "part").glob("trial_*/checkpoint*.npz"))
    assert checkpoints
    for path in checkpoints:
        path.write_bytes(path.read_bytes()[:500])
    assert search("part", 7) == whole
    (tmp_path / "part" / f"trial_{first}" / "epochs.csv").write_text("")
    assert search("part", 7) == whole


def test_a_model_that_was_trained_for_another_to_go_on_with_is_plain_again(tmp_path: Path) -> None:
    class Keeps(Small):
        def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
            self.model = super().build(hp)
            return self.model

    hypermodel, hp, loss = Keeps(), keras_tuner.HyperParameters(), keras_tuner.Objective("val_loss", "min")
    hypermodel.build(hp)
    begins = {"initial_epoch": 2, "continues": tmp_path}
    task = TrialTask("1", hp, tmp_path, hypermodel, loss, seed=5, is_baseline=False, **begins)
    continuation.train_predecessor(task, 0, 5, (X, Y), {"callbacks": []})
    assert checkpoint.read(continuation.checkpoint_path(tmp_path, 0))[0] == 2
    assert type(hypermodel.model.fit).__name__ == "method"
    assert not any("call" in vars(layer) for layer in hypermodel.model.layers)
    assert "update_step" not in vars(hypermodel.model.optimizer)


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[Any, np.ndarray]:
        part = slice(32 * index, 32 * index + 32)
        return X[part], Y[part]


class Words(Batches):
    """Texts, by whose shape alone no model can be built."""

    def __getitem__(self, index: int) -> tuple[Any, np.ndarray]:
        return tf.constant([["few", "many", "all"][label] for label in Y[32 * index : 32 * index + 32]]), Y[:32]


def compiled(*stack: layers.Layer) -> keras.Model:
    model = keras.Sequential([*stack, layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def unbuilt(hp: keras_tuner.HyperParameters) -> keras.Model:
    return compiled(layers.Dense(hp.Int("units", 4, 40)), layers.Dropout(0.5))


def of_words(hp: keras_tuner.HyperParameters) -> keras.Model:
    words = layers.TextVectorization(output_sequence_length=1, vocabulary=["few", "many", "all"])
    return compiled(words, layers.Embedding(9, hp.Int("units", 4, 40)), layers.Flatten())


def built(hp: keras_tuner.HyperParameters) -> keras.Model:
    return compiled(layers.Input((6,)), layers.Dense(hp.Int("units", 4, 40)))


def built_with_epochs(hp: keras_tuner.HyperParameters) -> keras.Model:
    hp.Int("epochs", 1, 2, default=2)
    return built(hp)


def names_its_data(self: Any, hp: Any, model: keras.Model, train: Any, held_out: Any, **kwargs: Any) -> Any:
    return model.fit(train, validation_data=held_out, **kwargs)


def hands_on_the_rest(self: Any, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
    return model.fit(*args, **kwargs)


def hands_on_no_epochs(
    self: Any, hp: Any, model: keras.Model, x: Any, y: Any, validation_data: Any, callbacks: Any
) -> Any:
    return model.fit(x, y, validation_data=validation_data, callbacks=callbacks)


def takes_epochs_by_name(self: Any, hp: Any, model: keras.Model, x: Any, y: Any, epochs: int = 1, **kwargs: Any) -> Any:
    return model.fit(x, y, epochs=epochs, **kwargs)


def reads_epochs(self: Any, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
    return model.fit(*args, epochs=hp["epochs"], **kwargs)


ARRAYS: dict[str, Any] = {"x": X, "y": Y, "validation_data": (X, Y)}
# How the model is built, how it is trained where by a `fit` of its own, and what `search` is given.
BUDGETED: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "nothing hands on epochs": (built_with_epochs, None, ARRAYS),
    "no epochs": (built, None, ARRAYS),
    "epochs of search": (built_with_epochs, hands_on_the_rest, ARRAYS | {"epochs": 1}),
    "fit that ignores epochs": (built_with_epochs, hands_on_the_rest, ARRAYS),
    "fit without epochs": (built_with_epochs, hands_on_no_epochs, ARRAYS),
    "fit with epochs": (built_with_epochs, takes_epochs_by_name, ARRAYS),
    "fit that reads epochs": (built_with_epochs, reads_epochs, ARRAYS),
    "data of other names": (unbuilt, names_its_data, {"train": Batches(), "held_out": (X, Y)}),
    "PyDataset": (unbuilt, None, {"x": Batches(), "validation_data": Batches()}),
    "words": (of_words, None, {"x": Words(), "validation_data": Words()}),
}


IN_SHORT = ("nothing hands on epochs",)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=() if case in IN_SHORT else pytest.mark.faults) for case in BUDGETED]
)
def test_every_trial_of_hyperband_is_trained_for_its_epochs(case: str, tmp_path: Path) -> None:
    build, fit, data = BUDGETED[case]
    own = {"build": lambda self, hp: build(hp)} | ({} if fit is None else {"fit": fit})
    oracle = keras_tuner.oracles.HyperbandOracle("val_accuracy", max_epochs=2, factor=2, seed=1)
    oracle.max_trials = 4  # the baseline, a bracket of two, and the better one once more
    hypermodel = type("Own", (keras_tuner.HyperModel,), own)()
    Tuner(hypermodel, oracle=oracle, workers=0, directory=tmp_path).search(**data, verbose=0)
    trials = results.read(tmp_path / "untitled").trials
    assert trials["error"].isna().all(), trials["error"].tolist()
    assert trials["tuner/epochs"].fillna(2).tolist() == [2, 1, 1, 2]
    assert trials["epochs_run"].tolist() == [2, 1, 1, 2]
    # The last one's own epoch is its predecessor's second.
    epochs = results.read(tmp_path / "untitled").epochs
    assert epochs[epochs["trial_id"] == trials["trial_id"][3]]["epoch"].tolist() == [2]
    before = trials[trials["trial_id"] == trials["tuner/trial_id"][3]].iloc[0]
    assert trials["loss"][3] < before["loss"]


@pytest.mark.slow
def test_hyperband_trains_no_configuration_twice(tmp_path: Path) -> None:
    tuner = Tuner(Small(), max_trials=7, oracle="hyperband", workers=2, directory=tmp_path, project_name="run")
    tuner.search(X, Y, validation_data=(X, Y), verbose=0)
    with (tmp_path / "run" / "epochs.csv").open(newline="") as file:
        epochs = list(csv.DictReader(file))
    promoted = [t for t in tuner.oracle.trials.values() if "tuner/trial_id" in t.hyperparameters.values]
    assert promoted
    for trial in promoted:
        values = trial.hyperparameters.values
        own = [int(row["epoch"]) for row in epochs if row["trial_id"] == trial.trial_id]
        assert own == list(range(values["tuner/initial_epoch"] + 1, values["tuner/epochs"] + 1))
    # A promoted trial's scores are those of the same configuration trained in one go.
    trial = max(promoted, key=lambda one: one.hyperparameters.values["tuner/epochs"])
    first = trial
    while "tuner/trial_id" in first.hyperparameters.values:
        first = tuner.oracle.get_trial(first.hyperparameters.values["tuner/trial_id"])
    whole = fresh_model(Small(), first.hyperparameters, trial_seed(0, first.trial_id))
    epochs_in_all = trial.hyperparameters.values["tuner/epochs"]
    history = whole.fit(X, Y, epochs=epochs_in_all, validation_data=(X, Y), verbose=0).history
    last = [row for row in epochs if row["trial_id"] == trial.trial_id][-1]
    assert float(last["val_loss"]) == pytest.approx(history["val_loss"][-1], rel=1e-5)
    kept = list((tmp_path / "run").glob("trial_*/checkpoint*.npz"))
    assert {path.parent.name.removeprefix("trial_") for path in kept} <= tuner.oracle.continuable()


@pytest.mark.faults
def test_a_point_that_is_drawn_again_stands_in_its_bracket_once(tmp_path: Path) -> None:
    settings = {"oracle": "hyperband", "workers": 0, "directory": tmp_path, "project_name": "run"}
    Tuner(Small(), max_trials=3, **settings).search(X, Y, validation_data=(X, Y), verbose=0)
    for name in ("oracle.json", "trial_1/trial.json"):
        (tmp_path / "run" / name).write_text("")
    oracle = Tuner(Small(), max_trials=3, **settings).oracle
    entered = [entry["id"] for one in oracle._brackets for entries in one["rounds"] for entry in entries]
    assert sorted(entered) == sorted(set(entered))
    assert "1" in entered
