"""`best --code`: the script has the run's model, data and training, and needs nothing of this toolkit."""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_search import results, search_spaces
from keras_search.commands import app as cli
from keras_search.tuner import InputError, oracles, script
from keras_search.tuner.data import datasets
from keras_search.tuner.evaluation import comparison as evaluation
from keras_search.tuner.script import layout, model, training
from tests.conftest import Cli, refused, tree
from tests.results.made_run import make_run

DEEP = search_spaces.hypermodel(search_spaces.get("deep_cnn"), (28, 28, 1), 10)
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


def hyperparameters(values: dict[str, Any]) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return hp


def points(count: int) -> list[dict[str, Any]]:
    """Random points of `deep_cnn`, after the baseline."""
    declared = keras_tuner.HyperParameters()
    DEEP.declare_hyperparameters(declared)
    oracle = oracles.make("random", keras_tuner.Objective("val_accuracy", "max"), count, 0, declared)
    return [DEEP.baseline, *(oracle.populate_space(str(number))["values"] for number in range(1, count))]


def executed(code: str) -> dict[str, Any]:
    variables: dict[str, Any] = {}
    exec(code, variables)
    return variables


def evaluated_part(code: str) -> str:
    """A script up to its training."""
    return code.partition("model.fit(")[0]


def made(folder: Path, dataset: str | Path, space: str, values: dict[str, Any]) -> results.Run:
    """A run on `dataset` whose best trial is `values`."""
    make_run(folder, [{"values": values, "score": 0.9}])
    data = datasets.load(str(dataset))
    described = json.loads((folder / "run.json").read_text())
    described["dataset"] |= {"name": data.name, "source": data.source, "fingerprint": data.fingerprint}
    described["asked"] |= {"space": space, "space_code": search_spaces.fingerprint(space), "seed": 5}
    (folder / "run.json").write_text(json.dumps(described))
    return results.read(folder)


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
def test_the_models_of_deep_cnn_are_the_same_layer_by_layer() -> None:
    seen = set()
    for values in points(9):
        built = training.build(DEEP, values, 0)
        statements, _ = model.write(built)
        keras.utils.clear_session()
        code = "\n".join(map(layout.laid_out, statements))
        theirs = executed(f"import keras\nfrom keras import layers\n{code}")["model"]
        keras.utils.clear_session()
        ours = DEEP.build(hyperparameters(values))
        assert theirs.count_params() == ours.count_params()
        for one, other in zip(theirs.layers, ours.layers, strict=True):
            assert type(one) is type(other)
            assert one.get_config() == other.get_config()
        compiled, expected = theirs.get_compile_config(), ours.get_compile_config()
        if smoothing := values["label_smoothing"]:
            # Keras's own, for vectors; that it gives the same loss is tested below.
            assert expected.pop("loss")["config"]["smoothing"] == smoothing
            assert compiled.pop("loss")["config"]["label_smoothing"] == smoothing
        assert compiled == expected
        seen |= {(name, value) for name, value in values.items() if isinstance(value, (bool, str, int))}
    choices = [(one.name, value) for one in DEEP.space.hyperparameters for value in one.values]
    assert {choice for choice in choices if isinstance(choice[1], (bool, str, int))} <= seen


@pytest.mark.slow
def test_with_the_same_weights_it_predicts_and_scores_the_same(tmp_path: Path) -> None:
    # As drawn by a search, with smoothed labels and a schedule.
    values = next(one for one in points(9) if one["label_smoothing"] and one["schedule"] == "cosine")
    run = made(tmp_path / "run", "digits", "deep_cnn", values)
    code = script.write(run, run_code=True)
    theirs = executed(evaluated_part(code))
    dataset = evaluation.load_dataset(run)
    np.testing.assert_array_equal(theirs["x_train"], dataset.x_train)
    np.testing.assert_array_equal(theirs["x_test"], dataset.x_test)
    np.testing.assert_array_equal(theirs["y_train"].argmax(axis=1), dataset.y_train)
    ours = DEEP.build(hyperparameters(values))
    theirs["model"].set_weights(ours.get_weights())
    x, y = dataset.x_test[:50], dataset.y_test[:50]
    np.testing.assert_array_equal(theirs["model"].predict(x, verbose=0), ours.predict(x, verbose=0))
    expected = ours.evaluate(x, y, verbose=0)
    assert theirs["model"].evaluate(x, theirs["y_test"][:50], verbose=0) == pytest.approx(expected, rel=1e-5)
    schedule, asked = theirs["schedule"].schedule, DEEP.space.callbacks(hyperparameters(values))[0].schedule
    assert [schedule(epoch) for epoch in range(values["epochs"])] == list(map(asked, range(values["epochs"])))
    assert f"batch_size={values['batch_size']}, epochs=3, callbacks=[schedule])" in code  # the best epoch is the third
    assert "keras.utils.set_random_seed(5)" in code


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


