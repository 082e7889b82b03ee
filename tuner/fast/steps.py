"""Runs many steps in one call, over arrays and datasets.

Keras gets every batch of arrays from a `tf.data` iterator, which takes a third of a small model's time on the CPU, and
copies it to the GPU. Here the arrays are copied to the device once, and a loop within TensorFlow gathers the batches.
The same loop draws the batches of a dataset, without Keras's conditions around each batch or calls from Python.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.tuner.fast import replacing, traces
from keras_search.tuner.fast.tensors import tensor
from keras_search.tuner.keras_private import DataAdapter, of_tensorflow


class Pass(Iterator[tuple[int, int]]):
    """One pass over data, with several batches per call.

    Iterating gives, for each call, the number of its first batch and of the first batch of the next call.

    Args:
        batch: Returns the batch of a number from `source`; called within TensorFlow.
        source: The first argument of `batch`.
        count: The number of batches.
        per_call: The number of batches per call.
    """

    def __init__(self, batch: Callable[[Any, tf.Tensor], Any], source: Any, count: int, per_call: int) -> None:
        self._batch = batch
        self._source = source
        self._count = count
        self._per_call = per_call
        self._next = 0

    def __next__(self) -> tuple[int, int]:
        if self._next == self._count:
            raise StopIteration
        first, self._next = self._next, min(self._next + self._per_call, self._count)
        return first, self._next

    def steps(self, loop: Callable[..., Any]) -> Any:
        """Calls `loop` (`_looping`) on the batches of the next call; returns the result of the last step."""
        return loop(self._batch, self._source, *map(np.int32, next(self)))


class Batches(DataAdapter):
    """Data in batches, in a form that Keras's `fit` accepts; each epoch is a new `Pass`.

    Args:
        data: The data, as Keras packs them.
        model: The model that trains or is tested on them.
        per_call: The number of steps per call, unless the model was compiled with `steps_per_execution`.

    Attributes:
        data: The data, as Keras packs them: nested arrays, or a dataset.
        count: The number of batches.
        num_batches: The number of batches that Keras counts, which takes each call for a batch.
    """

    count: int

    def __init__(self, data: Any, model: keras.Model, per_call: int) -> None:
        self.data = data
        # Keras takes `steps_per_execution` into account itself.
        self._is_compiled_so = model.steps_per_execution != 1
        self._per_call = model.steps_per_execution if self._is_compiled_so else per_call

    @property
    def num_batches(self) -> int:
        return self.count if self._is_compiled_so else -(-self.count // self._per_call)

    def get_tf_dataset(self) -> "Batches":
        return self


class ArrayBatches(Batches):
    """The batches of arrays; the last batch may be smaller.

    Args:
        data: Arrays of the same length, in any nesting.
        batch_size: The number of examples in a batch.
        model: The model that trains or is tested on them.
        per_call: The number of steps per call, unless the model was compiled with `steps_per_execution`.
    """

    def __init__(self, data: Any, batch_size: int, model: keras.Model, per_call: int) -> None:
        self._examples = len(keras.tree.flatten(data)[0])
        super().__init__(data, model, per_call)
        self._resize(batch_size)
        self._place(data)
        self.shuffle(None)

    def _place(self, data: Any) -> None:
        """Puts the arrays where batches are taken from."""
        self._tensors = keras.tree.map_structure(tensor, data)

    def enlarge(self, batch_size: int) -> None:
        """Makes the batches at least as large as `batch_size`."""
        self._resize(max(batch_size, self._batch_size))

    def _resize(self, batch_size: int) -> None:
        self._batch_size = batch_size
        # The static size of batches, as in Keras.
        self._static_size = None if self._examples % batch_size else batch_size
        self.count = -(-self._examples // batch_size)

    def shuffle(self, generator: np.random.Generator | None) -> None:
        """Draws the order of the examples for the next pass; `None` keeps their own order."""
        order = np.arange(self._examples) if generator is None else generator.permutation(self._examples)
        with tf.device("CPU:0"):
            self._order = tf.constant(order, tf.int32)

    def __iter__(self) -> Pass:
        devices = tuple(array.device for array in keras.tree.flatten(self._tensors))
        batch_size = np.int32(min(self._batch_size, self._examples))
        source = (self._tensors, devices, self._order, batch_size, self._static_size)
        return Pass(_gathered, source, self.count, self._per_call)


class DatasetBatches(Batches):
    """The batches of a dataset, in its own order."""

    def __init__(self, dataset: tf.data.Dataset, model: keras.Model, per_call: int) -> None:
        super().__init__(dataset, model, per_call)
        self.count = int(dataset.cardinality())

    def __iter__(self) -> Pass:
        return Pass(_drawn, iter(self.data), self.count, self._per_call)


def own_loop(model: keras.Model) -> str | None:
    """The method with which `model` replaces Keras's loop over data; None if it has none."""
    for name in ("fit", "evaluate", "make_train_function", "make_test_function"):
        if getattr(type(model), name) is not getattr(keras.Model, name) or replacing.has_its_own(model, name):
            return name
    return None


