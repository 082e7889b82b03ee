"""`model.fit` for arrays in memory, without the waits: the same training, faster.

What is changed, and what each change is worth, was measured on the documented CNN; the README has the figures.

- A batch is gathered by indices from the arrays; images are not shuffled one by one.
- `tf.data`'s autotuning is off: for data in memory it only waits.
- Many steps run in one call (`steps_per_execution`), so that Python is not asked between them; it is traced once
  (`fast_tracing.py`).
- Validation runs in large batches.
- Adam's update is one kernel (`fused_adam.py`), so is batch normalisation (`fast_batch_norm.py`), so is a first
  convolution with its pooling (`fast_pooling.py`), and dense layers read their kernels along their rows
  (`fast_dense.py`).

The order of the images is a fresh permutation each epoch that depends on the seed and the epoch's number alone, which
goes on where a model's `fit` is called again.
"""

import functools
import inspect
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tuner import fast_batch_norm, fast_dense, fast_pooling, fused_adam
from tuner.fast_tracing import VariablesFirst
from tuner.shared_data import tensor

STEPS_PER_EXECUTION = 32
VALIDATION_BATCH_SIZE = 500

_PREFETCH = 8
_BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
# Arguments of `fit` that leave the shape of an epoch as it is; any other one keeps Keras's own path.
_UNDERSTOOD = {
    "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_data", "validation_batch_size",
    "validation_freq", "initial_epoch", "shuffle",
}  # fmt: skip


def accelerate(model: keras.Model, seed: int) -> None:
    """Replaces `model.fit` by a faster one with the same signature and meaning, silent unless it is told otherwise.

    Calls that it does not cover (a `tf.data.Dataset`, sample weights, `validation_split`, ...) go to Keras unchanged,
    as does a model that was made under a `tf.distribute` strategy.

    Args:
        model: A model; one that is compiled later is sped up from then on.
        seed: Decides the order of the images in every epoch.
    """
    trained = 0
    _fuse_steps(model)
    if not _is_distributed(model):
        for layer in model._flatten_layers():
            fast_dense.straighten(layer)
            fast_batch_norm.fuse(layer)
            fast_pooling.fuse(layer)
    plain_fit = model.fit
    signature = inspect.signature(plain_fit)

    @functools.wraps(plain_fit)
    def fit(*args: Any, **kwargs: Any) -> keras.callbacks.History:
        nonlocal trained
        _fuse_steps(model)  # it may have been compiled anew
        bound = signature.bind(*args, **kwargs)
        bound.arguments.setdefault("verbose", 0)
        given = {name: value for name, value in bound.arguments.items() if value is not None}
        if not given.get("validation_split", True):
            del given["validation_split"]
        if _is_distributed(model) or not _is_covered(given):
            return plain_fit(*bound.args, **bound.kwargs)
        batch_size = given.pop("batch_size", 32)
        callbacks = list(given.pop("callbacks", ()))
        x, y = given.pop("x"), given.pop("y")
        # A hypermodel's `fit` that trains epoch by epoch counts each from 0.
        shift = max(trained - given.get("initial_epoch", 0), 0)
        order = EpochOrder(len(x), seed, shift, shuffle=bool(given.pop("shuffle", True)))
        if "validation_data" in given:
            validation_batch_size = given.pop("validation_batch_size", VALIDATION_BATCH_SIZE)
            given["validation_data"] = batches(*given["validation_data"], validation_batch_size)
        if model.steps_per_execution == 1 and not _watch_batches(callbacks):
            model.steps_per_execution = STEPS_PER_EXECUTION
        # Keras warns that it does not shuffle a Dataset: this one is shuffled already.
        callbacks = [order, *callbacks, VariablesFirst(x, y)]
        history = plain_fit(batches(x, y, batch_size, order.indices), **given, callbacks=callbacks, shuffle=False)
        trained = order.trained
        return history

    model.fit = fit


def restore(model: keras.Model) -> None:
    """Gives an accelerated model Keras's own `fit` back, for whoever trains it further."""
    for name in ("fit", "train_step", "test_step"):
        vars(model).pop(name, None)


def batches(x: np.ndarray, y: np.ndarray, batch_size: int, indices: "tf.Variable | None" = None) -> tf.data.Dataset:
    """A dataset of `(x, y)` batches, the last one smaller where the length does not divide.

    Args:
        indices: int32 (examples,), the order to take the examples in, read anew for every batch; None for as is.
    """
    examples, labels = tensor(x), tensor(y)
    count = len(x)

    def batch(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rows = slice(number * batch_size, (number + 1) * batch_size)
        if indices is None:
            return examples[rows], labels[rows]
        chosen = indices[rows]
        return tf.gather(examples, chosen), tf.gather(labels, chosen)

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.range(-(-count // batch_size)).map(batch).prefetch(_PREFETCH).with_options(options)


class EpochOrder(keras.callbacks.Callback):
    """Draws a fresh order of the examples at the start of every epoch, from the seed and the epoch's number.

    Args:
        count: How many examples there are.
        seed: Decides all orders.
        shift: Added to the numbers of the epochs: those of the model's earlier calls of `fit` go on.
        shuffle: Whether to.

    Attributes:
        indices: int32 (examples,), the order of the present epoch.
        trained: The number of the epoch after the last one, or `shift`.
    """

    def __init__(self, count: int, seed: int, shift: int = 0, shuffle: bool = True) -> None:
        super().__init__()
        self._count = count
        self._seed = seed
        self._shift = shift
        self._shuffle = shuffle
        self.trained = shift
        self.indices = tf.Variable(np.arange(count, dtype="int32"), trainable=False)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        number = epoch + self._shift
        self.trained = number + 1
        if self._shuffle:
            order = np.random.default_rng((self._seed, number)).permutation(self._count)
            self.indices.assign(order.astype("int32"))


def _fuse_steps(model: keras.Model) -> None:
    if not model.compiled or _is_distributed(model):
        return
    if model.optimizer is not None:
        fused_adam.fuse(model.optimizer, by_factors=not model.jit_compile)
    if not model.jit_compile and "train_step" not in vars(model):
        model.train_step, model.test_step = map(fast_pooling.step, (model.train_step, model.test_step))


def _is_distributed(model: keras.Model) -> bool:
    return model._distribute_strategy is not None


def _is_covered(given: dict[str, Any]) -> bool:
    return (
        given.keys() <= _UNDERSTOOD
        and _are_arrays((given.get("x"), given.get("y")))
        and ("validation_data" not in given or _are_arrays(given["validation_data"]))
    )


def _are_arrays(data: Any) -> bool:
    return (
        isinstance(data, (tuple, list))
        and len(data) == 2
        and all(isinstance(array, np.ndarray) and array.dtype != object for array in data)
        and len(data[0]) == len(data[1]) > 0
    )


def _watch_batches(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether a callback wants to be called at every batch, which many steps in one call would not do."""
    return any(
        getattr(getattr(callback, hook), "__func__", None) is not getattr(keras.callbacks.Callback, hook)
        for callback in callbacks
        for hook in _BATCH_HOOKS
    )
