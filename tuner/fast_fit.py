"""`model.fit` for arrays in memory, without the waits: the same training, faster.

What is changed, and what each change is worth, was measured on the documented CNN; the README has the figures.

- A batch is gathered by indices from the arrays, which are on the device; images are not shuffled one by one, and there
  is no `tf.data`, whose autotuning only waits where data are in memory (`fast_steps.py`).
- Many steps run in one call, so that Python is not asked between them; it is traced once (`fast_tracing.py`).
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

from tuner import fast_batch_norm, fast_dense, fast_pooling, fast_steps, fit_arrays, fused_adam
from tuner.fast_steps import Batches
from tuner.fast_tracing import VariablesFirst

STEPS_PER_CALL = 32
VALIDATION_BATCH_SIZE = 500

_BATCH_HOOKS = [f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end")]
# Arguments of `fit` that leave the shape of an epoch as it is; any other one keeps Keras's own path.
_UNDERSTOOD = fit_arrays.ARGUMENTS | {
    "batch_size", "epochs", "verbose", "callbacks", "validation_batch_size", "validation_freq", "initial_epoch",
    "shuffle",
}  # fmt: skip


def accelerate(model: keras.Model, seed: int) -> None:
    """Replaces `model.fit` by a faster one with the same signature and meaning, silent unless it is told otherwise.

    Calls that it does not cover (a `tf.data.Dataset`, a generator, `steps_per_epoch`) go to Keras unchanged, as does a
    model that was made under a `tf.distribute` strategy, or has a loop over its steps of its own.

    Args:
        model: A model; one that is compiled later is sped up from then on.
        seed: Decides the order of the images in every epoch.
    """
    trained = 0
    training, validation = Batches(), Batches()
    is_looped = fast_steps.is_plain(model) and not _is_distributed(model)
    _fuse_optimizer(model)
    model.train_step, model.test_step = map(fast_pooling.step, (model.train_step, model.test_step))
    if not _is_distributed(model):
        for layer in model._flatten_layers():
            fast_dense.straighten(layer)
            fast_batch_norm.fuse(layer)
            fast_pooling.fuse(layer)
    if is_looped:
        fast_steps.loop(model, training, validation)
    plain_fit = model.fit
    signature = inspect.signature(plain_fit)

    @functools.wraps(plain_fit)
    def fit(*args: Any, **kwargs: Any) -> keras.callbacks.History:
        nonlocal trained
        _fuse_optimizer(model)  # it may have been compiled anew
        bound = signature.bind(*args, **kwargs)
        bound.arguments.setdefault("verbose", 0)
        given = {name: value for name, value in bound.arguments.items() if value is not None}
        if not is_looped or not given.keys() <= _UNDERSTOOD or not fit_arrays.are_covered(given):
            return plain_fit(*bound.args, **bound.kwargs)
        data, validation_data = fit_arrays.packed(given)
        rest = {name: value for name, value in given.items() if name not in fit_arrays.ARGUMENTS}
        callbacks = list(rest.pop("callbacks", ()))
        # A bar that is drawn as training goes on counts every batch.
        is_watched = rest["verbose"] not in (0, 2) or _watch_batches(callbacks)
        per_call = 1 if is_watched else STEPS_PER_CALL
        batch_size = rest.pop("batch_size", 32)
        # The losses of several outputs are means over the batches, whatever the size of the last one.
        usual = batch_size if keras.tree.is_nested(given.get("y")) else VALIDATION_BATCH_SIZE
        validation_batch_size = rest.pop("validation_batch_size", usual)
        # A hypermodel's `fit` that trains epoch by epoch counts each from 0.
        shift = max(trained - rest.get("initial_epoch", 0), 0)
        order = EpochOrder(training, validation, seed, shift, shuffle=bool(rest.pop("shuffle", True)))
        with contextlib.ExitStack() as stack:
            calls = stack.enter_context(training.held(data, batch_size, model, per_call))
            if validation_data is not None:
                held = validation.held(validation_data, validation_batch_size, model, per_call)
                rest["validation_data"] = stack.enter_context(held)
            # Keras warns that it does not shuffle a Dataset: this one is shuffled already.
            callbacks = [order, *callbacks, VariablesFirst(data)]
            history = plain_fit(calls, **rest, callbacks=callbacks, shuffle=False)
        trained = order.trained
        return history

    model.fit = fit


def restore(model: keras.Model) -> None:
    """Gives an accelerated model Keras's own `fit` back, for whoever trains it further."""
    for name in ("fit", "train_step", "test_step"):
        setattr(model, name, vars(model)[name].__wrapped__)
    for name in ("make_train_function", "make_test_function"):
        vars(model).pop(name, None)
    model.train_function = model.test_function = None


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

    def set_params(self, params: dict[str, Any]) -> None:
        # For the callbacks that come after, which may reckon with the steps of an epoch.
        params["steps"] = self._training.count
        super().set_params(params)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        number = epoch + self._shift
        self.trained = number + 1
        generator = np.random.default_rng((self._seed, number))
        self._training.begin(generator.permutation(self._training.examples) if self._shuffle else None)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self._validation.begin()


def _fuse_optimizer(model: keras.Model) -> None:
    if model.compiled and model.optimizer is not None and not _is_distributed(model):
        fused_adam.fuse(model.optimizer)


def _is_distributed(model: keras.Model) -> bool:
    return model._distribute_strategy is not None


def _watch_batches(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether a callback wants to be called at every batch, which many steps in one call would not do."""
    return any(
        getattr(getattr(callback, hook), "__func__", None) is not getattr(keras.callbacks.Callback, hook)
        for callback in callbacks
        for hook in _BATCH_HOOKS
    )
