"""The graph of a `tf.data.Dataset`, without its large constants, and datasets made from it again.

What makes a pipeline random is given anew with each dataset that is made: the seeds of shuffles and of random
operations that have none of their own, from the seed of the trial. Nothing is then left of how often the pipeline was
iterated over before, and the large constants are shared by all.
"""

import itertools
import uuid
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from keras_search.tuner.data import tf_random
from keras_search.tuner.keras_private import pipelines
from keras_search.tuner.seeds import derive

# Bytes: larger constants are taken out of the graph.
LARGE = 2**20
# Bytes: TensorFlow writes no larger graph.
MOST = 2**31 - 1

_PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
_STAND_IN = "stand_in_"
# What a graph names of the process that it comes from, and makes anew in another.
_MADE_ANEW = ("SeedGenerator", "MemoryCache")


@dataclass(frozen=True)
class Graph:
    """A pipeline as its graph.

    Attributes:
        definition: The serialized graph, in which each large constant is read from a variable.
        element_spec: The type of its elements.
        constants: The names of these variables, which no other graph has.
        seeds: The names of the two nodes with the seeds of each shuffle that was given none.
        variables: The names of the nodes of the variables that the user's functions change.
        states: The names of the states from which random operations draw (`tf_random`).
    """

    definition: bytes
    element_spec: Any
    constants: tuple[str, ...]
    seeds: tuple[tuple[str, str], ...]
    variables: tuple[str, ...]
    states: tuple[str, ...]


def of(dataset: tf.data.Dataset) -> tuple[Graph, list[Any]]:
    """The graph of `dataset`, and the values of its large constants: tensors or arrays.

    Raises:
        ValueError: It runs Python code, holds state outside its graph, or is too large.
    """
    taken: list[list[tf.Tensor]] = []

    def replace(source: tf.data.Dataset) -> tf.data.Dataset | None:
        tensors = pipelines.tensors(source)
        if (
            not pipelines.is_sliced(source)
            or not all(_is_numeric(tensor.dtype) for tensor in tensors)
            or _size(tensors) < LARGE
        ):
            return None
        taken.append(tensors)
        return pipelines.stand_in(source, f"{_STAND_IN}{len(taken) - 1}")

    try:
        upon = pipelines.upon(dataset, replace)
    except pipelines.UnknownPipeline:
        upon, taken = dataset, []
    definition = _serialized(upon)
    _require_portable(definition)
    seeds = tuple(_shuffles_without_seed(definition))
    variables = tuple(node.name for node in definition.node if node.op == "VarHandleOp")
    constants = _taken(definition, taken)
    names = [_read_from_variable(node, definition) for node in list(definition.node) if node.name in constants]
    values = [constants[node] for node, _ in names]
    states = tf_random.take_seeds(definition)
    serialized = definition.SerializeToString()
    return Graph(serialized, dataset.element_spec, tuple(n for _, n in names), seeds, variables, states), values


class Pipeline:
    """Makes datasets of a graph.

    Args:
        graph: The graph.
        constants: The values of its large constants, which all datasets share.
    """

    def __init__(self, graph: Graph, constants: Sequence[Any]) -> None:
        self._graph = graph
        with tf.device("CPU:0"):
            for name, value in zip(graph.constants, constants, strict=True):
                constant = tensor(value)
                variable = tf.raw_ops.VarHandleOp(dtype=constant.dtype, shape=constant.shape, shared_name=name)
                tf.raw_ops.AssignVariableOp(resource=variable, value=constant)
                _destroy_with(self, variable)

    def dataset(self, seed: int) -> tf.data.Dataset:
        """A dataset that begins anew; `seed` is for what has no seed of its own."""
        definition = tf.compat.v1.GraphDef.FromString(self._graph.definition)
        nodes = {node.name: node for node in definition.node}
        for number, name in enumerate(itertools.chain(*self._graph.seeds)):
            nodes[name].attr["value"].tensor.CopyFrom(tf.make_tensor_proto(derive(seed, "shuffle", number), tf.int64))
        variables = [nodes[name] for name in self._graph.variables]
        for node in variables:
            node.attr["shared_name"].s = f"{node.name} {uuid.uuid4().hex}".encode()
        with tf.device("CPU:0"):
            variant = tf.raw_ops.DatasetFromGraph(graph_def=definition.SerializeToString())
        dataset: Any = tf.data.experimental.from_variant(variant, self._graph.element_spec)
        if self._graph.constants and not any(node.op == "RepeatDataset" for node in definition.node):
            dataset = _as_it_is(dataset)
        dataset.made_by = self  # whose constants it reads
        for node in variables:
            _destroy_with(dataset, _variable(node))
        tf_random.attach(dataset, self._graph.states, seed)
        return dataset


def _variable(node: Any) -> tf.Tensor:
    """The handle of the variable of `node`."""
    shape, name = tf.TensorShape(node.attr["shape"].shape), node.attr["shared_name"].s.decode()
    with tf.device("CPU:0"):
        return tf.raw_ops.VarHandleOp(dtype=node.attr["dtype"].type, shape=shape, shared_name=name)


