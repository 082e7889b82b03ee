"""What the evaluated model says of the test images."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import cli
import results
from tests.results.made_run import make_run, random_trials
from tests.results.projects import write_trial
from tuner import datasets, evaluation, predictions, runtime


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> results.Run:
    """A run on digits with a model that was never trained: it makes many mistakes."""
    folder = tmp_path_factory.mktemp("evaluated") / "run"
    make_run(folder, random_trials(2), fingerprint=datasets.load("digits").fingerprint)
    (folder / "evaluation.json").write_text(json.dumps({"trial_id": "1"}))
    save_model(folder / "best_model.keras", "softmax")
    return results.read(folder)


def save_model(path: Path, activation: str) -> None:
    runtime.load_tensorflow()
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation=activation)]
    keras.Sequential(layers).save(path)


def test_they_are_those_of_the_saved_model(evaluated: results.Run) -> None:
    import keras

    found = predictions.predict(evaluated)
    dataset = evaluation.load_dataset(evaluated)
    expected = keras.models.load_model(evaluated.path / "best_model.keras").predict(dataset.x_test, verbose=0)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    assert found.labels.tolist() == dataset.y_test.tolist()
    assert "(trial 1)" in found.title
    assert "297 test images of digits" in found.title


def test_logits_become_probabilities(evaluated: results.Run, tmp_path: Path) -> None:
    before = predictions.predict(evaluated)
    shutil.copytree(evaluated.path, tmp_path / "run")
    save_model(tmp_path / "run" / "best_model.keras", "linear")
    after = predictions.predict(results.read(tmp_path / "run"))
    np.testing.assert_allclose(after.probabilities, before.probabilities, atol=1e-5)


def test_the_command_draws_matrix_and_mistakes(evaluated: results.Run, tmp_path: Path) -> None:
    arguments = ["plot", str(evaluated.path), "--kind", "confusion", "--kind", "mistakes", "--out", str(tmp_path)]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    written = {"confusion.png", "confusion.svg", "mistakes.png", "mistakes.svg"}
    assert {path.name for path in tmp_path.iterdir()} == written


def test_the_report_has_matrix_and_mistakes(evaluated: results.Run, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = CliRunner().invoke(cli.app, ["report", str(evaluated.path), "--out", str(out)])
    assert done.exit_code == 0, done.output
    page = out.read_text()
    assert '<figure class="confusion">' in page
    assert '<figure class="mistakes">' in page
    assert 'alt="Images that were mistaken: best_model.keras of run (trial 1), on the 297 test images' in page


def test_what_is_not_there_is_named(evaluated: results.Run, tmp_path: Path) -> None:
    with pytest.raises(results.RunError, match=r"has no evaluated model: `python cli.py best --run .* --evaluate`"):
        predictions.predict(make_run(tmp_path / "other", random_trials(1)))
    write_trial(tmp_path / "project", "0")
    with pytest.raises(results.RunError, match="has no dataset recorded, on which its best model could be tested"):
        predictions.predict(results.read(tmp_path / "project"))
    shutil.copytree(evaluated.path, tmp_path / "run")
    (tmp_path / "run" / "best_model.keras").write_text("no model")
    with pytest.raises(results.RunError, match=r"cannot be read back .*: evaluate the run again"):
        predictions.predict(results.read(tmp_path / "run"))
    described = json.loads((tmp_path / "run" / "run.json").read_text())
    described["dataset"]["fingerprint"] = "0" * 64
    (tmp_path / "run" / "run.json").write_text(json.dumps(described))
    with pytest.raises(results.RunError, match=r"dataset 'digits' has changed"):
        predictions.predict(results.read(tmp_path / "run"))
