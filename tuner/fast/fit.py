"""`model.fit` without the waits: the same training, faster.

What is changed, and what each change is worth, was measured on the documented CNN; docs/speed.md has the figures.

- A batch of arrays is gathered by indices where they are, on the device; images are not shuffled one by one, and no
  `tf.data` waits to tune itself (`fast_steps.py`).
- Many steps run in one call, so that Python is not asked between them; it is traced once (`fast_tracing.py`).
- Validation runs in large batches where that changes no figure (`fast_validation.py`).
- Adam's update is one kernel (`fused_adam.py`), so is batch normalisation (`fast_batch_norm.py`), so is a first
  convolution with its pooling (`fast_pooling.py`), and dense layers read their kernels along their rows
  (`fast_dense.py`).

The order of arrays is a fresh permutation each epoch that depends on the seed and the epoch's number alone, which
goes on where a model's `fit` is called again.
"""

import contextlib
import functools
import inspect
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.tuner import keras_private
from keras_search.tuner.data import user_data
from keras_search.tuner.fast import (
    adam as fused_adam,
)
from keras_search.tuner.fast import (
    batch_norm as fast_batch_norm,
)
from keras_search.tuner.fast import (
    data as fit_data,
)
from keras_search.tuner.fast import (
    dense as fast_dense,
)
from keras_search.tuner.fast import (
    patches,
)
from keras_search.tuner.fast import (
    pooling as fast_pooling,
)
from keras_search.tuner.fast import (
    steps as fast_steps,
)
from keras_search.tuner.fast import (
    validation as fast_validation,
)
from keras_search.tuner.fast.steps import ArrayBatches, Batches, DatasetBatches
from keras_search.tuner.fast.tracing import VariablesFirst

STEPS_PER_CALL = 32

_BATCH_HOOKS = [f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end")]
# Arguments of `fit` that leave the shape of an epoch as it is; any other one keeps Keras's own path.
_UNDERSTOOD = fit_data.ARGUMENTS | {
    "batch_size", "epochs", "verbose", "callbacks", "validation_batch_size", "validation_freq", "initial_epoch",
    "shuffle",
}  # fmt: skip


def accelerate(model: keras.Model, seed: int) -> None:
    """Replaces `model.fit` by a faster one with the same signature and meaning, silent unless it is told otherwise.

    `patches.restore` puts all back that is replaced.

    Calls that it does not cover (a generator, a `tf.data.Dataset` of unknown length, `steps_per_epoch`) go to Keras
    unchanged, as does a model that was made under a `tf.distribute` strategy, or has a loop over its steps of its own.

    Args:
        model: A model; one that is compiled later is sped up from then on.
        seed: Decides the order of the images in every epoch.
    """
    trained = 0
    is_looped = fast_steps.is_plain(model) and not keras_private.is_distributed(model)
    _fuse_optimizer(model)
    for name in ("train_step", "test_step"):
        patches.replace(model, name, patches.step(getattr(model, name)))
    if not keras_private.is_distributed(model):
        for layer in keras_private.layers(model):
            fast_dense.straighten(layer)
            fast_batch_norm.fuse(layer)
            fast_pooling.fuse(layer)
    if is_looped:
        fast_steps.loop(model)
    plain_fit = model.fit
    signature = inspect.signature(plain_fit)

    @functools.wraps(plain_fit)
    def fit(*args: Any, **kwargs: Any) -> keras.callbacks.History:
        nonlocal trained
        _fuse_optimizer(model)  # it may have been compiled anew
        bound = signature.bind(*args, **kwargs)
        if bound.arguments.get("verbose") is None:
            bound.arguments["verbose"] = 0
        if getattr(plain_fit, "__func__", None) is keras.Model.fit:
            bound.arguments |= user_data.in_arguments(bound.arguments)
            user_data.require_numbers(model, bound.arguments)
        given = {name: value for name, value in bound.arguments.items() if value is not None}
        if not is_looped or not given.keys() <= _UNDERSTOOD or not fit_data.are_covered(given):
            with _unwarned(given):
                return plain_fit(*bound.args, **bound.kwargs)
        data, validation_data = fit_data.packed(given)
        rest = {name: value for name, value in given.items() if name not in fit_data.ARGUMENTS}
        callbacks = keras.tree.flatten(rest.pop("callbacks", []))
        # A bar that is drawn as training goes on counts every batch.
        is_watched = rest["verbose"] not in (0, 2) or _watch_batches(callbacks)
        per_call = 1 if is_watched else STEPS_PER_CALL
        batch_size = rest.pop("batch_size", None) or 32
        validation_batch_size = rest.pop("validation_batch_size", None)
        batches = _batches(data, batch_size, model, per_call)
        if validation_data is not None:
            if validation_batch_size is None and not isinstance(validation_data, tf.data.Dataset):
                validation_batch_size = fast_validation.batch_size(model, validation_data, batch_size)
            rest["validation_data"] = _batches(validation_data, validation_batch_size, model, per_call)
        # A hypermodel's `fit` that trains epoch by epoch counts each from 0.
        shift = max(trained - rest.get("initial_epoch", 0), 0)
        order = EpochOrder(batches, seed if rest.pop("shuffle", True) else None, shift)
        history = plain_fit(batches, **rest, callbacks=[order, *callbacks, VariablesFirst(data)])
        trained = order.trained
        return history

    patches.replace(model, "fit", fit)


class EpochOrder(keras.callbacks.Callback):
    """Draws a fresh order of the examples at the start of every epoch, from the seed and the epoch's number.

    Args:
        batches: Those of training; a dataset has an order of its own.
        seed: Decides all orders; None for the examples as they are.
        shift: Added to the numbers of the epochs: those of the model's earlier calls of `fit` go on.

    Attributes:
        trained: The number of the epoch after the last one, or `shift`.
    """

    def __init__(self, batches: Batches, seed: int | None, shift: int = 0) -> None:
        super().__init__()
        self._batches = batches
        self._seed = seed
        self._shift = shift
        self.trained = shift

    def set_params(self, params: dict[str, Any]) -> None:
        # For the callbacks that come after, which may reckon with the steps of an epoch.
        params["steps"] = self._batches.count
        super().set_params(params)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        number = epoch + self._shift
        self.trained = number + 1
        if self._seed is not None and isinstance(self._batches, ArrayBatches):
            self._batches.shuffle(np.random.default_rng((self._seed, number)))


def _batches(data: Any, batch_size: int, model: keras.Model, per_call: int) -> Batches:
    if isinstance(data, tf.data.Dataset):
        return DatasetBatches(data, model, per_call)
    return ArrayBatches(data, batch_size, model, per_call)


@contextlib.contextmanager
def _unwarned(given: Mapping[str, Any]) -> Iterator[None]:
    """Without Keras's warnings, of a dataset or a generator, that blame the user for what is its own default."""
    with warnings.catch_warnings():
        if "shuffle" not in given:
            warnings.filterwarnings("ignore", message="`shuffle=True` was passed")
        if "steps_per_epoch" not in given:
            warnings.filterwarnings("ignore", message="Your input ran out of data")
        yield


def _fuse_optimizer(model: keras.Model) -> None:
    if model.compiled and model.optimizer is not None and not keras_private.is_distributed(model):
        fused_adam.fuse(model.optimizer)


def _watch_batches(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether a callback wants to be called at every batch, which many steps in one call would not do."""
    return any(
        getattr(getattr(callback, hook), "__func__", None) is not getattr(keras.callbacks.Callback, hook)
        for callback in callbacks
        for hook in _BATCH_HOOKS
    )
