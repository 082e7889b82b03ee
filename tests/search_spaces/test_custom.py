"""The user's own space: what it may be, and how mistakes in it are reported."""

import csv
import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import keras_tuner
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_search import search_spaces
from keras_search.commands import app as command_line
from keras_search.search_spaces import SpaceError
from keras_search.search_spaces.custom import CustomSpace
from tests.helpers import ROOT

HEAD = """\
import keras, keras_tuner
def compiled(units, shape=(8, 8, 1)):
    layers = [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(units), keras.layers.Dense(3, 'softmax')]
    model = keras.Sequential(layers)
    model.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])
    return model
"""
FORMS = {
    "function": "def thing(hp):\n    return compiled(hp.Int('units', 2, 9))\n",
    "function_of_data": (
        "def thing(hp, input_shape, num_classes):\n"
        "    assert num_classes == 3\n"
        "    return compiled(hp.Int('units', 2, 9), input_shape)\n"
    ),
    "class": (
        "class thing(keras_tuner.HyperModel):\n"
        "    def build(self, hp):\n"
        "        return compiled(hp.Int('units', 2, 9))\n"
    ),
    "object": (
        "class Own(keras_tuner.HyperModel):\n"
        "    def build(self, hp):\n"
        "        return compiled(hp.Int('units', 2, 9))\n"
        "thing = Own()\n"
    ),
}


def load(folder: Path, text: str, name: str = "thing") -> CustomSpace:
    path = folder / "own.py"
    path.write_text(HEAD + text)
    return search_spaces.load(f"{path}:{name}", (8, 8, 1), 3)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_taken(form: str, tmp_path: Path) -> None:
    space = load(tmp_path, FORMS[form])
    assert space.name == "thing"
    assert [hyperparameter.name for hyperparameter in space.hyperparameters] == ["units", "epochs"]
    assert space.baseline == {"units": 2, "epochs": 10}
    hp = keras_tuner.HyperParameters()
    hp.values = {"units": 5, "epochs": 1}
    assert space.hypermodel((8, 8, 1), 3).build(hp).layers[1].units == 5


def test_its_own_baseline_epochs_and_fit_stand(tmp_path: Path) -> None:
    space = load(
        tmp_path,
        "class thing(keras_tuner.HyperModel):\n"
        "    baseline = {'units': 7}\n"
        "    def build(self, hp):\n"
        "        return compiled(hp.Int('units', 2, 9))\n"
        "    def fit(self, hp, model, *args, **kwargs):\n"
        "        return model.fit(*args, epochs=3, **kwargs)\n",
    )
    assert space.baseline == {"units": 7}


def test_its_baseline_may_name_what_is_declared_only_there(tmp_path: Path) -> None:
    text = (
        "class thing(keras_tuner.HyperModel):\n"
        "    baseline = {'deep': True, 'units': 7}\n"
        "    def build(self, hp):\n"
        "        return compiled(hp.Int('units', 2, 9) + hp.Int('more', 1, 5) if hp.Boolean('deep') else 2)\n"
    )
    space = load(tmp_path, text)
    assert space.baseline == {"deep": True, "units": 7, "more": 1, "epochs": 10}
    assert {declared.name for declared in space.hyperparameters} == set(space.baseline)
    with pytest.raises(SpaceError, match="its baseline names 'unit', which is no hyperparameter of it"):
        load(tmp_path, text.replace("'units': 7", "'unit': 7"))


MISTAKES = [
    ("def thing(hp):\n    return 1 / 0\n", r"ZeroDivisionError: division by zero \(.*own.py, line 8\)"),
    ("def thing(hp)\n", r"SyntaxError: .* \(.*own.py, line 7\)"),
    ("import nothing_like_it\n", r"No module named 'nothing_like_it' \(.*own.py, line 7\)"),
    ("thing = 3\n", "is a int: it must be a keras_tuner.HyperModel or a function"),
    ("other = 3\n", "has no 'thing'"),
    ("raise SystemExit(0)\n", r"fails: SystemExit: 0 \(.*own.py, line 7\)"),
    ("def thing(hp):\n    exit()\n", r"fails: SystemExit: None \(.*own.py, line 8\)"),
    ("def thing(hp):\n    raise KeyboardInterrupt\n", r"fails: KeyboardInterrupt \(.*own.py, line 8\)"),
    ("def thing(hp):\n    raise GeneratorExit\n", r"fails: GeneratorExit \(.*own.py, line 8\)"),
    ("def thing(hp):\n    return 3\n", "must build a Keras model, it built a int"),
    ("def thing(hp):\n    return keras.Sequential([keras.Input((2,))])\n", "must compile its model"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_shown_with_the_users_own_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match=message):
        load(tmp_path, text)


def test_ctrl_c_is_no_mistake(tmp_path: Path) -> None:
    text = (
        "import signal, sys\ntry:\n    signal.raise_signal(signal.SIGINT)\nexcept KeyboardInterrupt:\n    sys.exit(1)\n"
    )
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        load(tmp_path, text)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_file_or_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match=r"there is no file 'nowhere\.py'"):
        search_spaces.load("nowhere.py:thing", (8, 8, 1), 3)
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(SpaceError, match=r"folder\.py' is a folder: name a file"):
        search_spaces.check(f"{tmp_path}/folder.py:thing")
    with pytest.raises(SpaceError, match="No module named 'nowhere'"):
        search_spaces.load("nowhere:thing", (8, 8, 1), 3)


