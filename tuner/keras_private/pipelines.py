"""The private parts of `tf.data.Dataset`s: what they are made of, and the same pipeline over other sources."""

import inspect
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_search.tuner.keras_private import of_tensorflow

# Parameters of the classes that are not kept, and have this value wherever the public methods made the dataset.
_NOT_KEPT = {"name": None, "use_legacy_function": False}
_DETERMINISTIC = {"default": None, "true": True, "false": False}


class UnknownPipeline(ValueError):
    """A part of a pipeline cannot be made anew."""


def operations(dataset: tf.data.Dataset) -> set[str]:
    """The names of TensorFlow's operations in the functions that `dataset` and its inputs call."""
    names: set[str] = set()
    for function in dataset._functions():
        definition = function.function.graph.as_graph_def(add_shapes=False)
        bodies = [definition.node, *(body.node_def for body in definition.library.function)]
        names |= {node.op for body in bodies for node in body}
    return names.union(*map(operations, of_tensorflow.inputs(dataset)))


def shuffles(dataset: tf.data.Dataset) -> bool:
    """Whether `dataset` or one of its inputs shuffles."""
    return "Shuffle" in type(dataset).__name__ or any(map(shuffles, of_tensorflow.inputs(dataset)))


def tensors(source: tf.data.Dataset) -> list[tf.Tensor]:
    """The tensors that a source holds."""
    return list(getattr(source, "_tensors", ()))


def stand_in(source: Any, name: str) -> tf.data.Dataset:
    """A source like `source` without examples, which its node in a graph names `name`."""
    empty = [tf.zeros([0, *tensor.shape[1:]], tensor.dtype) for tensor in tensors(source)]
    return type(source)(tf.nest.pack_sequence_as(source.element_spec, empty), name=name)


def is_sliced(source: tf.data.Dataset) -> bool:
    """Whether `source` gives the slices of its tensors."""
    return type(source).__name__ == "_TensorSliceDataset"


def upon(dataset: tf.data.Dataset, replace: Callable[[tf.data.Dataset], tf.data.Dataset | None]) -> tf.data.Dataset:
    """`dataset` upon other sources.

    Args:
        replace: Gives the source that takes the place of another; None to keep that.

    Raises:
        UnknownPipeline: A part of it cannot be made anew.
    """
    inputs = of_tensorflow.inputs(dataset)
    if not inputs:
        return replace(dataset) or dataset
    others = [upon(part, replace) for part in inputs]
    if all(other is part for other, part in zip(others, inputs, strict=True)):
        return dataset
    kind = type(dataset).__name__
    if kind in _SPECIAL:
        return _SPECIAL[kind](dataset, others[0])
    try:
        made = type(dataset)(**_arguments(dataset, others))
    except Exception as error:  # private code of another version may raise anything
        raise UnknownPipeline(kind) from error
    if made.element_spec != dataset.element_spec:
        raise UnknownPipeline(kind)
    return made


def _shuffled(dataset: Any, source: tf.data.Dataset) -> tf.data.Dataset:
    """`source`, shuffled as `dataset` shuffles its input: by the seeds that were drawn for it."""
    variant = tf.raw_ops.ShuffleDatasetV3(
        input_dataset=tf.data.experimental.to_variant(source),
        buffer_size=dataset._buffer_size,
        seed=dataset._seed,
        seed2=dataset._seed2,
        seed_generator=tf.raw_ops.DummySeedGenerator(),
        reshuffle_each_iteration=dataset._reshuffle_each_iteration is not False,
        **_types(dataset),
    )
    return tf.data.experimental.from_variant(variant, dataset.element_spec)


def _structured(dataset: Any, source: tf.data.Dataset) -> tf.data.Dataset:
    return tf.data.experimental.from_variant(tf.data.experimental.to_variant(source), dataset.element_spec)


# The classes that are not made anew from the arguments that they keep.
_SPECIAL: dict[str, Callable[[Any, Any], tf.data.Dataset]] = {
    "_OptionsDataset": lambda dataset, source: source.with_options(dataset.options()),
    "_PrefetchDataset": lambda dataset, source: source.prefetch(int(dataset._buffer_size)),
    "_RestructuredDataset": _structured,
    "_ShuffleDataset": _shuffled,
}


def _types(dataset: Any) -> dict[str, Any]:
    return {name: value for name, value in dataset._common_args.items() if name.startswith("output_")}


def _arguments(dataset: Any, inputs: list[tf.data.Dataset]) -> dict[str, Any]:
    """The arguments with which the class of `dataset` makes it upon `inputs`, from the attributes of their names."""
    if (nested := getattr(dataset, "_datasets", None)) is not None:
        return {"datasets": tf.nest.pack_sequence_as(nested, inputs)}
    remaining = list(inputs)
    arguments: dict[str, Any] = {}
    for name in list(inspect.signature(type(dataset).__init__).parameters)[1:]:
        kept = f"_{name}"
        if not hasattr(dataset, kept):
            if name not in _NOT_KEPT:
                raise UnknownPipeline(type(dataset).__name__)
            arguments[name] = _NOT_KEPT[name]
            continue
        value = getattr(dataset, kept)
        if isinstance(value, tf.data.Dataset):
            value = remaining.pop(0)
        elif hasattr(value, "output_structure"):
            value = _called(value)
        elif name == "deterministic":
            value = _DETERMINISTIC[value]
        arguments[name] = value
    if remaining:
        raise UnknownPipeline(type(dataset).__name__)
    return arguments


def _called(wrapper: Any) -> Callable[..., Any]:
    """The user's function that `wrapper` has traced, as a function that calls what was traced."""
    from tensorflow.python.data.util import structure

    def call(*elements: Any) -> Any:
        given = elements if type(wrapper._input_structure) is tuple else elements[0]
        results = wrapper.function(*structure.to_tensor_list(wrapper._input_structure, given))
        return structure.from_compatible_tensor_list(wrapper.output_structure, list(results))

    return call
