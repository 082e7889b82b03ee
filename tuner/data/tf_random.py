"""The random operations in the functions of a `tf.data` graph: what has no seed draws from a state that is given one.

TensorFlow seeds an operation without a seed from the clock, so no trial could be repeated. One with a fixed seed begins
anew with each iterator: every epoch would have the same crops and flips. Here such operations draw from a generator,
whose state is set at the start of each epoch from the seed of the trial and the number of the epoch.
"""

from collections.abc import Iterable
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
_SEED = "_keras_search_seed"
# The functions of a trial find the state by this name; there is one trial at a time in a process.
_NAME = "keras_search random state"
_STATE, _ALGORITHM = "keras_search/state", "keras_search/algorithm"


def changes(operations: Iterable[str]) -> bool:
    """Whether functions with these operations give something else each time."""
    return not _IN_TURN.isdisjoint(operations)


def take_seeds(definition: Any) -> bool:
    """Makes the random operations without a seed draw from the state; returns whether there are any.

    A map that would call random operations in parallel calls them one after another, as a race would decide which
    draws first. Where there is a GPU, all cores are needed to feed it: there the race stays.
    """
    functions = definition.library.function
    is_random = any([_take_seeds(function) for function in functions])
    if not tf.config.list_logical_devices("GPU"):
        random = {function.signature.name for function in functions if changes(node.op for node in function.node_def)}
        _spread(definition, random)
        for node in definition.node:
            _in_order(node, random)
    return is_random


def _take_seeds(function: Any) -> bool:
    drawing = [node for node in function.node_def if node.op in _OF_A_GENERATOR and not _seeds(node)]
    if not drawing:
        return False
    for node in drawing:
        kinds = node.attr["T"].type, node.attr["Tout" if "Tout" in node.attr else "dtype"].type
        node.op = _OF_A_GENERATOR[node.op]
        node.attr.clear()
        node.attr["shape_dtype"].type, node.attr["dtype"].type = kinds
        inputs = [f"{_STATE}:resource:0", f"{_ALGORITHM}:output:0", *node.input]
        del node.input[:]
        node.input.extend(inputs)
    state, algorithm = function.node_def.add(name=_STATE, op="VarHandleOp"), function.node_def.add(name=_ALGORITHM)
    state.attr["dtype"].type = tf.int64.as_datatype_enum
    state.attr["shape"].shape.CopyFrom(tf.TensorShape([_STATE_SIZE]).as_proto())
    state.attr["shared_name"].s = _NAME.encode()
    algorithm.op = "Const"
    algorithm.attr["dtype"].type = tf.int64.as_datatype_enum
    algorithm.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(_PHILOX, tf.int64))
    function.signature.is_stateful = True
    return True


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


def attach(dataset: Any, seed: int) -> None:
    """Notes the seed of the random operations in `dataset`, and begins its first epoch."""
    setattr(dataset, _SEED, seed)
    begin_epoch(dataset, 0)


def begin_epoch(dataset: Any, epoch: int) -> None:
    """Sets the random state of `dataset`, or of what it is made of, to that of `epoch`."""
    if (seed := getattr(dataset, _SEED, None)) is not None:
        with tf.device("CPU:0"):
            state = tf.raw_ops.VarHandleOp(dtype=tf.int64, shape=[_STATE_SIZE], shared_name=_NAME)
            value = tf.constant([derive(seed, "epoch", epoch), 0, 0], tf.int64)
            tf.raw_ops.AssignVariableOp(resource=state, value=value)
    for part in of_tensorflow.inputs(dataset):
        begin_epoch(part, epoch)
