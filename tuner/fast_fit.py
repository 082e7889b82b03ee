"""`model.fit` for arrays in memory, without the waits: the same training, faster.

What is changed, and what each change is worth, was measured on the documented CNN; the README has the figures.

- A batch is gathered by indices from the arrays, which are on the device; images are not shuffled one by one, and there
  is no `tf.data`, whose autotuning only waits where data are in memory (`fast_steps.py`).
- Many steps run in one call (`steps_per_execution`), so that Python is not asked between them; it is traced once
  (`fast_tracing.py`).
- Validation runs in large batches.
- Adam's update is one kernel (`fused_adam.py`), so is batch normalisation (`fast_batch_norm.py`), so is a first
  convolution with its pooling (`fast_pooling.py`), and dense layers read their kernels along their rows
  (`fast_dense.py`).

The order of the images is a fresh permutation each epoch that depends on the seed and the epoch's number alone, which
goes on where a model's `fit` is called again.
"""

import contextlib
import functools
import inspect
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from tuner import fast_batch_norm, fast_dense, fast_pooling, fast_steps, fused_adam
from tuner.fast_steps import Batches
from tuner.fast_tracing import VariablesFirst

STEPS_PER_EXECUTION = 32
VALIDATION_BATCH_SIZE = 500

_BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
# Arguments of `fit` that leave the shape of an epoch as it is; any other one keeps Keras's own path.
_UNDERSTOOD = {
    "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_data", "validation_batch_size",
    "validation_freq", "initial_epoch", "shuffle",
}  # fmt: skip


def accelerate(model: keras.Model, seed: int) -> None:
    """Replaces `model.fit` by a faster one with the same signature and meaning, silent unless it is told otherwise.

    Calls that it does not cover (a `tf.data.Dataset`, sample weights, `validation_split`, ...) go to Keras unchanged,
    as does a model that was made under a `tf.distribute` strategy, or has a loop over its steps of its own.

    Args:
        model: A model; one that is compiled later is sped up from then on.
        seed: Decides the order of the images in every epoch.
    """
    trained = 0
    training, validation = Batches(), Batches()
    has_keras_loop = fast_steps.has_keras_loop(model)
    _fuse_steps(model)
    if not _is_distributed(model):
        for layer in model._flatten_layers():
            fast_dense.straighten(layer)
            fast_batch_norm.fuse(layer)
            fast_pooling.fuse(layer)
        if has_keras_loop:
            fast_steps.loop(model, training, validation)
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
        if _is_distributed(model) or not has_keras_loop or not _is_covered(given):
            return plain_fit(*bound.args, **bound.kwargs)
        callbacks = list(given.pop("callbacks", ()))
        if model.steps_per_execution == 1 and not _watch_batches(callbacks):
            model.steps_per_execution = STEPS_PER_EXECUTION
        x, y = given.pop("x"), given.pop("y")
        # A hypermodel's `fit` that trains epoch by epoch counts each from 0.
        shift = max(trained - given.get("initial_epoch", 0), 0)
        with contextlib.ExitStack() as stack:
            numbers = stack.enter_context(training.held(x, y, given.pop("batch_size", 32)))
            if "validation_data" in given:
                size = given.pop("validation_batch_size", VALIDATION_BATCH_SIZE)
                given["validation_data"] = stack.enter_context(validation.held(*given["validation_data"], size))
            order = EpochOrder(training, validation, seed, shift, shuffle=bool(given.pop("shuffle", True)))
            # Keras warns that it does not shuffle a Dataset: this one is shuffled already.
            history = plain_fit(numbers, **given, callbacks=[order, *callbacks, VariablesFirst(x, y)], shuffle=False)
        trained = order.trained
        return history

    model.fit = fit


def restore(model: keras.Model) -> None:
    """Gives an accelerated model Keras's own `fit` back, for whoever trains it further."""
    for name in ("fit", "train_step", "test_step", "make_train_function", "make_test_function"):
        vars(model).pop(name, None)


class EpochOrder(keras.callbacks.Callback):
    """Draws a fresh order of the examples at the start of every epoch, from the seed and the epoch's number.

    Args:
        training: What is put in order.
        validation: What is gone through as it is, after every epoch.
        seed: Decides all orders.
        shift: Added to the numbers of the epochs: those of the model's earlier calls of `fit` go on.
        shuffle: Whether to.

    Attributes:
        trained: The number of the epoch after the last one, or `shift`.
    """

    def __init__(self, training: Batches, validation: Batches, seed: int, shift: int = 0, shuffle: bool = True) -> None:
        super().__init__()
        self._training = training
        self._validation = validation
        self._seed = seed
        self._shift = shift
        self._shuffle = shuffle
        self.trained = shift

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        number = epoch + self._shift
        self.trained = number + 1
        generator = np.random.default_rng((self._seed, number))
        self._training.begin(generator.permutation(self._training.examples) if self._shuffle else None)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self._validation.begin()


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