@pytest.mark.slow
def test_a_fit_that_validates_by_itself_is_searched_and_evaluated(
    arrays: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", **arrays)
    Path("own.py").write_text(
        HEAD + "class thing(keras_tuner.HyperModel):\n"
        "    baseline = {'units': 3}\n"
        "    def build(self, hp):\n"
        "        return compiled(hp.Int('units', 2, 3) * hp.Int('epochs', 2, 3), (10, 12, 1))\n"
        "    def fit(self, hp, model, x, y, validation_data, callbacks):\n"
        "        print('trained on', y.tolist(), x.sum(), 'validated on', validation_data[0].sum())\n"
        "        model.fit(x, y, epochs=hp['epochs'], callbacks=callbacks)\n"
        "        return {'val_accuracy': hp['units'] / hp['epochs']}\n"
    )
    search = ["search", "--space", "own.py:thing", "--dataset", "data.npz", "--trials", "2", "--workers", "0"]
    printed = done(*search, "--run", "own")
    evaluation = done("best", "--evaluate", "--run-code", "--seeds", "1", "--workers", "0")
    assert "val_accuracy 1.5000, " in evaluation, "the epoch of such a score is not known"
    assert "on all 60 training images of data but a sixth, held back as the validation_data that" in evaluation
    # On the images of the search, never on the test images.
    fits = [line for line in (printed + evaluation).splitlines() if line.startswith("trained on")]
    assert len(fits) == 3
    assert len(set(fits)) == 1
    with Path("runs/own/evaluation.csv").open(newline="") as file:
        assert [row["epochs"] for row in csv.DictReader(file)] == ["2", "2"]
    assert json.loads(Path("runs/own/evaluation.json").read_text())["dataset"]["training_images"] == 50

    with Path("own.py").open("a") as file:
        file.write("# changed\n")
    refusal = CliRunner().invoke(command_line.app, ["best", "--evaluate", "--run-code"])
    assert refusal.exit_code == 2
    assert "own.py:thing' has changed since run 'runs/own' was made: put the old file back" in refusal.stderr


OWN_LOOP = """
class thing(keras_tuner.HyperModel):
    def build(self, hp):
        units = hp.Int("units", 2, 30, default=3)
        return keras.Sequential([keras.Input((10, 12, 1)), keras.layers.Flatten(), keras.layers.Dense(units),
                                 keras.layers.Dense(3, "softmax")])

    def fit(self, hp, model, x, y, callbacks, validation_data=None):
        optimizer, loss = keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy()
        begun(model, callbacks)
        for epoch in range(2):
            with tf.GradientTape() as tape:
                error = loss(y, model(x, training=True))
            optimizer.apply(tape.gradient(error, model.trainable_variables), model.trainable_variables)
            for callback in callbacks:
                callback.on_epoch_end(epoch, {"own": float(error)})
        return {"own": float(error)}
"""
BEGINNINGS = {
    "told": """
def begun(model, callbacks):
    model.compile(keras.optimizers.Adam())
    callbacks[:] = [keras.callbacks.CallbackList(callbacks, add_history=True, model=model, epochs=2)]
    callbacks[0].on_train_begin()
""",
    "silent": """
def begun(model, callbacks):
    callbacks.clear()
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_loop_of_ones_own_is_searched_and_evaluated(
    beginning: str, arrays: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", **arrays)
    Path("own.py").write_text("import tensorflow as tf\n" + HEAD + BEGINNINGS[beginning] + OWN_LOOP)
    search = ["search", "--space", "own.py:thing", "--dataset", "data.npz", "--trials", "2", "--workers", "0"]
    printed = done(*search, "--run", "own", "--objective", "own:min")
    assert "[2/2] trial 1" in printed
    assert "FAILED" not in printed
    evaluation = done("best", "--evaluate", "--run-code", "--seeds", "1", "--workers", "0")
    said, epochs = ("trained", "") if beginning == "silent" else ("2 epochs", "2")
    assert re.search(rf"^best, seed 0: {said} in \d+\.\d s, test accuracy \d\.\d{{4}}$", evaluation, re.MULTILINE)
    with Path("runs/own/evaluation.csv").open(newline="") as file:
        assert {(row["epochs"], row["test_loss"]) for row in csv.DictReader(file)} == {(epochs, "")}
    done("report")


def done(*arguments: str) -> str:
    """The output of a command that is run in this process."""
    result = CliRunner().invoke(command_line.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.slow
def test_the_example_is_searched_and_evaluated(cli: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    example = f"{ROOT / 'examples' / 'mlp.py'}:MLP"
    done = cli(
        "search", "--space", example, "--dataset", "digits", "--trials", "2", "--oracle", "tpe", "--pruner", "asha",
        "--objective", "val_loss", "--set", "epochs=1:2", "--workers", "0", "--run", "mlp",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "val_loss" in done.stdout
    best = cli("best", "--evaluate", "--run-code", "--seeds", "1", "--workers", "0")
    assert best.returncode == 0, best.stderr
    assert ("Best minus baseline" in best.stdout) != ("The best configuration is the baseline itself" in best.stdout)
