"""An evaluation is read as it was written."""

import csv
import json
from pathlib import Path

import pytest

from keras_search.results import evaluation, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.evaluation import EvaluatedData, Evaluation, Training
from keras_search.results.verdict import judge


@pytest.fixture
def evaluated() -> Evaluation:
    trainings = [Training("baseline", 0, 1, 0.9, 0.5, 1.5), Training("best", 0, None, 0.95, None, 2.5)]
    return Evaluation(
        dataset=EvaluatedData("digits", "a" * 64, training_images=500, notice=""),
        trial_id="03",
        hyperparameters={"units": 8, "activation": "relu", "bias": True},
        epochs=None,
        trainings=trainings,
        verdict=judge([0.9], [0.95], documented=0.1135),
        most_frequent_class=(0.25, 3),
        reloaded_accuracy=0.95,
        same=False,
    )


def test_what_is_written_is_read(evaluated: Evaluation, tmp_path: Path) -> None:
    assert evaluation.read(tmp_path) is None
    evaluated.write(tmp_path)
    assert evaluation.read(tmp_path) == evaluated
    assert evaluated.accuracies == {"baseline": [0.9], "best": [0.95]}
    assert evaluated.epochs_trained == {"baseline": 1, "best": None}


def test_what_a_later_version_adds_is_passed_over(evaluated: Evaluation, tmp_path: Path) -> None:
    evaluated.write(tmp_path)
    path = tmp_path / layout.EVALUATION_JSON
    content = json.loads(path.read_text())
    for part in (content, content["dataset"], content["trainings"][0], content["verdict"], content["verdict"]["best"]):
        part["new"] = 1
    path.write_text(json.dumps(content))
    assert evaluation.read(tmp_path) == evaluated


@pytest.mark.parametrize("part", ["dataset", "trial_id", "trainings", "verdict", "most_frequent_class", "same"])
def test_what_lacks_a_part_is_damaged(part: str, evaluated: Evaluation, tmp_path: Path) -> None:
    evaluated.write(tmp_path)
    path = tmp_path / layout.EVALUATION_JSON
    content = json.loads(path.read_text())
    del content[part]
    path.write_text(json.dumps(content))
    with pytest.raises(DamagedFile, match=r"^evaluation\.json is cut off or damaged"):
        evaluation.read(tmp_path)


def test_each_training_is_a_line_of_the_table(evaluated: Evaluation, tmp_path: Path) -> None:
    evaluation.write_trainings(tmp_path, evaluated.trainings)
    lines = list(csv.DictReader((tmp_path / layout.EVALUATION_CSV).open()))
    assert [line["model"] for line in lines] == ["baseline", "best"]
    assert (lines[1]["epochs"], lines[1]["test_loss"], lines[1]["train_s"]) == ("", "", "2.5")
