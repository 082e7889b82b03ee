"""Keras on JAX or PyTorch, from a search to a prediction: run with KERAS_BACKEND=jax, in an environment that has it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keras_search.tuner import backend

if backend.name() == backend.DEFAULT:
    pytest.skip("Keras runs on TensorFlow, which all other tests are about", allow_module_level=True)

import keras
import keras_tuner

from keras_search.tuner import InputError, Tuner
from keras_search.tuner.record import run_record
from tests.helpers import ROOT, run_cli
from tests.tuner.trial.interrupted import early_stopping, killing, outcome, tuner

RNG = np.random.default_rng(0)
X, Y = RNG.random((96, 6, 6, 1), dtype="float32"), RNG.integers(0, 3, 96)
DATA: dict[str, Any] = {"x": X, "y": Y, "validation_data": (X, Y), "epochs": 5, "verbose": 0}


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(hp.Int("units", 4, 40), "relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Unbuilt(keras_tuner.HyperModel):
    """Its model is built by its first batch."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        model = keras.Sequential(build(hp).layers)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


class Alone(keras_tuner.HyperModel):
    """Notes what its process was given."""

    def __init__(self, notes: Path) -> None:
        super().__init__()
        self.notes = notes

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return build(hp)

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        history = model.fit(*args, **kwargs)
        names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
        threads = sys.modules["torch"].get_num_threads() if "torch" in sys.modules else names.count("tf_XLAEigen")
        self.notes.write_text(f"{keras.config.backend()} {threads} {'tensorflow' in sys.modules}")
        return history


def scores(tuner: Tuner) -> dict[str, float]:
    return {trial_id: trial.score for trial_id, trial in tuner.oracle.trials.items()}