HEAD = """\
import keras, keras_tuner
from keras import layers
def compiled(model, **arguments):
    model.compile(**({"optimizer": "adam", "loss": "sparse_categorical_crossentropy"} | arguments))
    return model
def small(*more):
    return keras.Sequential([keras.Input((10, 12, 1)), *more, layers.Flatten(), layers.Dense(3, "softmax")])
class Fits(keras_tuner.HyperModel):
    def build(self, hp):
        return compiled(small())
"""
FUNCTIONAL = """\
def thing(hp):
    pixels = keras.Input((10, 12, 1), name="pixels")
    x = layers.Conv2D(4, 3, padding="same", kernel_regularizer=keras.regularizers.L2(1e-3))(pixels)
    for block in range(2):
        y = layers.Conv2D(4, 3, padding="same", kernel_initializer="he_normal", name=f"block_{block}")(x)
        y = layers.BatchNormalization(momentum=0.9)(y)
        x = layers.ReLU()(layers.add([x, y]))
    encoder = keras.Model(pixels, layers.GlobalAveragePooling2D()(x), name="encoder")
    image = keras.Input((10, 12, 1))
    mirrored = layers.RandomFlip("horizontal", seed=3)(image)
    shared = layers.Dense(6, activation=keras.activations.gelu, kernel_constraint=keras.constraints.MaxNorm(2.0))
    x = layers.Concatenate()([shared(encoder(image)), shared(encoder(mirrored))])
    x = keras.ops.mean(keras.ops.stack([x, 2 * x]), axis=0)
    head = keras.Sequential([layers.Dropout(hp.Float("dropout", 0.1, 0.5)), layers.Dense(3)])
    schedule = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=100, alpha=0.01)
    return compiled(
        keras.Model(image, head(x)),
        optimizer=keras.optimizers.SGD(schedule, momentum=0.9, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top_2")],
    )
"""
PASSES = """\
class thing(Fits):
    def fit(self, hp, model, *args, **kwargs):
        print("fits")
        given = {"batch_size": hp.Choice("batch", [16, 32]), "epochs": hp.Int("epochs", 1, 9)}
        return model.fit(*args, shuffle=False, **given, **kwargs)
"""
MIXED = """\
def thing(hp):
    keras.config.set_dtype_policy("mixed_float16")
    return compiled(small(layers.Conv2D(2, 3)))
"""


