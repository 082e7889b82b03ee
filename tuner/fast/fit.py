"""`model.fit` on arrays and datasets without the waits: the same training, faster.

What this and the other accelerations are worth was measured on the documented CNN: docs/speed.md.

A batch of arrays is gathered by indices where they are, on the device; images are not shuffled one by one, and no
`tf.data` waits to tune itself. Many steps run in one call (`steps.py`), so that Python is not asked between them.

The order of arrays is a fresh permutation each epoch that depends on the seed and the epoch's number alone, which
goes on where a model's `fit` is called again.
"""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.tuner.fast import acceleration, data, steps
from keras_search.tuner.fast.acceleration import CallAcceleration, State
from keras_search.tuner.fast.steps import ArrayBatches, Batches, DatasetBatches
from keras_search.tuner.fast.wrapped_fit import FitCall

STEPS_PER_CALL = 32

_BATCH_HOOKS = [f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end")]
# Arguments of `fit` that are spent as batches are made of its data.
_SPENT = data.ARGUMENTS | {"batch_size", "validation_batch_size", "shuffle", "callbacks"}
# With these the shape of an epoch is as it is here; any other one keeps Keras's own path.
_UNDERSTOOD = _SPENT | {"epochs", "verbose", "validation_freq", "initial_epoch"}


class Fit(CallAcceleration):
    """Gives Keras's `fit` batches of our own, and a loop over its steps that takes them.

    Calls that it does not cover (a generator, a `tf.data.Dataset` of unknown length, `steps_per_epoch`) go to Keras
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
        # A bar that is drawn as training goes on counts every batch.
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
        batches: Those of training; a dataset has an order of its own.
        state: Has the seed; the epochs of the model's earlier calls of `fit` are counted on.
        shuffles: Whether there is another order than that of the examples.
        initial_epoch: The number of the call's first epoch.
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
        # For the callbacks that come after, which may reckon with the steps of an epoch.
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
    return ArrayBatches(packed, batch_size, model, per_call)


def _watch_batches(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether a callback wants to be called at every batch, which many steps in one call would not do."""
    return any(
        getattr(getattr(callback, hook), "__func__", None) is not getattr(keras.callbacks.Callback, hook)
        for callback in callbacks
        for hook in _BATCH_HOOKS
    )