def test_a_worker_has_one_thread_and_trains_as_this_process_does(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    searched = []
    for workers in (2, 0):
        made = Tuner(
            Alone(tmp_path / f"{workers}"), "val_loss", 3, workers=workers, directory=tmp_path / f"of{workers}"
        )
        made.search(**DATA | {"verbose": 1})
        searched.append(scores(made))
    assert (tmp_path / "2").read_text() == f"{backend.name()} 1 False"
    assert searched[0] == pytest.approx(searched[1], rel=1e-5)
    said = [line for line in capsys.readouterr().out.splitlines() if "no acceleration" in line]
    assert (
        said
        == [f"trials take longer, for no acceleration is used: Keras runs on {backend.title()}, not on TensorFlow"] * 2
    )


@pytest.mark.parametrize("hypermodel", [build, Unbuilt()], ids=["built", "unbuilt"])
def test_a_trial_that_was_interrupted_equals_one_that_was_not(
    hypermodel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tuner(tmp_path / "whole", hypermodel)
    whole.search(**DATA, callbacks=early_stopping())
    with monkeypatch.context() as patch:
        killing(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            tuner(tmp_path / "part", hypermodel).search(**DATA, callbacks=early_stopping())
    going_on = tuner(tmp_path / "part", hypermodel)
    going_on.search(**DATA, callbacks=early_stopping())
    assert outcome(going_on) == outcome(whole)


def test_hyperband_goes_on_with_its_trials_and_repeats_them(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    oracle = keras_tuner.oracles.HyperbandOracle(
        keras_tuner.Objective("val_loss", "min"), max_epochs=4, factor=2, seed=1
    )
    made = Tuner(build, oracle=oracle, workers=0, keep_weights=0, directory=tmp_path)
    made.search(**{name: value for name, value in DATA.items() if name != "epochs"})
    continued = [trial for trial in made.oracle.trials.values() if "tuner/trial_id" in trial.hyperparameters.values]
    assert continued
    best = made.oracle.get_best_trials()[0]
    [model] = made.get_best_models()
    assert "1 trial trained once more" in capsys.readouterr().out
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(best.score, rel=1e-4)


def test_the_run_of_another_backend_is_refused(tmp_path: Path) -> None:
    first = Tuner(build, "val_loss", 1, workers=0, directory=tmp_path, project_name="run")
    first.search(**DATA)
    del first
    question = run_record.read_question(tmp_path / "run")
    assert question["backend"] == backend.name()
    run_record.write_question(
        tmp_path / "run", question | {"backend": "tensorflow"}, {"name": "val_loss", "direction": "min"}
    )
    again = Tuner(build, "val_loss", 2, workers=0, directory=tmp_path, project_name="run")
    with pytest.raises(InputError, match=f"backend was tensorflow and is now {backend.name()}"):
        again.search(**DATA)
    assert again.get_best_models()[0].evaluate(X, Y, verbose=0)[0] == pytest.approx(
        again.oracle.trials["0"].score, rel=1e-4
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_data_loaders_are_data(workers: int, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    examples = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    loader = torch.utils.data.DataLoader(examples, batch_size=16, shuffle=True)
    made = Tuner(build, "val_loss", 2, workers=workers, directory=tmp_path)
    made.search(loader, validation_data=torch.utils.data.DataLoader(examples, batch_size=32), epochs=2, verbose=0)
    assert all(np.isfinite(score) for score in scores(made).values())
    again = Tuner(build, "val_loss", 2, workers=0, directory=tmp_path / "again")
    again.search(loader, validation_data=torch.utils.data.DataLoader(examples, batch_size=32), epochs=2, verbose=0)
    assert scores(again) == pytest.approx(scores(made), rel=1e-5)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished search from the command line, whose best configuration was evaluated."""
    folder = tmp_path_factory.mktemp("command line")
    wanted = ["--dataset", "digits", "--train-samples", "400", "--set", "epochs=1:2", "--trials", "2", "--run", "run"]
    done = run_cli("search", "--workers", "2", "--tensorboard", *wanted, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f"Keras runs on {backend.title()}" in done.stdout
    return folder


def test_the_best_is_evaluated_and_predicts(run: Path) -> None:
    evaluated = run_cli("best", "--run", "run", "--evaluate", "--seeds", "2", "--workers", "2", cwd=run)
    assert evaluated.returncode == 0, evaluated.stderr
    assert re.search(r"best configuration +\d +2 +\d\d\.\d\d%", evaluated.stdout)
    run_cli("samples", "--dataset", "digits", "--out", "digits.png", cwd=run)
    predicted = run_cli("predict", "digits.png", "--run", "run", cwd=run)
    assert predicted.returncode == 0, predicted.stderr
    report = run_cli("report", "run", cwd=run)
    assert report.returncode == 0, report.stderr
    assert backend.name() in next((run / "runs" / "run").glob("*.html")).read_text()


def test_the_script_of_the_best_runs_on_its_backend(run: Path) -> None:
    printed = run_cli("best", "--run", "run", "--code", cwd=run)
    assert printed.returncode == 0, printed.stderr
    (run / "best.py").write_text(printed.stdout)
    plain = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run([sys.executable, "best.py"], cwd=run, env=plain, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"Test accuracy: 0\.\d+", done.stdout)


def test_a_baseline_is_trained(tmp_path: Path) -> None:
    done = run_cli("baseline", "--dataset", "digits", "--seeds", "1", "--workers", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_tensorflow_is_not_loaded(tmp_path: Path) -> None:
    script = """
import sys
import numpy as np
import keras_search as kt

def build(hp):
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int("units", 1, 9)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model

tuner = kt.RandomSearch(build, "val_loss", 2, workers=0, tensorboard=True)
tuner.search(np.zeros((8, 2)), np.zeros((8, 1)), validation_data=(np.zeros((8, 2)), np.zeros((8, 1))), verbose=0)
tuner.get_best_models()
sys.exit("tensorflow" in sys.modules)
"""
    paths = os.pathsep.join([str(ROOT), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
