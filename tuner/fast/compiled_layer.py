"""The base class of accelerations of layers that need compiled operations."""

import keras

from keras_search.tuner.fast import operations
from keras_search.tuner.fast.acceleration import LayerAcceleration
from keras_search.tuner.fast.wrapped_fit import FitCall


class CompiledLayer(LayerAcceleration):
    """An acceleration of layers by compiled `operations`, which models that run eagerly do not use."""

    def why_not(self, model: keras.Model, call: FitCall | None) -> str | None:
        if (why := super().why_not(model, call)) is not None:
            return why
        if model.run_eagerly:
            return "the model runs eagerly"
        return None if operations.load() else "there are no compiled operations: on a GPU, or without a C++ compiler"
