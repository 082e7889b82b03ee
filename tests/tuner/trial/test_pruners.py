"""When a pruner gives a trial up, by curves alone; and a search in which it does."""

import csv
from functools import partial
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search.tuner import Tuner
from keras_search.tuner.errors import InputError
from keras_search.tuner.trial import pruners

SEED_OF_GOOD_POINTS_FIRST = 4


def curve(*values: float) -> dict[int, float]:
    return dict(enumerate(values, 1))


def others(*curves: dict[int, float]) -> pruners.Others:
    return partial(pruners.bests, curves)


OTHERS = others(curve(0.5, 0.6, 0.7), curve(0.6, 0.7, 0.8), curve(0.7, 0.8, 0.9), curve(0.4, 0.9))


def test_median_gives_up_what_is_worse_than_most_at_the_same_epoch() -> None:
    median = pruners.Median(startup_trials=4, warmup_epochs=1)
    assert median.prunes(curve(0.1, 0.74), OTHERS)
    assert not median.prunes(curve(0.1, 0.76), OTHERS)
    assert not median.prunes(curve(0.76, 0.1), OTHERS), "a trial counts at its best epoch"
    assert not median.prunes(curve(0.1), OTHERS), "too early"
    assert not median.prunes(curve(0.1, 0.1, 0.1), OTHERS), "only three have come as far"


def test_asha_lets_the_best_share_go_on_at_each_rung() -> None:
    asha = pruners.Asha(min_epochs=1, factor=2)
    assert not asha.prunes(curve(0.61), OTHERS)
    assert asha.prunes(curve(0.59), OTHERS)
    assert not asha.prunes(curve(0.61, 0.85), OTHERS)
    assert asha.prunes(curve(0.61, 0.75), OTHERS)
    assert not asha.prunes(curve(0.1, 0.2, 0.3), OTHERS), "epoch 3 is no rung"
    assert not asha.prunes(curve(0.1), others()), "nobody to compare with"


def test_an_unknown_pruner_is_refused() -> None:
    with pytest.raises(InputError, match="choose one of none, median, asha"):
        pruners.get("brutal")


class Untrainable(keras_tuner.HyperModel):
    """The baseline learns; every other point has a learning rate of nothing."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        keras.utils.set_random_seed(3)  # all begin alike, and badly
        rate = 0.1 if hp.Int("point", 0, 50) < 26 else 0.0
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "softmax", kernel_initializer="zeros")])
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


def pruned_search(folder: Path, hypermodel: keras_tuner.HyperModel) -> list[dict[str, str]]:
    """The trials of a search in which the median gives up two."""
    x = np.random.default_rng(0).random((64, 2))
    y = (x[:, 0] > x[:, 1]).astype(int)
    tuner = Tuner(
        hypermodel, objective="val_loss", max_trials=7, pruner="median", workers=0, directory=folder,
        project_name="run", seed=SEED_OF_GOOD_POINTS_FIRST,
    )  # fmt: skip
    tuner.search(x, y, epochs=3, validation_data=(x, y), shuffle=False, verbose=0)
    with (folder / "run" / "summary.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_pruned_trial_is_a_finished_one(tmp_path: Path) -> None:
    rows = pruned_search(tmp_path, Untrainable())
    assert [row["status"] for row in rows] == ["COMPLETED"] * 7
    pruned = [row for row in rows if row["pruned"] == "True"]
    assert len(pruned) == 2
    for row in pruned:
        assert int(row["hp_point"]) >= 26
        assert row["epochs_run"] == "2"
        assert row["score"] == row["val_loss"] != ""
    assert all(row["epochs_run"] == "3" for row in rows if row["pruned"] == "False")


class OwnLoop(Untrainable):
    """Trains in a loop of its own, which ends where it is told to, or does not."""

    def __init__(self, heeds: bool) -> None:
        super().__init__()
        self.heeds = heeds

    def fit(
        self, hp: keras_tuner.HyperParameters, model: keras.Model, x: np.ndarray, y: np.ndarray,
        validation_data: tuple[np.ndarray, np.ndarray], callbacks: list, epochs: int, shuffle: bool,
    ) -> dict[str, float]:  # fmt: skip
        told = keras.callbacks.CallbackList(callbacks, model=model, epochs=epochs)
        model.stop_training, model.run_eagerly = False, True
        told.on_train_begin()
        losses = []
        for epoch in range(epochs):
            model.train_on_batch(x, y)
            losses.append(model.test_on_batch(*validation_data, return_dict=True)["loss"])
            told.on_epoch_end(epoch, {"val_loss": losses[-1]})
            if model.stop_training and self.heeds:
                break
        return {"val_loss": min(losses)}


@pytest.mark.slow
@pytest.mark.parametrize("heeds", [True, False])
def test_a_loop_of_ones_own_is_pruned_where_it_ends(heeds: bool, tmp_path: Path) -> None:
    rows = pruned_search(tmp_path, OwnLoop(heeds))
    assert [row["status"] for row in rows] == ["COMPLETED"] * 7
    assert sum(row["pruned"] == "True" for row in rows) == (2 if heeds else 0)
    assert all(row["epochs_run"] == ("2" if row["pruned"] == "True" else "3") for row in rows)


def test_asha_takes_the_first_validation_beyond_a_rung() -> None:
    two = others({2: 0.9, 4: 0.9}, {2: 0.8, 4: 0.8})
    assert pruners.get("asha").prunes({2: 0.5}, two)
    assert not pruners.get("asha").prunes({2: 0.95}, two)
    assert pruners.get("asha").prunes({2: 0.5, 4: 0.1}, others(*({2: 0.5, 4: 0.9 + step} for step in (0, 0.01, 0.02))))
    assert not pruners.get("asha").prunes({4: 0.95, 6: 0.1, 8: 0.1}, others(*[{8: 0.9}] * 3)), "no rung from 7 to 8"
