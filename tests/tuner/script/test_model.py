"""The model that a script has is the model that was searched: in its layers, its predictions, its training."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from keras_search import search_spaces
from keras_search.tuner import oracles, script
from keras_search.tuner.evaluation import comparison as evaluation
from keras_search.tuner.script import layout, model, training
from tests.tuner.script.written import evaluated_part, executed, hyperparameters, made, own

DEEP = search_spaces.get("deep_cnn").hypermodel((28, 28, 1), 10)


def points(count: int) -> list[dict[str, Any]]:
    """Random points of `deep_cnn`, after the baseline."""
    declared = keras_tuner.HyperParameters()
    DEEP.declare_hyperparameters(declared)
    oracle = oracles.make("random", keras_tuner.Objective("val_accuracy", "max"), count, 0, declared)
    return [DEEP.baseline, *(oracle.own_answer(str(number))["values"] for number in range(1, count))]


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


@pytest.mark.slow
def test_a_functional_model_with_shared_layers_and_models_inside(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    run = own(tmp_path, FUNCTIONAL, arrays, {"dropout": 0.25, "epochs": 3})
    code = script.write(run, run_code=True)
    theirs = executed(evaluated_part(code))["model"]
    space = evaluation.load_space(run, evaluation.load_dataset(run), run_code=True)
    ours = space.hypermodel((10, 12, 1), 3).build(hyperparameters({"dropout": 0.25, "epochs": 3}))
    assert theirs.count_params() == ours.count_params()
    assert model.is_same(theirs.get_config(), ours.get_config())
    assert model.is_same(theirs.get_compile_config(), ours.get_compile_config())
    theirs.set_weights(ours.get_weights())
    x = arrays["x_test"].astype("float32")[..., np.newaxis]
    np.testing.assert_allclose(theirs.predict(x, verbose=0), ours.predict(x, verbose=0), rtol=1e-5)
    assert "predicted = model.predict(x_test, verbose=0).argmax(axis=-1)" in code
    assert "layers.Dropout(0.25)" in code
