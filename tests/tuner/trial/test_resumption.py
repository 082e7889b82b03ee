"""A trial that is interrupted goes on after its last finished epoch, to the result of one that was not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import pytest
from keras import layers

from keras_search.results import layout
from keras_search.tuner.trial.callbacks import BestWeights
from tests.helpers import mostly_slow
from tests.tuner.trial.interrupted import (
    EPOCHS,
    AddsCallbacks,
    NamesItsData,
    TrainsTwice,
    Unbuilt,
    arrays,
    batches,
    build,
    early_stopping,
    killing,
    named_otherwise,
    of_unknown_length,
    outcome,
    plateau,
    shuffled_dataset,
    shuffled_twice,
    too_small_a_gain,
    tuner,
    weighted,
    with_own_fit,
)

CASES = {
    "dataset": (Unbuilt(), shuffled_dataset, list, 1),
    "callbacks": (AddsCallbacks(), arrays, early_stopping, 2),
    "dataset that shuffles twice": (Unbuilt(), shuffled_twice, list, 1),
    "dataset of unknown length": (Unbuilt(), of_unknown_length, list, 1),
    "too small a gain": (build, arrays, too_small_a_gain, 1),
    "own fit": (with_own_fit, arrays, early_stopping, 1),
    "learning rate": (build, arrays, plateau, 1),
    "unbuilt model": (Unbuilt(), arrays, list, 1),
    "unbuilt model, PyDataset": (Unbuilt(), batches, list, 1),
    "data of other names": (NamesItsData(), named_otherwise, list, 1),
    "weights, and a part held back": (build, weighted, list, 1),
}


@pytest.mark.parametrize("case", mostly_slow(CASES, 1))
def test_it_equals_one_that_was_not_interrupted(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hypermodel, data, callbacks, executions = CASES[case]
    whole = tuner(tmp_path / "whole", hypermodel, executions)
    whole.search(**data(), epochs=EPOCHS, callbacks=callbacks(), verbose=0)
    expected = outcome(whole)
    trained = len(expected["curve"])
    assert trained > 3

    began: list[int] = []
    for interruption in (2, 1, None):
        with monkeypatch.context() as patch:
            if interruption is None:
                patch.setattr(BestWeights, "on_epoch_begin", lambda self, epoch, logs=None: began.append(epoch))
            else:
                killing(patch, interruption)
            going_on = tuner(tmp_path / "part", hypermodel, executions)
            if interruption is None:
                going_on.search(**data(), epochs=EPOCHS, callbacks=callbacks(), verbose=0)
            else:
                with pytest.raises(KeyboardInterrupt):
                    going_on.search(**data(), epochs=EPOCHS, callbacks=callbacks(), verbose=0)
    assert len(began) == trained - 3, "epochs were trained again"
    found = outcome(going_on)
    assert found["curve"] == expected["curve"]
    assert found["row"] == expected["row"]
    assert found["weights"] == expected["weights"]
    assert not list((tmp_path / "part").rglob(layout.TRIAL_STATE))


@pytest.mark.slow
@pytest.mark.parametrize("after", [2, EPOCHS + 1])
def test_a_hypermodel_that_trains_twice_gives_the_same(
    after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments: dict[str, Any] = arrays() | {"epochs": EPOCHS, "verbose": 0}
    whole = tuner(tmp_path / "whole", TrainsTwice())
    whole.search(**arguments)
    with monkeypatch.context() as patch:
        killing(patch, after)
        with pytest.raises(KeyboardInterrupt):
            tuner(tmp_path / "part", TrainsTwice()).search(**arguments)
    going_on = tuner(tmp_path / "part", TrainsTwice())
    going_on.search(**arguments)
    assert outcome(going_on) == outcome(whole)


class Unwritable(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.sum = keras.metrics.Sum()  # can be called, and yet is no function

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.sum.update_state(1.0)
        self.model.optimizer.learning_rate = 0.01 * float(self.sum.result())


def wider(hp: keras_tuner.HyperParameters) -> keras.Model:
    units = hp.Int("units", 4, 40, default=8)
    model = keras.Sequential([layers.Input((6, 6, 1)), layers.Flatten()])
    model.add(layers.Dense(2 * units))
    model.add(layers.Dense(3, "softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hypermodel", "callbacks", "damage"),
    [
        pytest.param(wider, [], None, id="another model"),
        pytest.param(build, [], cut_off, id="damaged state"),
        pytest.param(build, [Unwritable()], None, id="unwritable callback"),
        pytest.param(build, early_stopping(), None, id="another callback"),
    ],
)
def test_what_cannot_go_on_begins_anew(
    hypermodel: Any,
    callbacks: list[keras.callbacks.Callback],
    damage: Callable[[Path], None] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments: dict[str, Any] = arrays() | {"epochs": EPOCHS, "verbose": 0}
    whole = tuner(tmp_path / "whole", hypermodel)
    whole.search(**arguments, callbacks=callbacks)
    with monkeypatch.context() as patch:
        killing(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            tuner(tmp_path / "part", build).search(
                **arguments, callbacks=[one for one in callbacks if isinstance(one, Unwritable)]
            )
    states = list((tmp_path / "part").rglob(layout.TRIAL_STATE))
    assert len(states) == (0 if any(isinstance(one, Unwritable) for one in callbacks) else 1)
    if damage:
        damage(states[0])
    going_on = tuner(tmp_path / "part", hypermodel)
    going_on.search(**arguments, callbacks=callbacks)
    assert outcome(going_on) == outcome(whole)


@pytest.mark.slow
def test_a_search_goes_on_with_the_same_tuner_and_with_one_made_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments: dict[str, Any] = arrays() | {"epochs": EPOCHS, "verbose": 0}
    whole = tuner(tmp_path / "whole", build)
    whole.search(**arguments)
    stopped, before = tuner(tmp_path / "part", build), tuner(tmp_path / "part", build)
    with monkeypatch.context() as patch:
        killing(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            stopped.search(**arguments)
    stopped.search(**arguments)
    assert outcome(stopped) == outcome(whole)
    record = tmp_path / "part" / "run" / "trial_0" / "record.json"
    ended = record.read_text()
    before.search(**arguments)
    assert record.read_text() == ended, "a finished trial ran twice"
    assert outcome(before) == outcome(whole)