def _destroy_with(owner: Any, variable: tf.Tensor) -> None:
    """Destroys a variable when `owner` is gone; the end of the process needs no help."""
    weakref.finalize(owner, tf.raw_ops.DestroyResourceOp, resource=variable).atexit = False


def tensor(value: Any) -> tf.Tensor:
    """A constant as a tensor; a mapped array in the memory where it is."""
    if not isinstance(value, np.memmap):
        return tf.convert_to_tensor(value)
    # TensorFlow uses an array in place only at such addresses.
    if value.dtype.kind in "iuf" and value.flags.c_contiguous and value.ctypes.data % 64 == 0:
        return tf.experimental.dlpack.from_dlpack(np.asarray(value).__dlpack__())
    return tf.constant(np.asarray(value))


def _as_it_is(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """`dataset` without TensorFlow's rewriting of graphs, which copies all constants at the start of each epoch.

    What it changes of the elements is the order of a shuffle that is repeated.
    """
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.with_options(options)


def _serialized(dataset: tf.data.Dataset) -> Any:
    # 1: whatever state there is outside of the graph.
    try:
        serialized = tf.raw_ops.DatasetToGraphV2(
            input_dataset=tf.data.experimental.to_variant(dataset), external_state_policy=1
        ).numpy()
    except tf.errors.OpError as error:
        raise ValueError("a tf.data.Dataset without a graph") from error
    # TensorFlow writes nothing in place of a graph that is too large.
    if not serialized or len(serialized) > MOST:
        raise ValueError("a tf.data.Dataset of more than 2 GB with transformations that cannot be told from its data")
    return tf.compat.v1.GraphDef.FromString(serialized)


def _bodies(definition: Any) -> list[Any]:
    return [definition.node, *(function.node_def for function in definition.library.function)]


def _require_portable(definition: Any) -> None:
    """Raises ValueError if the graph needs what is in this process."""
    if any(node.op in _PYTHON for body in _bodies(definition) for node in body):
        raise ValueError("a tf.data.Dataset that runs Python code (from_generator, py_function)")
    for node in definition.node:
        for handle in node.attr["value"].tensor.resource_handle_val if node.op == "Const" else ():
            if not any(name in handle.name for name in _MADE_ANEW):
                raise ValueError("a tf.data.Dataset that holds state outside its graph")
            # With the original name, it would share that of a dataset in the process that loads it.
            handle.name = f"{next(name for name in _MADE_ANEW if name in handle.name)} of its own"


def _taken(definition: Any, of_stand_ins: list[list[tf.Tensor]]) -> dict[str, Any]:
    """The values of the large constants and of those of stand-ins, by the names of their nodes."""
    values: dict[str, Any] = {}
    for node in definition.node:
        if node.op == "TensorSliceDataset" and "metadata" in node.attr:
            number = node.attr["metadata"].s.decode(errors="replace").rpartition(_STAND_IN)[2]
            if number.isdecimal():
                values |= zip(node.input, of_stand_ins[int(number)], strict=True)
    for node in definition.node:
        if node.op == "Const" and node.name not in values and _is_large(node):
            values[node.name] = tf.make_ndarray(node.attr["value"].tensor)
    return values


def _is_large(constant: Any) -> bool:
    kind = tf.as_dtype(constant.attr["dtype"].type)
    return len(constant.attr["value"].tensor.tensor_content) >= LARGE and _is_numeric(kind)


def _read_from_variable(node: Any, definition: Any) -> tuple[str, str]:
    """Makes the constant `node` read a variable; returns its name, and that of the variable."""
    name = f"constant of keras_search {uuid.uuid4().hex}"
    kind = node.attr["dtype"].type
    variable = definition.node.add(name=f"{node.name}_variable", op="VarHandleOp")
    variable.attr["dtype"].type = kind
    variable.attr["shape"].shape.unknown_rank = True
    variable.attr["shared_name"].s = name.encode()
    node.op = "ReadVariableOp"
    node.attr.clear()
    node.attr["dtype"].type = kind
    node.input.append(variable.name)
    return node.name, name


# The kinds of numbers that a `.npy` file holds.
_KINDS = "biufc"


def _is_numeric(kind: tf.DType) -> bool:
    numeric = kind.is_bool or kind.is_integer or kind.is_floating or kind.is_complex
    return numeric and not kind.is_quantized and np.dtype(kind.as_numpy_dtype).kind in _KINDS


def _size(tensors: Sequence[tf.Tensor]) -> int:
    return sum(tensor.dtype.size * int(tf.size(tensor, tf.int64)) for tensor in tensors)


def _shuffles_without_seed(definition: Any) -> list[tuple[str, str]]:
    """The nodes of the pair of seeds of each shuffle that was given none."""
    seeds = {
        node.name: tf.make_ndarray(node.attr["value"].tensor)
        for node in definition.node
        if node.op == "Const" and node.attr["dtype"].type == tf.int64.as_datatype_enum
    }
    pairs = [(node.input[2], node.input[3]) for node in definition.node if node.op.startswith("ShuffleDataset")]
    return [pair for pair in pairs if all(name in seeds and seeds[name] == 0 for name in pair)]
