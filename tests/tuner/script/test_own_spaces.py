"""A script of a space of one's own: what Keras alone can say of it is written, anything else is named."""

import re
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_search.tuner import InputError, script
from tests.tuner.script.written import own

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
    message = "^the model of trial 0000 cannot be written with Keras alone: it has .*"
    with pytest.raises(InputError, match=message + re.escape(said)):
        script.write(run, run_code=True)
