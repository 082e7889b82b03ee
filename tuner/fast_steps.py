"""Many steps in one call, over batches that are gathered where the arrays are.

Keras asks a `tf.data` iterator for every batch, which takes a third of a small model's time on the CPU, and sends the
batch to a GPU. Here the arrays are on the device once, and a loop within TensorFlow goes through them.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tuner.shared_data import tensor


class BatchNumber(NamedTuple):
    """What stands for a batch in the dataset that Keras is given, which only counts them."""

    number: tf.Tensor


class Batches:
    """The batches that a model's `fit` goes through, the last one smaller where the length does not divide.

    Attributes:
        examples: How many there are.
    """

    @contextlib.contextmanager
    def held(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> Iterator[tf.data.Dataset]:
        """Has `x` and `y` on the device while the block runs; gives what Keras is to be given in their place."""
        before = vars(self).copy()  # a callback may call `fit` again
        self.examples = len(x)
        self._arrays = tensor(x), tensor(y)
        self._batch_size = batch_size
        self.begin(np.arange(self.examples))
        try:
            yield tf.data.Dataset.from_tensor_slices(BatchNumber(np.arange(-(-self.examples // batch_size))))
        finally:
            self.__dict__ = before

    def begin(self, order: np.ndarray | None = None) -> None:
        """Begins an epoch; in another order of the examples, where one is given."""
        self._next = 0
        if order is not None:
            with tf.device("CPU:0"):
                self._order = tf.constant(order, tf.int32)

    def take(self, steps: int) -> tuple[Any, ...]:
        """What the looping function is called with for the next `steps` batches."""
        first, self._next = self._next, self._next + steps
        devices = tuple(array.device for array in self._arrays)
        return self._arrays, devices, self._order, *map(np.int32, (self._batch_size, first, self._next))


def has_keras_loop(model: keras.Model) -> bool:
    """Whether `model` goes through its data as Keras has it."""
    makers = ("make_train_function", "make_test_function")
    return all(getattr(type(model), name) is getattr(keras.Model, name) for name in makers)


def loop(model: keras.Model, training: Batches, validation: Batches) -> None:
    """Makes `model` take its steps by a loop of our own where it goes through a dataset that `Batches.held` gave.

    Other data, as those that a callback evaluates it on, it goes through as before.
    """
    for purpose, batches in (("train", training), ("test", validation)):
        setattr(model, f"make_{purpose}_function", functools.partial(_make, model, purpose, batches))


def _make(model: keras.Model, purpose: str, batches: Batches, force: bool = False) -> Callable[..., Any]:
    """Keras's `make_train_function` or `make_test_function`, with our loop beside its own."""
    name = f"{purpose}_function"
    if getattr(model, name) is None or force:
        getattr(type(model), f"make_{name}")(model, force)
        keras_loop = getattr(model, name)
        own_loop = _looping(getattr(model, f"{purpose}_step"), model.jit_compile, model.run_eagerly)

        def function(iterator: Any) -> Any:
            if isinstance(getattr(iterator, "element_spec", None), BatchNumber):
                return own_loop(*batches.take(model.steps_per_execution))
            return keras_loop(iterator)

        setattr(model, name, function)
    return getattr(model, name)


def _looping(step: Callable[..., Any], jit_compile: bool, run_eagerly: bool) -> Callable[..., Any]:
    """A function that takes some steps, and returns what the last one does."""
    one = step
    if not run_eagerly:
        one = tf.function(step, jit_compile=jit_compile, reduce_retracing=True, autograph=False)

    def many(
        arrays: tuple[tf.Tensor, ...],
        devices: tuple[str, ...],
        order: tf.Tensor,
        batch_size: tf.Tensor,
        first: tf.Tensor,
        end: tf.Tensor,
    ) -> Any:
        # Of what kind it is becomes known as a step is traced, as in Keras's own loop.
        nothing = tf.experimental.Optional.empty(None)

        def body(number: tf.Tensor, _: tf.experimental.Optional) -> tuple[tf.Tensor, tf.experimental.Optional]:
            rows = order[number * batch_size : (number + 1) * batch_size]
            batch = []
            for array, device in zip(arrays, devices, strict=True):
                # An array in main memory would else travel to a GPU at every step.
                with tf.device(device):
                    batch.append(tf.gather(array, rows))
            outputs = tf.experimental.Optional.from_value(one(tuple(batch)))
            nothing._element_spec = outputs.element_spec
            return number + 1, outputs

        def is_left(number: tf.Tensor, _: tf.experimental.Optional) -> tf.Tensor:
            return tf.logical_and(number < end, number * batch_size < tf.size(order))

        _, last = tf.while_loop(is_left, body, (first, nothing), parallel_iterations=1)
        last._element_spec = nothing.element_spec
        return last.get_value()

    return many if run_eagerly else tf.function(many, reduce_retracing=True, autograph=False)
