"""What is kept of a trained model, or why it cannot be; neither fails a trial, but a disk that is full does."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
from keras import layers

from keras_search.results import files, layout
from keras_search.tuner.trial import kept
from keras_search.tuner.trial.callbacks import BestWeights

X, Y = np.ones((32, 6), "float32"), np.ones(32, "float32")


def model(*first: Any) -> keras.Model:
    made = keras.Sequential([*first, layers.Dense(4), layers.Dense(1)])
    made.compile("adam", "mse")
    return made


def trained(made: keras.Model) -> BestWeights:
    best = BestWeights(keras_tuner.Objective("loss", "min"))
    made.fit(X, Y, epochs=2, verbose=0, callbacks=[best])
    return best


@pytest.mark.parametrize("first", [[layers.Input((6,))], []], ids=["of a known shape", "built by its first batch"])
def test_the_weights_of_the_best_epoch_are_kept_for_a_fresh_model(first: list[Any], tmp_path: Path) -> None:
    made = model(*first)
    best = trained(made)
    made.fit(-X, 100 * Y, verbose=0)  # and so makes it worse
    assert kept.weights(made, best, tmp_path) is None
    later = model(*first)
    kept.load_weights(later, tmp_path / layout.TRIAL_WEIGHTS)
    assert all(map(np.array_equal, later.get_weights(), best.state[1]))
    # Without the optimizer's state, which is twice as large.
    assert (tmp_path / layout.TRIAL_WEIGHTS).stat().st_size < 4 * made.count_params() + 50_000


class Unsaved(layers.Layer):
    def save_own_variables(self, store: Any) -> None:
        raise NotImplementedError("not this\none")


class Unwritten(layers.Dense):
    def get_build_config(self) -> dict[str, Any]:
        raise NotImplementedError


def unread() -> BestWeights:
    best = BestWeights(keras_tuner.Objective("loss", "min"))
    best.failure = "ValueError: no weights"
    return best


@pytest.mark.parametrize(
    ("made", "best", "why"),
    [
        ("no model", None, "build returned no Keras model, but 'str'"),
        (model(), unread(), "ValueError: no weights"),
        (keras.Sequential([layers.Dense(4)]), None, "the model that build returned has not been built"),
        (model(layers.Input((6,)), Unsaved()), None, "NotImplementedError: not this"),
    ],
)
def test_what_cannot_be_kept_is_told(made: Any, best: BestWeights | None, why: str, tmp_path: Path) -> None:
    best = best or BestWeights(keras_tuner.Objective("loss", "min"))
    assert kept.weights(made, best, tmp_path) == why
    assert not (tmp_path / layout.TRIAL_WEIGHTS).exists()


def test_a_model_that_does_not_say_how_it_is_built_keeps_its_weights(tmp_path: Path) -> None:
    files.write_json(tmp_path / layout.TRIAL_BUILD_CONFIG, {"input_shape": [None, 3]})  # of another execution
    made = Unwritten(1)
    whole = keras.Model(inputs := keras.Input((6,)), made(inputs))
    whole.get_build_config = made.get_build_config
    whole.compile("sgd", "mse")
    assert kept.weights(whole, trained(whole), tmp_path) is None
    assert not (tmp_path / layout.TRIAL_BUILD_CONFIG).exists()


def test_a_disk_that_is_gone_is_an_error(tmp_path: Path) -> None:
    made = model(layers.Input((6,)))
    with pytest.raises(FileNotFoundError):
        kept.weights(made, BestWeights(keras_tuner.Objective("loss", "min")), tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        kept.checkpoint(made, 1, tmp_path / "gone" / layout.TRIAL_STATE)


def test_what_is_no_model_has_no_checkpoint(tmp_path: Path) -> None:
    kept.checkpoint("no model", 1, tmp_path / layout.TRIAL_STATE)
    assert not list(tmp_path.iterdir())
