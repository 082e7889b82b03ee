"""The train step, traced once.

TensorFlow traces a function again that has made variables, and a model's first step makes those of the optimizer and
of the metrics. Here they are made just before it, as the step itself would make them.
"""

import contextlib
import inspect
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.tuner import keras_private
from keras_search.tuner.fast import replacing
from keras_search.tuner.fast.acceleration import CallAcceleration
from keras_search.tuner.fast.steps import Batches
from keras_search.tuner.fast.wrapped_fit import FitCall


class Tracing(CallAcceleration):
    """Adds `VariablesFirst` to the callbacks of a call, as the last one: others may freeze or unfreeze layers."""

    name = "tracing"
    what = "a model's step is traced once, not twice"

    def why_not_to(self, call: FitCall) -> str | None:
        return _why_not_keras(call.model) if isinstance(call.x, Batches) else "it builds on `fit`, which is off"

    def change(self, call: FitCall) -> None:
        call.set("callbacks", [*call.get("callbacks"), VariablesFirst(call.x.data)])


class VariablesFirst(keras.callbacks.Callback):
    """Makes the variables of a model that is about to be trained on `data` (`Batches.data`)."""

    def __init__(self, data: Any) -> None:
        super().__init__()
        self._data = data

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        model, optimizer = self.model, self.model.optimizer
        if optimizer is None or optimizer.built or _why_not_keras(model):
            return
        if not all(layer.built for layer in replacing.layers(model)):
            return
        with keras.name_scope(optimizer.name, caller=optimizer):
            optimizer.build(model.trainable_variables)
        if not keras_private.has_metrics(model):
            return
        with contextlib.suppress(Exception):  # what is wrong with a metric, the step says
            data = self._data.element_spec if isinstance(self._data, tf.data.Dataset) else self._data
            keras_private.make_metrics(model, keras.tree.map_structure(_symbolic, data))


def _symbolic(data: np.ndarray | tf.TensorSpec) -> keras.KerasTensor:
    return keras.KerasTensor((None, *data.shape[1:]), data.dtype.name)


def _why_not_keras(model: keras.Model) -> str | None:
    """Why a first step may make more than Keras knows of, or otherwise; None where Keras alone decides."""
    if not type(model).__module__.startswith("keras."):
        return f"the model is of a class of its own, {type(model).__name__}"
    if getattr(inspect.unwrap(model.train_step), "__func__", None) is not keras.Model.train_step:
        return "the model has a `train_step` of its own"
    return "the model runs eagerly" if model.run_eagerly else None
