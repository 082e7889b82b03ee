"""`tf.data.Dataset`s, which are data under every backend of Keras: told from other data.

TensorFlow is loaded only for a dataset, which has loaded it already.
"""

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import tensorflow as tf


def is_dataset(data: Any) -> "TypeGuard[tf.data.Dataset]":
    """Whether `data` is a `tf.data.Dataset`; where TensorFlow is not loaded, nothing is."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def changes(dataset: Any) -> bool:
    """Whether the elements of `dataset`, or their order, depend on how often it was iterated over."""
    from keras_search.tuner.data import tf_random
    from keras_search.tuner.keras_private import pipelines

    return pipelines.shuffles(dataset) or tf_random.changes(pipelines.operations(dataset))


def begin_epoch(dataset: Any, epoch: int) -> None:
    """Sets what is random in `dataset` and has no seed to what it is in `epoch`."""
    from keras_search.tuner.data import tf_random

    tf_random.begin_epoch(dataset, epoch)


def zeros(spec: Any) -> Any:
    """A tensor of zeros of the type `spec`; dimensions of unknown size have the size 1."""
    import tensorflow as tf

    return tf.zeros([size or 1 for size in spec.shape], spec.dtype)
