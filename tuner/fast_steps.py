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


class CallNumber(NamedTuple):
    """What stands for the batches of one call in the dataset that Keras is given, which only counts them."""

    number: tf.Tensor


class Batches:
    """The batches that a model's `fit` goes through, the last one smaller where the length does not divide.

    Attributes:
        examples: How many examples there are.
        count: How many batches.
    """

    @contextlib.contextmanager
    def held(self, data: Any, batch_size: int, model: keras.Model, per_call: int) -> Iterator[tf.data.Dataset]:
        """Has `data` on the device while the block runs; gives the dataset that stands for it in Keras's `fit`.

        Args:
            data: Arrays of one length, in any nesting.
            batch_size: How many examples there are in a batch.
            model: The model that goes through them.
            per_call: How many steps are taken in one call, where the model has not been compiled with a number.
        """
        before = vars(self).copy()  # a callback may call `fit` again
        try:
            self.examples = len(keras.tree.flatten(data)[0])
            self._batch_size = min(batch_size, self.examples)
            self.count = -(-self.examples // self._batch_size)
            self._data = keras.tree.map_structure(tensor, data)
            own = model.steps_per_execution
            self._per_call = per_call if own == 1 else own
            self.begin(np.arange(self.examples))
            # Keras itself takes so many at a time where the model has a number of its own.
            calls = -(-self.count // per_call) if own == 1 else self.count
            yield tf.data.Dataset.from_tensor_slices(CallNumber(np.arange(calls)))
        finally:
            self.__dict__ = before

    def begin(self, order: np.ndarray | None = None) -> None:
        """Begins an epoch; in another order of the examples, where one is given."""
        self._next = 0
        if order is not None:
            with tf.device("CPU:0"):
                self._order = tf.constant(order, tf.int32)

    def take(self) -> tuple[Any, ...]:
        """What the looping function is called with for the batches of the next call."""
        first, self._next = self._next, self._next + self._per_call
        devices = tuple(array.device for array in keras.tree.flatten(self._data))
        return self._data, devices, self._order, *map(np.int32, (self._batch_size, first, self._next))


def is_plain(model: keras.Model) -> bool:
    """Whether `model` goes through its data as Keras has it."""
    names = ("fit", "evaluate", "make_train_function", "make_test_function")
    return all(getattr(type(model), name) is getattr(keras.Model, name) for name in names) and not (
        set(names) & vars(model).keys()
    )


def loop(model: keras.Model, training: Batches, validation: Batches) -> None:
    """Makes `model` take its steps by a loop of our own where it goes through a dataset that `Batches.held` gave.

    Other data, as those that a callback evaluates it on, it goes through as before.
    """
    model.train_function = model.test_function = None  # it may have been trained before
    for purpose, batches in (("train", training), ("test", validation)):
        setattr(model, f"make_{purpose}_function", functools.partial(_make, model, purpose, batches))


def _make(model: keras.Model, purpose: str, batches: Batches, force: bool = False) -> Callable[..., Any]:
    """Keras's `make_train_function` or `make_test_function`, with our loop beside its own."""
    name = f"{purpose}_function"
    if getattr(model, name) is None or force:
        getattr(keras.Model, f"make_{name}")(model, force)
        keras_loop = getattr(model, name)
        own_loop = _looping(getattr(model, f"{purpose}_step"), model.jit_compile, model.run_eagerly)

        def function(iterator: Any) -> Any:
            is_ours = isinstance(getattr(iterator, "element_spec", None), CallNumber)
            return own_loop(*batches.take()) if is_ours else keras_loop(iterator)

        setattr(model, name, function)
    return getattr(model, name)


def _looping(step: Callable[..., Any], jit_compile: bool, run_eagerly: bool) -> Callable[..., Any]:
    """A function that takes some steps, and returns what the last one does."""
    one = step
    if not run_eagerly:
        one = tf.function(step, jit_compile=jit_compile, reduce_retracing=True, autograph=False)

    def many(
        data: Any,
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
            for array, device in zip(keras.tree.flatten(data), devices, strict=True):
                # An array in main memory would else travel to a GPU at every step.
                with tf.device(device):
                    batch.append(tf.gather(array, rows))
            outputs = tf.experimental.Optional.from_value(one(keras.tree.pack_sequence_as(data, batch)))
            nothing._element_spec = outputs.element_spec
            return number + 1, outputs

        def is_left(number: tf.Tensor, _: tf.experimental.Optional) -> tf.Tensor:
            return tf.logical_and(number < end, number * batch_size < tf.size(order))

        _, last = tf.while_loop(is_left, body, (first, nothing), parallel_iterations=1)
        last._element_spec = nothing.element_spec
        return last.get_value()

    return many if run_eagerly else tf.function(many, reduce_retracing=True, autograph=False)