def loop(model: keras.Model, owner: str) -> None:
    """Makes `model` run its steps by our loop on `Batches`, and by Keras's loop on other data."""
    if replacing.is_replaced(model, "make_train_function"):
        return
    forget_functions(model)  # the model may have been trained before
    for purpose in ("train", "test"):
        replacing.replace(model, f"make_{purpose}_function", functools.partial(_make, model, purpose), owner)


def forget_functions(model: keras.Model) -> None:
    """Makes a model build the functions of its steps again."""
    model.train_function = model.test_function = None


def _make(model: keras.Model, purpose: str, force: bool = False) -> Callable[..., Any]:
    """Keras's `make_train_function` or `make_test_function`, with our loop in addition to its own."""
    name = f"{purpose}_function"
    if getattr(model, name) is None or force:
        getattr(keras.Model, f"make_{name}")(model, force)
        keras_loop = getattr(model, name)
        own_loop = _looping(getattr(model, f"{purpose}_step"), model.jit_compile, model.run_eagerly)
        if not model.run_eagerly:
            own_loop = traces.Loop(model, purpose, own_loop)

        def function(data: Any) -> Any:
            return data.steps(own_loop) if isinstance(data, Pass) else keras_loop(data)

        setattr(model, name, function)
    return getattr(model, name)


def _looping(step: Callable[..., Any], jit_compile: bool, run_eagerly: bool) -> Callable[..., Any]:
    """A function that runs some steps, and returns the result of the last one."""
    # Alone, a function within a function is only traced twice.
    compiled = jit_compile and not run_eagerly
    single = tf.function(step, jit_compile=True, reduce_retracing=True, autograph=False) if compiled else step

    def many(batch: Callable[[Any, tf.Tensor], Any], source: Any, first: tf.Tensor, end: tf.Tensor) -> Any:
        # Its type is known only after a step is traced, as in Keras's own loop.
        nothing = tf.experimental.Optional.empty(None)  # pyright: ignore[reportAttributeAccessIssue] - missing in stubs

        def body(number: tf.Tensor, _: tf.experimental.Optional) -> tuple[tf.Tensor, tf.experimental.Optional]:
            results = single(batch(source, number))
            outputs = tf.experimental.Optional.from_value(results)  # pyright: ignore[reportAttributeAccessIssue]
            of_tensorflow.set_element_spec(nothing, outputs)
            return number + 1, outputs

        _, last = tf.while_loop(lambda number, _: number < end, body, (first, nothing), parallel_iterations=1)
        of_tensorflow.set_element_spec(last, nothing)
        return last.get_value()

    return many if run_eagerly else tf.function(many, reduce_retracing=True, autograph=False)


def _gathered(source: tuple[Any, ...], number: tf.Tensor) -> Any:
    data, devices, order, batch_size, static_size = source
    rows = order[number * batch_size : (number + 1) * batch_size]
    rows = tf.ensure_shape(rows, (static_size,))
    batch = []
    for array, device in zip(keras.tree.flatten(data), devices, strict=True):
        # Otherwise, an array in main memory would be copied to the GPU at every step.
        with tf.device(device):
            batch.append(tf.gather(array, rows))
    return keras.tree.pack_sequence_as(data, batch)


def _drawn(iterator: Any, number: tf.Tensor) -> Any:
    return iterator.get_next()
