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


class VariablesFirst(keras.callbacks.Callback):
    """Makes the variables of a model that is about to be trained on `data` (`fit_data.packed`).

    It is to be the last callback: others may freeze or unfreeze layers as the first epoch begins.
    """

    def __init__(self, data: Any) -> None:
        super().__init__()
        self._data = data

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        model, optimizer = self.model, self.model.optimizer
        if optimizer is None or optimizer.built or not _is_understood(model):
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


def _is_understood(model: keras.Model) -> bool:
    """Whether Keras alone decides what the first step makes: a class of one's own may make more, or otherwise."""
    return (
        type(model).__module__.startswith("keras.")
        and getattr(inspect.unwrap(model.train_step), "__func__", None) is keras.Model.train_step
        and not model.run_eagerly
        and all(layer.built for layer in keras_private.layers(model))
    )
