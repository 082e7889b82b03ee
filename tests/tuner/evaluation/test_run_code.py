"""Reading somebody's run runs no code that it names or holds, unless --run-code says so."""

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from keras_search import results, search_spaces
from keras_search.commands import app as cli
from keras_search.tuner.data import datasets
from keras_search.tuner.evaluation import predictions, saved_model
from tests.helpers import mostly_slow
from tests.results.made_run import evaluate, make_run

SPACE = """\
from pathlib import Path
import keras

Path({marker!r}).write_text("it was run")


@keras.saving.register_keras_serializable("theirs")
class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def thing(hp):
    hp.Float("rate", 0.1, 0.9)
    model = keras.Sequential([keras.Input((10, 12, 1)), keras.layers.Flatten(), {layer}keras.layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model
"""
LAYERS = {"keras": "", "own": "Twice(), "}


@keras.saving.register_keras_serializable("theirs")
class Twice(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


@pytest.fixture
def run(space: str, layer: str, arrays: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An evaluated run of a space of its author's, whose model is of Keras's layers or has one of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, ""])
    np.savez("data.npz", **arrays)
    place = space.partition(":")[0].removesuffix(".py")
    Path(f"{place}.py").write_text(SPACE.format(marker=str(tmp_path / "marker"), layer=LAYERS[layer]))
    data = datasets.load(str(tmp_path / "data.npz"))
    name = str(tmp_path / space) if space.startswith("own") else space
    made = make_run(tmp_path / "run", [{"values": {"rate": 0.1}, "score": 0.9}], fingerprint=data.fingerprint)
    evaluate(made, [0.9], [0.9])
    path = made.path
    change(path / "run.json", "dataset", name="data", source=data.source)
    code = search_spaces.fingerprint(name)
    change(path / "run.json", "asked", space=name, space_code=code)
    layers = [keras.Input((10, 12, 1)), keras.layers.Flatten(), *([Twice()] if layer == "own" else [])]
    keras.Sequential([*layers, keras.layers.Dense(3)]).save(path / "best_model.keras")
    return path


def change(path: Path, part: str, **values: Any) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {part: content[part] | values}))


def invoke(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, list(map(str, arguments)), catch_exceptions=False)
    return done.exit_code, " ".join(done.output.split())


# What `run.json` names: a file of the run's author, or a module beside the current folder.
@pytest.mark.parametrize(
    ("space", "layer"),
    mostly_slow([("own.py:thing", "own"), ("own.py:thing", "keras"), ("beside:thing", "own")], 1),
)
def test_nothing_is_run_that_was_not_allowed(run: Path, space: str, layer: str, tmp_path: Path) -> None:
    Image.new("L", (12, 10)).save("picture.png")
    named = str(tmp_path / "own.py") if space.startswith("own") else "the module 'beside'"
    for arguments in (["results", run], ["best", "--run", run], ["plot", run], ["report", run]):
        code, said = invoke(*arguments)
        assert code == 0, said
        if arguments[0] == "plot":
            assert ("Left out confusion and mistakes" in said and named in said) == (layer == "own")
            assert (run / "plots" / "confusion.png").is_file() == (layer == "keras")
        if arguments[0] == "report":
            assert "NOTE: the page has no script" in said
            assert "--run-code" in said
    for arguments in (["best", "--evaluate", "--run", run], ["best", "--code", "--run", run]):
        code, said = invoke(*arguments)
        assert code == 2
        assert "--run-code" in said
        assert named in said
    code, said = invoke("predict", "picture.png", "--run", run)
    assert code == (2 if layer == "own" else 0)
    assert ("--run-code" in said) == (layer == "own")
    assert not Path("marker").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("space", "layer"), [("own.py:thing", "own")])
def test_it_is_run_where_that_is_allowed(run: Path) -> None:
    code, said = invoke("plot", run, "--kind", "confusion", "--run-code")
    assert code == 0, said
    assert Path("marker").exists()
    _, said = invoke("report", run, "--run-code")
    assert "NOTE: the page has no script of the best configuration: the model of trial 0000 cannot be written" in said


# Keras would import, call or hand out all of these, in its safe mode too.
FOREIGN = [
    {"module": "keras_hub.anything", "class_name": "Thing", "config": {}, "registered_name": "Thing"},
    {"module": "keras.utils", "class_name": "function", "config": "get_source_inputs", "registered_name": None},
    {"module": "theirs", "class_name": "Thing", "config": {}, "registered_name": "theirs>Thing"},
    {"class_name": "__lambda__", "config": {"value": "4wEA"}},
    {"class_name": "Lambda", "config": {"function": ["4wEA", None, None], "function_type": "lambda"}},
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=[one["class_name"] for one in FOREIGN])
def test_a_model_with_foreign_parts_is_not_read(foreign: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "best_model.keras"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)]).save(path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    config["config"]["layers"][1]["config"]["activation"] = foreign
    content["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(saved_model.ForeignCode):
        saved_model.load(path)


LARGE = [
    keras.layers.Dense(2, activation=keras.activations.gelu, kernel_regularizer=keras.regularizers.L2(0.1)),
    keras.layers.Dense(2, kernel_initializer=keras.initializers.HeNormal(1), dtype="mixed_float16"),
    keras.layers.Dense(2, kernel_constraint=keras.constraints.MaxNorm(2.0), activation="relu"),
    keras.layers.LSTM(2, recurrent_activation="hard_sigmoid"),
    keras.layers.Bidirectional(keras.layers.GRU(2)),
    keras.Sequential([keras.layers.Dense(2), keras.layers.Normalization(mean=[0.0, 1.0], variance=[1.0, 2.0])]),
]


@pytest.mark.parametrize("layer", mostly_slow(LARGE, 1), ids=lambda one: type(one).__name__)
def test_any_model_of_keras_is_read(layer: keras.layers.Layer, tmp_path: Path) -> None:
    x = keras.Input((4, 2))
    y = keras.ops.mean(keras.layers.Concatenate()([layer(x), layer(2 * x)]), axis=-1)
    model = keras.Model(x, y)
    model.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.1, 5)), keras.losses.Huber())
    model.save(tmp_path / "best_model.keras")
    again = saved_model.load(tmp_path / "best_model.keras")
    data = np.ones((1, 4, 2))
    np.testing.assert_allclose(model.predict(data, verbose=0), again.predict(data, verbose=0))


OTHERS = {
    "shape": lambda: [keras.Input((3,)), keras.layers.Dense(3)],
    "classes": lambda: [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)],
    "images": lambda: [keras.Input((8, 8, 1)), keras.layers.Conv2D(10, 3)],
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_model_of_something_else_is_refused(other: str, tmp_path: Path) -> None:
    fingerprint = datasets.load("digits").fingerprint
    run = make_run(tmp_path / "run", [{"values": {"rate": 0.1}, "score": 0.9}], fingerprint=fingerprint)
    evaluate(run, [0.9], [0.9])
    keras.Sequential(OTHERS[other]()).save(run.path / "best_model.keras")
    with pytest.raises(results.RunError, match=r"best_model\.keras' is no model for digits"):
        predictions.predict(run)
