"""`tf.data.Dataset`s, which are data under every backend of Keras: told from other data, and moved as their graphs.

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


def shuffles(dataset: Any) -> bool:
    """Whether the order of `dataset` depends on how often it was iterated over."""
    from keras_search.tuner.keras_private import of_tensorflow

    return "Shuffle" in type(dataset).__name__ or any(map(shuffles, of_tensorflow.inputs(dataset)))


def graph(dataset: Any) -> bytes:
    """The graph of `dataset`; a dataset made from it shuffles in the orders that this one began with.

    Raises:
        ValueError: It has state outside its graph, such as the Python code that it runs.
    """
    import tensorflow as tf

    try:
        # 2: fail if there is state outside the graph.
        serialized = tf.raw_ops.DatasetToGraphV2(
            input_dataset=tf.data.experimental.to_variant(dataset), external_state_policy=2
        ).numpy()
    except tf.errors.OpError as error:
        raise ValueError(
            "a tf.data.Dataset that runs Python code (from_generator, py_function) or holds state outside its graph"
        ) from error
    if b"SeedGenerator" not in serialized:
        return serialized
    definition = tf.compat.v1.GraphDef.FromString(serialized)
    for node in definition.node:
        # With the original name, it would share the generator of a dataset in the process that loads it.
        for handle in node.attr["value"].tensor.resource_handle_val if node.op == "Const" else ():
            if "SeedGenerator" in handle.name:
                handle.name = "SeedGenerator of its own"
    return definition.SerializeToString()


def of_graph(graph: bytes, element_spec: Any) -> Any:
    """The dataset of a graph."""
    import tensorflow as tf

    return tf.data.experimental.from_variant(tf.raw_ops.DatasetFromGraph(graph_def=graph), element_spec)


def zeros(spec: Any) -> Any:
    """A tensor of zeros of the type `spec`; dimensions of unknown size have the size 1."""
    import tensorflow as tf

    return tf.zeros([size or 1 for size in spec.shape], spec.dtype)
