"""The random operations in the functions of a `tf.data` graph: what has no seed draws from a state that is given one.

TensorFlow seeds an operation without a seed from the clock, so no trial could be repeated. One with a fixed seed begins
anew with each iterator: every epoch would have the same crops and flips. Here such operations draw from a generator,
whose state is set at the start of each epoch from the seed of the trial and the number of the epoch.
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from keras_search.tuner.keras_private import of_tensorflow
from keras_search.tuner.seeds import derive

# What takes the place of each operation.
_OF_A_GENERATOR = {
    "RandomUniform": "StatefulUniform",
    "RandomUniformInt": "StatefulUniformInt",
    "RandomStandardNormal": "StatefulStandardNormalV2",
    "TruncatedNormal": "StatefulTruncatedNormal",
}
# What else depends on how often it was called before.
_IN_TURN = {
    "AssignAddVariableOp", "AssignVariableOp", "Multinomial", "RandomGamma", "RandomPoissonV2", "RandomShuffle",
    "RngReadAndSkip", "RngSkip", "SampleDistortedBoundingBox", "SampleDistortedBoundingBoxV2",
    *_OF_A_GENERATOR, *_OF_A_GENERATOR.values(),
}  # fmt: skip
_PHILOX = 1
_STATE_SIZE = 3
_DRAWS = "_keras_search_draws"
_STATE, _ALGORITHM = "keras_search/state", "keras_search/algorithm"


def changes(operations: Iterable[str]) -> bool:
    """Whether functions with these operations give something else each time."""
    return not _IN_TURN.isdisjoint(operations)


def take_seeds(definition: Any) -> tuple[str, ...]:
    """Makes each random operation without a seed draw from a state of its own; returns the names of these states.

    A map that would call random operations in parallel calls them one after another, as a race would decide which
    draws first. Where there is a GPU, all cores are needed to feed it: there the race stays.
    """
    functions = definition.library.function
    states = tuple(name for function in _in_order_of_calls(definition) for name in _take_seeds(function))
    if not tf.config.list_logical_devices("GPU"):
        random = {function.signature.name for function in functions if changes(node.op for node in function.node_def)}
        _spread(definition, random)
        for node in definition.node:
            _in_order(node, random)
    return states


def _in_order_of_calls(definition: Any) -> list[Any]:
    """The functions in the order in which the graph names them; that of their list is another in each process."""
    functions = {function.signature.name: function for function in definition.library.function}
    ordered: dict[str, Any] = {}

    def visit(nodes: Iterable[Any]) -> None:
        for node in nodes:
            for _, value in sorted(node.attr.items(), key=lambda pair: pair[0]):
                for name in (value.func.name, *(part.name for part in value.list.func)):
                    if name in functions and name not in ordered:
                        ordered[name] = functions[name]
                        visit(functions[name].node_def)

    visit(definition.node)
    return list(ordered.values())


def _take_seeds(function: Any) -> list[str]:
    names = []
    for node in [node for node in function.node_def if node.op in _OF_A_GENERATOR and not _seeds(node)]:
        # One for each, as TensorFlow may run the operations of a function in any order.
        names.append(f"random state of keras_search {uuid.uuid4().hex}")
        state = function.node_def.add(name=f"{_STATE}_{len(names)}", op="VarHandleOp")
        state.attr["dtype"].type = tf.int64.as_datatype_enum
        state.attr["shape"].shape.CopyFrom(tf.TensorShape([_STATE_SIZE]).as_proto())
        state.attr["shared_name"].s = names[-1].encode()
        algorithm = function.node_def.add(name=f"{_ALGORITHM}_{len(names)}", op="Const")
        algorithm.attr["dtype"].type = tf.int64.as_datatype_enum
        algorithm.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(_PHILOX, tf.int64))
        kinds = node.attr["T"].type, node.attr["Tout" if "Tout" in node.attr else "dtype"].type
        node.op = _OF_A_GENERATOR[node.op]
        node.attr.clear()
        node.attr["shape_dtype"].type, node.attr["dtype"].type = kinds
        inputs = [f"{state.name}:resource:0", f"{algorithm.name}:output:0", *node.input]
        del node.input[:]
        node.input.extend(inputs)
    function.signature.is_stateful |= bool(names)
    return names


def _seeds(node: Any) -> tuple[int, ...]:
    return tuple(node.attr[name].i for name in ("seed", "seed2") if name in node.attr and node.attr[name].i)


def _spread(definition: Any, random: set[str]) -> None:
    """Adds the functions that call those in `random`."""
    while True:
        callers = {
            function.signature.name
            for function in definition.library.function
            if any(_calls(node, random) for node in function.node_def)
        }
        if callers <= random:
            return
        random |= callers


def _calls(node: Any, functions: set[str]) -> bool:
    return any(
        value.func.name in functions or any(part.name in functions for part in value.list.func)
        for value in node.attr.values()
    )


def _in_order(node: Any, random: set[str]) -> None:
    if node.op == "ParallelMapDatasetV2" and node.attr["f"].func.name in random:
        node.op = "MapDataset"
        node.input.pop()  # the number of calls at once
        for name in ("deterministic", "use_unbounded_threadpool"):
            node.attr.pop(name, None)


def attach(dataset: Any, states: Sequence[str], seed: int) -> None:
    """Notes the states of the random operations in `dataset`, and their seed; begins its first epoch."""
    setattr(dataset, _DRAWS, (states, seed))
    begin_epoch(dataset, 0)


def begin_epoch(dataset: Any, epoch: int) -> None:
    """Sets the random states of `dataset`, or of what it is made of, to those of `epoch`."""
    states, seed = getattr(dataset, _DRAWS, ((), 0))
    with tf.device("CPU:0"):
        for number, name in enumerate(states):
            state = tf.raw_ops.VarHandleOp(dtype=tf.int64, shape=[_STATE_SIZE], shared_name=name)
            value = tf.constant([derive(seed, "epoch", epoch, number), 0, 0], tf.int64)
            tf.raw_ops.AssignVariableOp(resource=state, value=value)
    for part in of_tensorflow.inputs(dataset):
        begin_epoch(part, epoch)
