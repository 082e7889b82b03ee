"""`best --code`: the script has the run's model, data and training, and needs nothing of this toolkit."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from keras_search import search_spaces
from keras_search.commands import app as cli
from keras_search.search_spaces import deep_cnn
from keras_search.tuner import script
from keras_search.tuner.data import datasets
from keras_search.tuner.evaluation import comparison as evaluation
from keras_search.tuner.script import layout
from tests.helpers import Cli, refused, tree
from tests.results.made_run import make_run
from tests.tuner.script.written import evaluated_part, executed, made

README = """\
keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(28, (3, 3), activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)

model.fit(x_train, y_train, batch_size=32, epochs=3)"""
ALONE = """
import runpy, sys
sys.modules.update(dict.fromkeys(["keras_search", "keras_tuner"]))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("function", [datasets.enlarged, datasets.stratified, deep_cnn.cosine])
def test_the_functions_that_it_quotes_are_as_narrow_as_its_own_lines(function: Callable[..., Any]) -> None:
    assert max(map(len, inspect.getsource(function).splitlines())) <= layout.WIDTH


@pytest.mark.slow
def test_it_runs_without_the_toolkit(tmp_path: Path) -> None:
    values = search_spaces.get("baseline_cnn").baseline | {"filters": 8, "dense_units": 32, "epochs": 5}
    run = made(tmp_path / "run", "digits", "baseline_cnn", values)
    before = tree(tmp_path)
    done = CliRunner().invoke(cli.app, ["best", "--code", "--run", str(run.path)])
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert tree(tmp_path) == before
    assert max(map(len, done.stdout.splitlines())) <= layout.WIDTH
    (tmp_path / "best.py").write_text(done.stdout)
    alone = subprocess.run(
        [sys.executable, "-c", ALONE, "best.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert alone.returncode == 0, alone.stderr
    assert "Epoch 3/3" in alone.stdout, "the best epoch of the trial is its third"
    accuracy = re.fullmatch(r"Test accuracy: (0\.\d{4})", alone.stdout.splitlines()[-1])
    assert accuracy is not None
    assert float(accuracy[1]) > 0.7


def test_the_documented_model_reads_as_in_its_readme(tmp_path: Path) -> None:
    run = made(tmp_path / "run", "digits", "baseline_cnn", search_spaces.get("baseline_cnn").baseline)
    assert script.write(run, run_code=True).partition("\n\nmodel = ")[2].partition("\n\n_, accuracy")[0] == README


@pytest.mark.slow
def test_images_of_every_form_are_brought_to_that_of_the_search(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    forms = {
        "bytes": arrays,
        "floats": arrays | {"x_train": arrays["x_train"] / 9.0, "x_test": arrays["x_test"][..., np.newaxis]},
        "colour": {
            name: np.stack([one] * 3, -1) if one.ndim == 3 else one[:, np.newaxis] for name, one in arrays.items()
        },
    }
    for name, stored in forms.items():
        path = tmp_path / f'{name} """ \\.npz'
        np.savez(path, **stored)
        run = made(tmp_path / name, path, "baseline_cnn", search_spaces.get("baseline_cnn").baseline)
        found = executed(evaluated_part(script.write(run, run_code=True)).partition("model = ")[0])
        dataset = evaluation.load_dataset(run)
        for part in ("x_train", "y_train", "x_test", "y_test"):
            np.testing.assert_array_equal(found[part], getattr(dataset, part))
            assert found[part].dtype == getattr(dataset, part).dtype


def test_a_project_of_plain_keras_tuner_and_two_wishes_at_once(cli: Cli, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "made", [{"values": {"rate": 0.1}, "score": 0.9}])
    assert "give --code alone" in refused(cli, tmp_path, "best", "--code", "--evaluate")
    (tmp_path / "runs" / "made" / "run.json").unlink()
    said = refused(cli, tmp_path, "best", "--code", "--run", "made")
    assert "was not made by `search`: what builds its models is not recorded in it" in said
