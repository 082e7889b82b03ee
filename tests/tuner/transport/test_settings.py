"""What a script has set beside its hypermodel decides what is trained in a worker as it does in its own process."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from keras_search import results
from keras_search.tuner import Tuner
from keras_search.tuner.executors.in_process import InProcessExecutor
from keras_search.tuner.executors.pool import WorkerPool
from keras_search.tuner.transport import settings
from tests.helpers import mostly_slow

RNG = np.random.default_rng(0)
X, Y = RNG.random((40, 3, 8, 6)), np.arange(40) % 2
# Keras has them from 3.10 on.
LIMITS = [name for name in ("max_epochs", "max_steps_per_epoch") if hasattr(keras.config, name)]


@pytest.fixture(scope="module")
def one_worker() -> Iterator[WorkerPool]:
    """A worker that lives through all of the tests, as one does through several searches."""
    with WorkerPool(1) as pool:
        yield pool


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    with settings.kept():
        yield


def seen() -> dict[str, object]:
    """What a call sees of the settings, through the public getters."""
    return {
        "floatx": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
        "image_data_format": keras.config.image_data_format(),
        "dtype_policy": keras.layers.Dense(1).dtype_policy.name,
        "flash_attention": keras.config.is_flash_attention_enabled(),
        "interactive_logging": keras.config.is_interactive_logging_enabled(),
        "traceback_filtering": keras.config.is_traceback_filtering_enabled(),
        "run_functions_eagerly": tf.config.functions_run_eagerly(),
        "soft_device_placement": tf.config.get_soft_device_placement(),
        "jit": tf.config.optimizer.get_jit(),
        "graph_options": tf.config.optimizer.get_experimental_options().get("constant_folding"),
        "tensor_float_32": tf.config.experimental.tensor_float_32_execution_enabled(),
        "numpy_promotion": str((tf.ones([], tf.int64) + 1.5).dtype) if promotes() else None,
        "variable": os.environ.get("A_VARIABLE_OF_THE_SCRIPT"),
        "directory": str(Path.cwd()),
        "path": "/tmp" in sys.path,
        "recursion_limit": sys.getrecursionlimit(),
        **{name: getattr(keras.config, name)() for name in LIMITS},
    }


def promotes() -> bool:
    try:
        tf.ones([], tf.int64) + 1.5
    except (TypeError, tf.errors.InvalidArgumentError):
        return False
    return True


def set_everything() -> None:
    keras.config.set_floatx("float64")
    keras.config.set_epsilon(1e-3)
    keras.config.set_image_data_format("channels_first")
    keras.config.set_dtype_policy("mixed_bfloat16")
    if LIMITS:
        keras.config.set_max_epochs(7)
        keras.config.set_max_steps_per_epoch(8)
    keras.config.disable_flash_attention()
    keras.config.disable_interactive_logging()
    keras.config.disable_traceback_filtering()
    tf.config.run_functions_eagerly(True)
    tf.config.set_soft_device_placement(False)
    tf.config.optimizer.set_jit("autoclustering")
    tf.config.optimizer.set_experimental_options({"constant_folding": False})
    tf.config.experimental.enable_tensor_float_32_execution(False)
    tf.experimental.numpy.experimental_enable_numpy_behavior()
    os.environ["A_VARIABLE_OF_THE_SCRIPT"] = "set"
    os.chdir("/")
    sys.path.append("/tmp")
    sys.setrecursionlimit(sys.getrecursionlimit() + 77)


def test_every_setting_reaches_a_worker_that_runs_already_and_leaves_it_with_the_script(
    one_worker: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("A_VARIABLE_OF_THE_SCRIPT", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = seen()
    assert one_worker.submit(seen).result() == before
    with settings.kept():
        set_everything()
        there = seen()
        assert one_worker.submit(seen).result() == there
        assert [name for name in before if before[name] == there[name]] == []
    monkeypatch.delenv("A_VARIABLE_OF_THE_SCRIPT")
    sys.path.remove("/tmp")
    assert seen() == before
    assert one_worker.submit(seen).result() == before


def test_a_folder_that_is_first_on_the_path_of_a_script_is_first_in_a_worker(
    one_worker: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = one_worker.submit(lambda: list(sys.path)).result()
    first, last = tmp_path / "first", tmp_path / "last"
    first.mkdir()
    last.mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "gone"), str(first), *sys.path, str(last)])
    assert one_worker.submit(lambda: list(sys.path)).result() == [str(first), *there, str(last)]


@pytest.mark.parametrize("workers", [0, 1])
def test_what_a_call_sets_is_gone_when_it_ends(workers: int, one_worker: WorkerPool) -> None:
    executor = one_worker if workers else InProcessExecutor()
    before = seen()
    executor.submit(set_everything).result()
    there = executor.submit(seen).result()
    left = ("variable", "path")  # a module that is imported once may have set these for good
    assert {name: there[name] for name in before if name not in left} == {
        name: before[name] for name in before if name not in left
    }
    executor.submit(os.environ.pop, "A_VARIABLE_OF_THE_SCRIPT").result()
    executor.submit(lambda: sys.path.remove("/tmp")).result()


def image_model(hp: keras_tuner.HyperParameters) -> keras.Model:
    """What it becomes depends on the settings: with channels_first 3 means, else 6."""
    hp.Fixed("kind", "image")
    layers = [keras.Input((3, 8, 6)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, "softmax")]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def searched(folder: Path, build: object, **arguments: object) -> tuple[list[dict[str, object]], keras.Model]:
    tuner = Tuner(build, "val_loss", max_trials=2, directory=folder, project_name="run", **arguments)
    tuner.search(X, Y, epochs=2, validation_split=0.2, verbose=0)
    table = results.read(folder / "run").trials
    return table[["status", "parameters", "score", "epochs_run", "error"]].to_dict("records"), tuner.get_best_models()[
        0
    ]


def set_float64() -> None:
    keras.config.set_floatx("float64")
    keras.config.set_image_data_format("channels_first")
    if LIMITS:
        keras.config.set_max_steps_per_epoch(1)


def set_policy() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    if LIMITS:
        keras.config.set_max_epochs(1)


@pytest.mark.slow
def test_a_script_with_settings_gets_the_same_models_with_and_without_workers(
    tmp_path: Path, one_worker: WorkerPool
) -> None:
    """One after the other, in one worker, so that what one leaves behind would be seen in the next."""
    for name, script, epochs in (("float64", set_float64, 2), ("float32", set_policy, 1 if LIMITS else 2)):
        with settings.kept():
            script()
            here, model_here = searched(tmp_path / name / "here", image_model, workers=0)
            there, model_there = searched(tmp_path / name / "there", image_model, executor=one_worker)
        assert [row["status"] for row in here] == ["COMPLETED"], (name, here)
        # A worker has one thread, so it adds in another order.
        assert here[0].pop("score") == pytest.approx(there[0].pop("score"), rel=1e-3), name
        assert here == there, name
        policies = [[layer.dtype_policy.name for layer in model.layers] for model in (model_here, model_there)]
        assert policies[0] == policies[1], name
        kernels = [model.layers[-1].kernel.dtype for model in (model_here, model_there)]
        assert kernels == [name] * 2
        assert here[0]["epochs_run"] == epochs


@pytest.mark.slow
def test_the_policy_that_keras_makes_by_itself_follows_floatx(tmp_path: Path) -> None:
    """Keras makes it with the first layer, and keeps it."""
    keras.layers.Dense(1)
    for floatx in ("float64", "float32"):
        keras.config.set_floatx(floatx)
        tuner = Tuner(image_model, "val_loss", max_trials=1, workers=0, directory=tmp_path, project_name=floatx)
        tuner.search(X, Y, epochs=1, validation_split=0.2, verbose=0)
        assert tuner.get_best_models()[0].layers[-1].kernel.dtype == floatx


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_what_build_sets_holds_for_its_own_trial(workers: int, tmp_path: Path, one_worker: WorkerPool) -> None:
    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        if hp.Boolean("double", default=True):
            keras.config.set_floatx("float64")
            keras.config.set_dtype_policy("float64")
        return image_model(hp)

    executor = one_worker if workers else None
    tuner = Tuner(build, "val_loss", max_trials=2, workers=0, executor=executor, directory=tmp_path)
    tuner.search(X, Y, epochs=1, validation_split=0.2, verbose=0)
    assert keras.config.floatx() == "float32"
    models = {trial.hyperparameters["double"]: tuner.load_model(trial) for trial in tuner.oracle.trials.values()}
    assert {double: model.layers[-1].kernel.dtype for double, model in models.items()} == {
        True: "float64",
        False: "float32",
    }
    assert keras.config.floatx() == "float32"


def test_the_best_model_is_built_under_the_settings_of_its_search(tmp_path: Path) -> None:
    keras.config.set_image_data_format("channels_first")
    tuner = Tuner(image_model, "val_loss", max_trials=1, workers=0, directory=tmp_path)
    tuner.search(X, Y, epochs=1, validation_split=0.2, verbose=0)
    keras.config.set_image_data_format("channels_last")
    assert tuner.get_best_models()[0].count_params() == 8
    assert keras.config.image_data_format() == "channels_last"


@pytest.mark.parametrize("workers", mostly_slow([0, 1], 1))
def test_custom_objects_are_found_by_name(workers: int, tmp_path: Path, one_worker: WorkerPool) -> None:
    class Halved(keras.layers.Layer):  # of a function, so it travels itself
        def call(self, x: tf.Tensor) -> tf.Tensor:
            return x / 2

    def squared(x: tf.Tensor) -> tf.Tensor:
        return x * x

    def halved(x: tf.Tensor) -> tf.Tensor:
        return x / 2

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Fixed("kind", "custom")
        given = keras.saving.get_registered_object("ours>Halved")
        layers = [keras.Input((3, 8, 6)), keras.layers.Flatten(name=keras.saving.get_registered_name(given)[:4])]
        for name in ("squared", "halved"):
            layers.append(keras.layers.Dense(2, keras.saving.get_registered_object(name)))
        model = keras.Sequential([*layers, given()])
        model = keras.models.clone_model(model) if hp.Boolean("cloned") else model
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    objects = keras.saving.get_custom_objects()
    before = dict(objects)
    keras.saving.register_keras_serializable("ours")(Halved)
    objects["squared"] = squared
    objects["cannot be sent"] = sys._getframe()
    try:
        with keras.saving.custom_object_scope({"halved": halved}):
            table, model = searched(tmp_path, build, workers=0, executor=one_worker if workers else None)
            assert [row["status"] for row in table] == ["COMPLETED"] * 2, table
            assert model.layers[0].name == "ours"
    finally:
        objects.clear()
        objects.update(before)
    if workers:
        there = one_worker.submit(lambda: sorted(keras.saving.get_custom_objects())).result()
        assert not {"squared", "ours>Halved", "cannot be sent"} & set(there)


@pytest.mark.slow
def test_a_model_that_the_hypermodel_holds_is_unpacked_under_the_settings(
    tmp_path: Path, one_worker: WorkerPool
) -> None:
    """A lambda in it needs unsafe deserialization, which the script has allowed."""
    keras.config.enable_unsafe_deserialization()
    base = keras.Sequential([keras.Input((3, 8, 6)), keras.layers.Lambda(lambda x: x / 2), keras.layers.Flatten()])

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Fixed("kind", "based")
        model = keras.Sequential([keras.Input((3, 8, 6)), base, keras.layers.Dense(2, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    table, _ = searched(tmp_path, build, executor=one_worker)
    assert [row["status"] for row in table] == ["COMPLETED"], table
