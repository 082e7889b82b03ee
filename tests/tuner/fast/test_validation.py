"""Large batches in validation, but where another figure or no room for them would come of it."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_search.tuner.fast import patches, validation
from tests.tuner.small_models import VALIDATION, X, Y, small_model


def recall(y: object, predicted: object) -> object:
    """Of a batch, of which Keras makes a mean over the batches."""
    ones = ops.cast(ops.reshape(y, (-1,)) == 1, "float32")
    return ops.sum(predicted[:, 1] * ones) / (ops.sum(ones) + 1e-7)


def test_a_metric_of_ones_own_is_what_it_is_in_keras() -> None:
    found = []
    for is_fast in (False, True):
        model = small_model()
        model.compile("adam", "sparse_categorical_crossentropy", metrics=[recall])
        if is_fast:
            patches.accelerate(model, seed=0)
        found.append(model.fit(X, Y, shuffle=False, validation_data=VALIDATION, verbose=0).history["val_recall"])
    assert found[1] == pytest.approx(found[0], rel=1e-3)


class AddsLoss(layers.Layer):
    def call(self, x: object) -> object:
        self.add_loss(ops.sum(x))
        return x


def size(*added: keras.Layer, data: tuple[np.ndarray, np.ndarray] = VALIDATION, **compiled: object) -> int:
    model = keras.Sequential([layers.Input(data[0].shape[1:]), *added, layers.Flatten(), layers.Dense(3)])
    model.compile(**{"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | compiled)
    return 32 if validation.why_not_of_any_size(model, data) else max(32, validation.largest(data))


def test_batches_are_large_where_every_figure_is_a_mean() -> None:
    assert size() == size(metrics=[keras.metrics.AUC()]) == validation.MOST_EXAMPLES
    assert size(AddsLoss()) == 32
    assert size(layers.Masking()) == 32
    assert size(metrics=[recall]) == size(loss=lambda y, predicted: ops.sum(predicted)) == 32
    assert size(loss=keras.losses.SparseCategoricalCrossentropy(reduction="sum")) == 32


def test_batches_of_large_examples_stay_small() -> None:
    large = (np.zeros((2, 256, 256, 3), dtype="float32"), np.zeros(2))
    assert size(data=large) == 32
    assert 32 < size(data=(np.zeros((2, 128, 128), dtype="float32"), np.zeros(2))) < validation.MOST_EXAMPLES
