"""The calls of a functional model, in the order and with the variables that a person would choose."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_search.tuner.script.layout import Brackets, Code, prefixed
from keras_search.tuner.script.literals import NoPlainCode, Spec, literal

_MODELS = ("Functional", "Sequential")

_Call = tuple[str, int]  # a layer's name, and the number of its call
_Reference = Sequence[Any]  # a layer's name, the number of its call, and of the output


@dataclass(frozen=True)
class Step:
    """A statement: assigns the output of `layer` for `arguments` to `variable`; an input has no arguments."""

    variable: str
    layer: str
    arguments: tuple[str, ...] | None


@dataclass(frozen=True)
class Plan:
    """How a functional model is written.

    Attributes:
        shared: The variables of the layers that are called more than once, by layer; assigned before the steps.
        steps: The calls, each after those that it needs.
        inputs: The code of the model's inputs.
        outputs: The code of its outputs.
    """

    shared: dict[str, str]
    steps: list[Step]
    inputs: Code
    outputs: Code


@dataclass(frozen=True)
class _Node:
    key: _Call
    call: Mapping[str, Any]  # its arguments as Keras serializes them; empty for an input
    is_model: bool

    @property
    def sources(self) -> list[_Call]:
        return [(layer, call) for layer, call, _ in _references(self.call)]


def plan(config: Mapping[str, Any], new_name: Callable[[str], str]) -> Plan:
    """Plans the functional model that has `config`.

    A tensor's variable is `x` if the last tensor called so is no longer needed, else it has the name of the layer.

    Args:
        new_name: Makes an unused name of a layer's.

    Raises:
        NoPlainCode: A call has an argument that is neither a tensor nor a plain value.
    """
    nodes = list(_ordered(config["layers"]))
    # In `output_layers`, and only there, Keras counts the calls of a functional model from 1.
    counted_from_1 = {spec["name"] for spec in config["layers"] if spec["class_name"] == "Functional"}
    outputs = [
        (layer, call - (layer in counted_from_1), output) for layer, call, output in _given(config["output_layers"])
    ]
    inputs = list(_given(config["input_layers"]))
    used = [*(reference for node in nodes for reference in _references(node.call)), *outputs]
    of_several = {(layer, call) for layer, call, output in used if output > 0}
    last_use = {source: place for place, node in enumerate(nodes) for source in node.sources}
    last_use |= {(layer, call): len(nodes) for layer, call, _ in outputs}
    shared = {spec["name"]: new_name(spec["name"]) for spec in config["layers"] if len(spec["inbound_nodes"]) > 1}

    variables: dict[_Call, str] = {}

    def tensor(reference: _Reference) -> str:
        layer, call, output = reference
        return variables[layer, call] + (f"[{output}]" if (layer, call) in of_several else "")

    def output(reference: _Reference) -> str:
        layer, call, number = reference
        return tensor((layer, call - (layer in counted_from_1), number))

    steps = []
    in_x: _Call | None = None  # the call whose output `x` holds
    for place, node in enumerate(nodes):
        layer, _ = node.key
        if not node.call:
            variable = "inputs" if len(inputs) == 1 else new_name(layer)
        elif outputs == [(*node.key, 0)] and place == len(nodes) - 1:
            variable = "outputs"
        elif in_x is None or last_use.get(in_x, -1) <= place:
            variable, in_x = "x", node.key
        else:
            variable = new_name(layer)
        steps.append(Step(variable, layer, _arguments(node, tensor) if node.call else None))
        variables[node.key] = variable
    return Plan(shared, steps, _like(config["input_layers"], tensor), _like(config["output_layers"], output))


def _ordered(specs: Iterable[Spec]) -> Iterator[_Node]:
    waiting = [
        _Node((spec["name"], number), call, spec["class_name"] in _MODELS)
        for spec in specs
        for number, call in enumerate(spec["inbound_nodes"] or [{}])
    ]
    done: set[_Call] = set()
    while waiting:
        ready = next(node for node in waiting if done.issuperset(node.sources))
        waiting.remove(ready)
        done.add(ready.key)
        yield ready


def _references(value: Any) -> Iterator[_Reference]:
    """Every tensor in the serialized arguments of a call."""
    match value:
        case {"class_name": "__keras_tensor__", "config": config}:
            yield config["keras_history"]
        case Mapping():
            for item in value.values():
                yield from _references(item)
        case list() | tuple():
            for item in value:
                yield from _references(item)


def _arguments(node: _Node, tensor: Callable[[_Reference], str]) -> tuple[str, ...]:
    given = dict(node.call["kwargs"])
    if given.get("mask", ...) is None:
        del given["mask"]
    if not node.is_model and given.get("training") is False:
        del given["training"]  # Keras notes it even if it was not given; `fit` and `predict` set it
    named = [f"{name}={_argument(value, tensor)}" for name, value in given.items()]
    return (*(_argument(value, tensor) for value in node.call["args"]), *named)


def _argument(value: Any, tensor: Callable[[_Reference], str]) -> str:
    match value:
        case {"class_name": "__keras_tensor__", "config": config}:
            return tensor(config["keras_history"])
        case {"class_name": "__tuple__", "items": items}:
            return f"({''.join(f'{_argument(item, tensor)}, ' for item in items)})"
        case list() | tuple():
            return f"[{', '.join(_argument(item, tensor) for item in value)}]"
        case Mapping():
            raise NoPlainCode(f"a call with a {str(value.get('class_name', 'dict')).strip('_')} for an argument")
        case _:
            return literal(value)


def _given(references: Any) -> Iterator[list[Any]]:
    """The references in `input_layers` or `output_layers`, which hold one, or a list or dict of them."""
    if isinstance(references, Mapping):
        references = list(references.values())
    if references and isinstance(references[0], str):
        yield list(references)
    else:
        for part in references:
            yield from _given(part)


def _like(references: Any, tensor: Callable[[_Reference], str]) -> Code:
    """The code of a model's inputs or outputs: one tensor, or a list or dict of them."""
    if isinstance(references, Mapping):
        items = tuple(prefixed(f"{literal(name)}: ", _like(part, tensor)) for name, part in references.items())
        return Brackets("{", items, "}")
    if references and isinstance(references[0], str):
        return tensor(references)
    return Brackets("[", tuple(_like(part, tensor) for part in references), "]")
