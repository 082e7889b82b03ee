"""The order of the examples where Keras draws it, on other backends than TensorFlow."""

import sys
from typing import Any

import keras
import numpy as np

from keras_search.tuner import seeds
from keras_search.tuner.fast import acceleration
from keras_search.tuner.fast.acceleration import State
from keras_search.tuner.fast.wrapped_fit import FitCall


def drawn(call: FitCall) -> Any:
    """A hook of `fit`: lets the order in an epoch depend only on the seed and the number of the epoch."""
    callbacks = keras.tree.flatten(call.get("callbacks") or [])
    order = EpochSeed(acceleration.state(call.model), call.get("initial_epoch") or 0)
    call.set("callbacks", [order, *callbacks])
    return call.proceed()


class EpochSeed(keras.callbacks.Callback):
    """Seeds NumPy and PyTorch, by which Keras and its data draw the order, at the start of every epoch.

    A trial that goes on from another's checkpoint then draws what it would have drawn in one training.

    Args:
        state: The state of the model, with the seed and the number of epochs trained before.
        initial_epoch: The number of the first epoch of this call.
    """

    def __init__(self, state: State, initial_epoch: int) -> None:
        super().__init__()
        self._state = state
        # A hypermodel's `fit` that trains epoch by epoch counts each from 0.
        self._shift = max(state.trained - initial_epoch, 0)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        number = epoch + self._shift
        self._state.trained = number + 1
        seed = seeds.derive(self._state.seed, "epoch", number)
        np.random.seed(seed)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(seed)
