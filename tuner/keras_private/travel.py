"""The private parts of objects that go to another process with their connections and settings.

Where a name is absent, such an object goes by its own pickling, or cannot go.
"""

import functools
import os
import sys
from pathlib import Path
from typing import Any

import keras

try:
    from keras.src.models.functional import Functional
    from keras.src.ops.node import Node
    from keras.src.saving.keras_saveable import KerasSaveable
    from keras.src.utils.tracking import TrackedDict, TrackedList, TrackedSet
except ImportError:  # such models and tensors then go as Keras pickles them
    Functional = Node = KerasSaveable = TrackedDict = TrackedList = TrackedSet = None

_PLAIN = {TrackedDict: dict, TrackedList: list, TrackedSet: set}


def is_pickled_by_keras(value: Any) -> bool:
    """Whether `value` is a model, a layer, a metric or the like without a way of its own to be pickled."""
    return KerasSaveable is not None and getattr(type(value), "__reduce__", None) is KerasSaveable.__reduce__


def plain(value: Any) -> type | None:
    """The class of a collection that Keras watches as an attribute of a layer; None for anything else."""
    return _PLAIN.get(type(value))


def saves_by_itself(layer: keras.Layer) -> bool:
    """Whether the class of `layer` saves more than its variables, or computes more from them, as preprocessing does."""
    is_changed = getattr(type(layer), "save_assets", None) is not getattr(keras.Layer, "save_assets", None)
    return is_changed or hasattr(layer, "finalize_state")


def is_functional(value: Any) -> bool:
    """Whether `value` is a model of connected layers, which is made by its inputs and outputs alone."""
    if Functional is None or not isinstance(value, Functional):
        return False
    from keras.src.models.functional import functional_like_constructor

    return functional_like_constructor(type(value))


def origin(tensor: Any) -> tuple[Any, int] | None:
    """The call of a layer that gives the symbolic `tensor`, and which of its outputs that is; None if there is none."""
    operation, call, output = getattr(tensor, "_keras_history", (None, 0, 0))
    return None if operation is None or Node is None else (operation._inbound_nodes[call], output)


def without_calls(operation: Any) -> dict[str, Any]:
    """The attributes of `operation`, as if it was never called."""
    return vars(operation) | {"_inbound_nodes": [], "_outbound_nodes": []}


def called(operation: Any, args: Any, kwargs: Any, outputs: list[Any]) -> Any:
    """Connects `operation` by a call whose symbolic results are `outputs`; returns the call."""
    if Node is not None and not isinstance(operation, keras.layers.InputLayer):
        Node(operation, call_args=args, call_kwargs=kwargs, outputs=outputs)
    return operation._inbound_nodes[-1]


def ends(model: Any) -> tuple[Any, Any]:
    """The symbolic inputs and outputs of a functional model, nested as the user gave them."""
    return model._inputs_struct, model._outputs_struct


def parts(model: keras.Sequential) -> tuple[list[Any], Any]:
    """The layers of `model`, with its input layer, and the functional model of them; None if it is not built."""
    return list(model._layers), model._functional


def assemble(model: keras.Sequential, layers: list[Any], functional: Any) -> None:
    """Makes `model`, which is new, one of `layers` that `functional` connects already."""
    model._layers = layers
    model._functional = functional
    model.built = functional is not None


def set_trainable(model: Any, is_trainable: bool) -> None:
    """Sets it for `model` alone, not for its layers."""
    model._trainable = is_trainable


def compiled_with(model: keras.Model) -> dict[str, Any] | None:
    """The arguments of the `compile` of `model` as they were given; None if it is not compiled."""
    config = getattr(model, "_compile_config", None)
    return None if config is None or not model.compiled else dict(config.config)


def is_image_iterator(value: Any) -> bool:
    """Whether `value` is what `ImageDataGenerator.flow` and its siblings return, of Keras or an older package."""
    return hasattr(type(value), "_flow_index") and hasattr(value, "index_generator")


def begin_image_iterator(iterator: Any) -> None:
    """Gives `iterator` the generator that it draws batches by, at its beginning."""
    iterator.index_generator = iterator._flow_index()


def shared_classes() -> list[type]:
    """TensorFlow's classes whose copies, when they end, would end what the original is of this process."""
    if "tensorflow" not in sys.modules:
        return []
    try:
        from tensorflow.python.eager.context import Context
        from tensorflow.python.ops.resource_variable_ops import EagerResourceDeleter
    except ImportError:
        return []
    return [Context, EagerResourceDeleter]


def watch_writers() -> None:
    """Has every `tf.summary` writer note what it is made with, which TensorFlow forgets."""
    if "tensorflow" not in sys.modules:  # with another backend
        return
    try:
        from tensorflow.python.ops.summary_ops_v2 import _ResourceSummaryWriter
    except ImportError:
        return
    begin = _ResourceSummaryWriter.__init__

    @functools.wraps(begin)
    def beginning(self: Any, create_fn: Any, init_op_fn: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, create_fn, init_op_fn, *args, **kwargs)
        self._keras_search_made_with = getattr(init_op_fn, "keywords", None)

    _ResourceSummaryWriter.__init__ = beginning


def made_with(value: Any) -> dict[str, Any] | None:
    """The arguments of the `tf.summary.create_file_writer` that made `value`; None if there are none."""
    if type(value).__module__ != "tensorflow.python.ops.summary_ops_v2":
        return None
    noted = getattr(value, "_keras_search_made_with", None)
    if noted is None:
        return None
    arguments = {name: getattr(value, "numpy", lambda value=value: value)() for name, value in noted.items()}
    return arguments | {"logdir": str(Path(os.fsdecode(arguments["logdir"])).absolute())}
