"""The baseline point is exactly the documented model."""

import keras
import keras_tuner
import pytest
from keras import layers

from keras_search import search_spaces
from keras_search.search_spaces.space import Declaration


def documented() -> keras.Model:
    """The model as its README builds it."""
    model = keras.Sequential(
        [
            layers.Conv2D(28, kernel_size=(3, 3), activation="relu", input_shape=(28, 28, 1)),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`")
def test_baseline_point_is_the_documented_model() -> None:
    space = search_spaces.get("baseline_cnn")
    hypermodel = space.hypermodel((28, 28, 1), 10)
    hp = keras_tuner.HyperParameters()
    keras.utils.clear_session()  # Keras numbers layer names from here on
    ours = hypermodel.build(hp)
    keras.utils.clear_session()
    theirs = documented()

    assert hp.values == space.baseline == {"filters": 28, "dense_units": 128, "dropout": 0.2, "epochs": 1}
    assert [type(layer) for layer in ours.layers] == [type(layer) for layer in theirs.layers]
    assert [layer.get_config() for layer in ours.layers] == [layer.get_config() for layer in theirs.layers]
    assert ours.input_shape == theirs.input_shape
    assert ours.get_compile_config() == theirs.get_compile_config()
    assert ours.optimizer.get_config() == theirs.optimizer.get_config()
    assert ours.count_params() == theirs.count_params() == 607_394


def test_the_documented_training_is_one_epoch_in_batches_of_32() -> None:
    space = search_spaces.get("baseline_cnn")
    hypermodel = space.hypermodel((28, 28, 1), 10)
    hp = keras_tuner.HyperParameters()
    model = hypermodel.build(hp)
    received: dict = {}
    model.fit = lambda *args, **kwargs: received.update(kwargs)
    hypermodel.fit(hp, model, "x", "y", callbacks=[])
    assert received == {"batch_size": 32, "epochs": 1, "callbacks": []}


def test_a_hypermodel_works_with_plain_keras_tuner(tmp_path) -> None:  # noqa: ANN001
    hypermodel = search_spaces.get("baseline_cnn").hypermodel((28, 28, 3), 7)
    tuner = keras_tuner.RandomSearch(hypermodel, objective="val_accuracy", directory=tmp_path)
    space = {hp.name: (hp.min_value, hp.max_value, hp.step) for hp in tuner.oracle.get_space().space}
    assert space == {
        "filters": (4, 64, 4),
        "dense_units": (32, 512, 32),
        "dropout": (0.0, 0.6, 0.1),
        "epochs": (1, 10, 1),
    }
    model = hypermodel.build(tuner.oracle.get_space())
    assert model.input_shape == (None, 28, 28, 3)
    assert model.output_shape == (None, 7)


def test_the_declaration_is_what_keras_tuner_sees() -> None:
    for space in search_spaces.SPACES.values():
        hp = keras_tuner.HyperParameters()
        space.declare(hp)
        declared = space.hyperparameters
        for ours, theirs in zip(declared, hp.space, strict=True):
            assert (ours.name, ours.kind, ours.default) == (theirs.name, type(theirs).__name__, theirs.default)
        assert space.baseline == hp.values


@pytest.mark.parametrize(
    ("kind", "low", "high", "step"),
    [("Float", 0.0, 0.6, 0.1), ("Float", 0.3, 0.9, 0.1), ("Float", 0.0, 0.5, 0.25), ("Int", 4, 64, 7)],
)
def test_a_range_ends_with_the_last_step_that_is_drawn(kind: str, low: float, high: float, step: float) -> None:
    declaration, hp = Declaration(), keras_tuner.HyperParameters()
    for declarer in (declaration, hp):
        getattr(declarer, kind)("name", low, high, step=step)
    drawn = list(hp.space[0].values)
    assert declaration.hyperparameters[0].range == f"{low:g}..{drawn[-1]:g} step {step:g}"
