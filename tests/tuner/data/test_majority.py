"""What always giving the most frequent answer scores is said wherever an accuracy is."""

import html
import json
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from keras_search import results
from keras_search.results import report
from keras_search.tuner import Tuner
from keras_search.tuner.command.options import SearchOptions
from keras_search.tuner.command.search import search
from tests.helpers import mostly_slow

X = np.zeros((100, 2), "float32")
LABELS = np.array([1] * 30 + [0] * 10 + [2] * 60)  # the last fifth are all of class 2
ONE_HOT = np.eye(3)[LABELS]
SAYS = "Always answering {}, the most frequent class, scores {} on the validation examples."


class Untrained(keras_tuner.HyperModel):
    """Gives a score at once."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Int("units", 1, 5)
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        return dict.fromkeys(("val_accuracy", "val_loss", "val_binary_accuracy", "val_top_k_categorical_accuracy"), 0.5)


@pytest.mark.parametrize(
    ("objective", "data", "said"),
    mostly_slow(
        [
            ("val_accuracy", {"validation_data": (X, LABELS)}, SAYS.format(2, "60.00%")),
            ("val_accuracy", {"validation_data": (X, LABELS[:, None], np.ones(100))}, SAYS.format(2, "60.00%")),
            ("val_accuracy", {"validation_data": (X, ONE_HOT)}, SAYS.format(2, "60.00%")),
            (
                "val_binary_accuracy",
                {"validation_data": (X, (LABELS == 1).astype("float32"))},
                SAYS.format(0, "70.00%"),
            ),
            ("val_accuracy", {"validation_data": (X, tf.constant(LABELS))}, SAYS.format(2, "60.00%")),
            ("val_accuracy", {"x": X, "y": LABELS, "validation_split": 0.2}, SAYS.format(2, "100.00%")),
            ("val_accuracy", {"x": X, "y": LABELS, "validation_split": 0.75}, SAYS.format(2, "80.00%")),
            ("val_loss", {"validation_data": (X, LABELS)}, None),
            ("val_top_k_categorical_accuracy", {"validation_data": (X, LABELS)}, None),
            ("val_accuracy", {"validation_data": (X, LABELS + 0.5)}, None),
            ("val_accuracy", {"validation_data": (X, np.arange(100))}, None),
            ("val_accuracy", {"validation_data": (X, np.ones((100, 3)))}, None),
            ("val_accuracy", {"validation_data": (X, {"a": LABELS, "b": LABELS})}, None),
            ("val_accuracy", {"validation_data": tf.data.Dataset.from_tensor_slices((X, LABELS))}, None),
            ("val_accuracy", {"validation_data": (X, np.array(["a", "b"] * 50))}, None),
            ("val_accuracy", {}, None),
        ],
        8,
    ),
)
def test_a_search_in_python_says_it_of_labels_that_are_classes(
    objective: str, data: dict[str, Any], said: str | None, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    tuner = Tuner(
        Untrained(), keras_tuner.Objective(objective, "max"), 1, workers=0, keep_weights=0, directory=tmp_path
    )
    tuner.search(**data)
    printed = capsys.readouterr().out
    assert ("Always" in printed) == (said is not None)
    assert said is None or said in printed.splitlines()


def test_verbose_0_silences_it(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    Tuner(Untrained(), max_trials=1, workers=0, keep_weights=0, directory=tmp_path).search(
        validation_data=(X, LABELS), verbose=0
    )
    assert capsys.readouterr().out == ""


def test_a_search_and_its_report_say_it_of_any_data(
    tmp_path: Path, arrays: dict[str, np.ndarray], capsys: pytest.CaptureFixture
) -> None:
    labels = np.array([1] * 54 + [0, 2] * 3)
    np.savez(tmp_path / "own.npz", **arrays | {"y_train": labels})
    run = tmp_path / "run"
    search(SearchOptions(trials=1, dataset=str(tmp_path / "own.npz"), workers=0, run=str(run), keep_weights=0))
    share = 8 / 10  # a sixth of 60, of each class at least one
    said = f"Always answering 1, the most frequent class, scores {share:.2%} on the validation images."
    assert capsys.readouterr().out.splitlines().count(said) == 1
    assert json.loads((run / "run.json").read_text())["dataset"]["most_frequent_class"] == [share, 1]
    page = report.html(results.read(run), report.Pictures([], {}, []))
    assert said in html.unescape(page)
