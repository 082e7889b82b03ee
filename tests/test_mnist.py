"""The main job on the real MNIST digits."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import ROOT, run_cli

MNIST = ROOT.parent / "shared" / "data" / "mnist.npz"

pytestmark = [
    pytest.mark.mnist,
    pytest.mark.skipif(not MNIST.is_file(), reason=f"the real MNIST digits are not at {MNIST}"),
]


def test_mnist_is_known_by_its_arrays_whatever_the_file_is_called(tmp_path: Path) -> None:
    from keras_search.tuner.data import datasets

    renamed = tmp_path / "renamed.npz"
    shutil.copy(MNIST, renamed)
    dataset = datasets.load(str(renamed))
    assert dataset.name == "mnist"
    assert dataset.documented_accuracy == 0.1135
    assert np.mean(dataset.y_test == 1) == 0.1135
    split = datasets.split(dataset, 0)
    assert len(split.x_train) == 50_000
    assert len(split.x_validation) == 10_000


@pytest.mark.slow
def test_search_and_best_on_mnist(tmp_path: Path) -> None:
    search = ["search", "--trials", "2", "--dataset", MNIST, "--train-samples", "3000", "--workers", "0"]
    done = run_cli(*search, "--set", "epochs=1", "--set", "filters=4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mnist: 60,000 training and 10,000 test images, 28x28x1, 10 classes; 2,500 to train on" in done.stdout
    run = tmp_path / "runs" / "mnist-baseline_cnn-random-seed0"

    done = run_cli("best", "--evaluate", "--seeds", "1", "--workers", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation["verdict"]["documented"] == 0.1135
    assert evaluation["verdict"]["baseline"]["mean"] >= 0.97
    assert "baseline as documented" in done.stdout
    assert "11.35% is the share of ones in the test set" in done.stdout
    assert "a model that always answers 1" in done.stdout
    same = evaluation["same"]
    assert ("The best configuration is the baseline itself" in done.stdout) == same
    assert ("One seed says nothing on significance" in done.stdout) != same
