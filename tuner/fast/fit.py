"""`model.fit` on arrays and datasets without the overhead: the same training, faster.

docs/speed.md says how much time this and the other accelerations save on the documented CNN.

A batch of arrays is gathered by indices on the device. Images are not shuffled one by one, and no `tf.data` pipeline
has to tune itself first. Many steps run in one call (`steps.py`), without Python between them.

The order of arrays in an epoch is a permutation that depends only on the seed and the number of the epoch. Epochs are
counted over all calls of a model's `fit`.
"""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.tuner.data.images import Images
from keras_search.tuner.fast import acceleration, data, steps
from keras_search.tuner.fast.acceleration import CallAcceleration, State
from keras_search.tuner.fast.image_batches import ImageBatches
from keras_search.tuner.fast.steps import ArrayBatches, Batches, DatasetBatches
from keras_search.tuner.fast.wrapped_fit import FitCall

STEPS_PER_CALL = 32

_BATCH_HOOKS = [f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end")]
# Arguments of `fit` that are not passed on: batches are made of them.
_SPENT = data.ARGUMENTS | {"batch_size", "validation_batch_size", "shuffle", "callbacks"}
# With any other argument, an epoch may be different: `fit` is left to Keras.
_UNDERSTOOD = _SPENT | {"epochs", "verbose", "validation_freq", "initial_epoch"}


class Fit(CallAcceleration):
    """Passes `Batches` to Keras's `fit`, and a loop that runs many steps on them in one call.

    Calls that are not covered (a generator, a `tf.data.Dataset` of unknown length, `steps_per_epoch`) go to Keras
    unchanged.
    """

    name = "fit"
    what = f"up to {STEPS_PER_CALL} steps run in one call, on batches gathered by index"

    def why_not_to(self, call: FitCall) -> str | None:
        if name := steps.own_loop(call.model):
            return f"the model has its own `{name}`"
        if others := call.given.keys() - _UNDERSTOOD:
            return f"`fit` is given {', '.join(sorted(others))}"
        return data.why_not_covered(call.given)

    def change(self, call: FitCall) -> None:
        model, given = call.model, call.given
        steps.loop(model, self.name)
        callbacks = keras.tree.flatten(given.get("callbacks", []))
        # A progress bar counts every batch.
        is_watched = given["verbose"] not in (0, 2) or _watch_batches(callbacks)
        per_call = 1 if is_watched else STEPS_PER_CALL
        batch_size = given.get("batch_size") or 32
        training, validation = data.packed(given)
        batches = _batches(training, batch_size, model, per_call)
        order = EpochOrder(
            batches, acceleration.state(model), given.get("shuffle", True), given.get("initial_epoch", 0)
        )
        call.arguments = {name: value for name, value in given.items() if name not in _SPENT}
        call.arguments |= {"x": batches, "callbacks": [order, *callbacks]}
        if validation is not None:
            size = given.get("validation_batch_size") or batch_size
            call.arguments["validation_data"] = _batches(validation, size, model, per_call)


class EpochOrder(keras.callbacks.Callback):
    """Draws a fresh order of the examples at the start of every epoch, from the seed and the epoch's number.

    Args:
        batches: The batches of the training data; those of a dataset keep its own order.
        state: The state of the model, with the seed and the number of epochs trained before.
        shuffles: Whether the order is random.
        initial_epoch: The number of the first epoch of this call.
    """

    def __init__(self, batches: Batches, state: State, shuffles: bool, initial_epoch: int) -> None:
        super().__init__()
        self._batches = batches
        self._state = state
        self._shuffles = shuffles
        # A hypermodel's `fit` that trains epoch by epoch counts each from 0.
        self._shift = max(state.trained - initial_epoch, 0)
        self._trained = self._shift

    def set_params(self, params: dict[str, Any]) -> None:
        # For the callbacks after this one, which may use the number of steps of an epoch.
        params["steps"] = self._batches.count
        super().set_params(params)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        number = epoch + self._shift
        self._trained = number + 1
        if self._shuffles and isinstance(self._batches, ArrayBatches):
            self._batches.shuffle(np.random.default_rng((self._state.seed, number)))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self._state.trained = self._trained


def _batches(packed: Any, batch_size: int, model: keras.Model, per_call: int) -> Batches:
    if isinstance(packed, tf.data.Dataset):
        return DatasetBatches(packed, model, per_call)
    is_of_images = any(isinstance(part, Images) for part in keras.tree.flatten(packed))
    return (ImageBatches if is_of_images else ArrayBatches)(packed, batch_size, model, per_call)


def _watch_batches(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether a callback has a method for batches, which many steps in one call would not call for each batch."""
    return any(
        getattr(getattr(callback, hook), "__func__", None) is not getattr(keras.callbacks.Callback, hook)
        for callback in callbacks
        for hook in _BATCH_HOOKS
    )
