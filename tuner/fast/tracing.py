"""Traces the train step once.

TensorFlow traces a function a second time if it has created variables, and the first step of a model creates those of
the optimizer and of the metrics. Here they are created just before that step, in the same way.
"""

import contextlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.tuner import keras_private
from keras_search.tuner.fast import graphs, replacing
from keras_search.tuner.fast.acceleration import CallAcceleration
from keras_search.tuner.fast.steps import Batches
from keras_search.tuner.fast.wrapped_fit import FitCall


class Tracing(CallAcceleration):
    """Adds `VariablesFirst` to the callbacks of a call, at the end, as others may freeze or unfreeze layers."""

    name = "tracing"
    what = "a model's step is traced once, not twice"

    def why_not_to(self, call: FitCall) -> str | None:
        return graphs.why_not_keras(call.model) if isinstance(call.x, Batches) else "it builds on `fit`, which is off"

    def change(self, call: FitCall) -> None:
        call.set("callbacks", [*call.get("callbacks"), VariablesFirst(call.x.data)])


class VariablesFirst(keras.callbacks.Callback):
    """Creates the variables of a model before it is trained on `data` (`Batches.data`)."""

    def __init__(self, data: Any) -> None:
        super().__init__()
        self._data = data

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        model = self.model
        assert model is not None  # Keras has set it
        optimizer = model.optimizer
        if optimizer is None or optimizer.built or graphs.why_not_keras(model):
            return
        if not all(layer.built for layer in replacing.layers(model)):
            return
        with keras.name_scope(optimizer.name, caller=optimizer):
            optimizer.build(model.trainable_variables)
        if not keras_private.has_metrics(model):
            return
        with contextlib.suppress(Exception):  # the step itself will report a faulty metric
            data = self._data.element_spec if isinstance(self._data, tf.data.Dataset) else self._data
            keras_private.make_metrics(model, keras.tree.map_structure(_symbolic, data))


def _symbolic(data: np.ndarray | tf.TensorSpec) -> keras.KerasTensor:
    return keras.KerasTensor((None, *data.shape[1:]), data.dtype.name)
