"""Batches of images that are converted where they are read: those of one call at once."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_search.tuner.fast.steps import ArrayBatches, Pass
from keras_search.tuner.fast.tensors import tensor

# Of the examples that are converted for one call.
_MOST_BYTES = 8_000_000


class ImageBatches(ArrayBatches):
    """The batches of data with images (`Images`) among them.

    On a GPU the images are converted once and stay there. In main memory no more of them are than one call trains on.
    """

    def _place(self, data: Any) -> None:
        self._is_on_gpu = bool(tf.config.list_logical_devices("GPU"))
        if self._is_on_gpu:
            super()._place(keras.tree.map_structure(np.asarray, data))

    def _resize(self, batch_size: int) -> None:
        super()._resize(batch_size)
        if not self._is_compiled_so:
            batch = batch_size * sum(part[:1].nbytes for part in keras.tree.flatten(self.data))
            self._per_call = max(1, min(self._per_call, _MOST_BYTES // batch))

    def shuffle(self, generator: np.random.Generator | None) -> None:
        if self._is_on_gpu:
            super().shuffle(generator)
        else:
            self._rows = np.arange(self._examples) if generator is None else generator.permutation(self._examples)

    def __iter__(self) -> Pass:
        if self._is_on_gpu:
            return super().__iter__()
        size = min(self._batch_size, self._examples)
        return _ImagePass(self.data, self._rows, size, self._static_size, self.count, self._per_call)


class _ImagePass(Pass):
    """One pass over images.

    Args:
        data: Images and arrays of the same length, in any nesting.
        rows: The order of the examples.
        size: The size of a batch.
        static_size: That size if it is the one of every batch; else None.
        count: The number of batches.
        per_call: The number of batches per call.
    """

    def __init__(
        self, data: Any, rows: np.ndarray, size: int, static_size: int | None, count: int, per_call: int
    ) -> None:
        super().__init__(_sliced, None, count, per_call)
        self._data = data
        self._rows = rows
        self._size = size
        self._static_size = static_size
        # Of one shape for all calls, or the loop would be traced once more for the last.
        self._most = min(per_call, count) * size

    def steps(self, loop: Any) -> Any:
        first, end = next(self)
        rows = self._rows[first * self._size : end * self._size]

        def placed(part: Any) -> tf.Tensor:
            examples = part[rows]
            missing = self._most - len(rows)
            return tensor(np.pad(examples, [(0, missing)] + [(0, 0)] * (examples.ndim - 1)) if missing else examples)

        source = (keras.tree.map_structure(placed, self._data), np.int32(len(rows)), np.int32(first))
        return loop(_sliced, (*source, np.int32(self._size), self._static_size), np.int32(first), np.int32(end))


def _sliced(source: tuple[Any, ...], number: tf.Tensor) -> Any:
    data, examples, first, size, static_size = source
    begin = (number - first) * size
    end = tf.minimum(begin + size, examples)

    def batch(part: tf.Tensor) -> tf.Tensor:
        taken = part[begin:end]
        return tf.ensure_shape(taken, (static_size, *part.shape[1:]))

    return keras.tree.map_structure(batch, data)