def own(folder: Path, text: str, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> results.Run:
    """A run of the space `thing` in `text`."""
    np.savez(folder / "data.npz", **arrays)
    (folder / "own.py").write_text(HEAD + text)
    return made(folder / "run", folder / "data.npz", f"{folder / 'own.py'}:thing", values)


@pytest.mark.slow
def test_a_functional_model_with_shared_layers_and_models_inside(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    run = own(tmp_path, FUNCTIONAL, arrays, {"dropout": 0.25, "epochs": 3})
    code = script.write(run, run_code=True)
    theirs = executed(evaluated_part(code))["model"]
    space = evaluation.load_space(run, evaluation.load_dataset(run), run_code=True)
    ours = search_spaces.hypermodel(space, (10, 12, 1), 3).build(hyperparameters({"dropout": 0.25, "epochs": 3}))
    assert theirs.count_params() == ours.count_params()
    assert model.is_same(theirs.get_config(), ours.get_config())
    assert model.is_same(theirs.get_compile_config(), ours.get_compile_config())
    theirs.set_weights(ours.get_weights())
    x = arrays["x_test"].astype("float32")[..., np.newaxis]
    np.testing.assert_allclose(theirs.predict(x, verbose=0), ours.predict(x, verbose=0), rtol=1e-5)
    assert "predicted = model.predict(x_test, verbose=0).argmax(axis=-1)" in code
    assert "layers.Dropout(0.25)" in code


def test_a_fit_that_only_passes_arguments_on(
    arrays: dict[str, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = script.write(own(tmp_path, PASSES, arrays, {"batch": 16, "epochs": 3}), run_code=True)
    assert "model.fit(x_train, y_train, batch_size=16, epochs=3, shuffle=False)\n" in code
    printed = capsys.readouterr()
    assert printed.out == "", "it would be part of the script"
    assert "fits" in printed.err


def test_the_dtype_policy_is_set(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    try:
        code = script.write(own(tmp_path, MIXED, arrays, {"epochs": 3}), run_code=True)
    finally:
        keras.config.set_dtype_policy("float32")
    assert 'keras.config.set_dtype_policy("mixed_float16")\n' in code
    assert "dtype=" not in code


REFUSED = {
    "'my_layer' of the class MyLayer": """
        class MyLayer(layers.Layer):
            def call(self, x):
                return x
        def thing(hp):
            return compiled(small(MyLayer()))
        """,
    "a lambda": """
        def thing(hp):
            return compiled(small(layers.Lambda(lambda x: x + 1)))
        """,
    "a model of the class Mine": """
        class Mine(keras.Sequential):
            pass
        def thing(hp):
            return compiled(Mine([keras.Input((10, 12, 1)), layers.Flatten(), layers.Dense(3, "softmax")]))
        """,
    "the function unlike_any": """
        def unlike_any(y_true, y_pred):
            return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
        def thing(hp):
            return compiled(small(), loss=unlike_any)
        """,
    "makes its model predict or score otherwise": """
        def sparse_categorical_crossentropy(y_true, y_pred):
            return 2 * keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
        def thing(hp):
            return compiled(small(), loss=sparse_categorical_crossentropy)
        """,
    "weights that were not drawn by an initializer, 'sequential/conv2d/kernel'": """
        def thing(hp):
            model = small(layers.Conv2D(2, 3))
            model.layers[0].kernel.assign(keras.ops.ones((3, 3, 1, 2)))
            return compiled(model)
        """,
    "a `fit` of its hypermodel that does more than to call `model.fit`": """
        class thing(Fits):
            def fit(self, hp, model, x, y, **kwargs):
                model.fit(x, y, **kwargs)
                model.optimizer.learning_rate = 1e-4
                return model.fit(x, y, **kwargs)
        """,
    "a `fit` of its hypermodel that trains on other arrays": """
        class thing(Fits):
            def fit(self, hp, model, x, y, **kwargs):
                return model.fit(x / 2, y, **kwargs)
        """,
    "the callback EarlyStopping": """
        class thing(Fits):
            def fit(self, hp, model, x, y, callbacks, **kwargs):
                stopping = keras.callbacks.EarlyStopping("loss")
                return model.fit(x, y, callbacks=[*callbacks, stopping], **kwargs)
        """,
    "passes class_weight to `model.fit`": """
        class thing(Fits):
            def fit(self, hp, model, x, y, **kwargs):
                return model.fit(x, y, class_weight={0: 2.0, 1: 1.0, 2: 1.0}, **kwargs)
        """,
    "a `fit` of its hypermodel that needs `validation_data`": """
        class thing(Fits):
            def fit(self, hp, model, x, y, validation_data, **kwargs):
                return model.fit(x, y, validation_data=validation_data, **kwargs)
        """,
}


@pytest.mark.slow
@pytest.mark.parametrize("said", REFUSED)
def test_what_keras_alone_cannot_say_is_named(said: str, arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    run = own(tmp_path, textwrap.dedent(REFUSED[said]), arrays, {"epochs": 3})
    message = "^code: the model of trial 0000 cannot be written with Keras alone: it has .*"
    with pytest.raises(InputError, match=message + re.escape(said)):
        script.write(run, run_code=True)


def test_a_project_of_plain_keras_tuner_and_two_wishes_at_once(cli: Cli, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "made", [{"values": {"rate": 0.1}, "score": 0.9}])
    assert "give one of them" in refused(cli, tmp_path, "best", "--code", "--evaluate")
    (tmp_path / "runs" / "made" / "run.json").unlink()
    said = refused(cli, tmp_path, "best", "--code", "--run", "made")
    assert "was not made by `search`: what builds its models is not recorded in it" in said
