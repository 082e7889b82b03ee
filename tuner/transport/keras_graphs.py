"""How Keras models, layers and symbolic tensors go to another process: whole, and connected as they are here.

Keras pickles each model as a file of its own: a tensor inside it would belong to another model on the other side, and
classes are looked for there by their names. Here a tensor goes as the output of a call of a layer, after all calls that
it depends on, and a model as what lies between its inputs and outputs. A layer, or a model of the user's own class,
goes as its class, its configuration and its values, with the user's functions in it.
"""

import copyreg
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras

from keras_search.tuner import keras_private
from keras_search.tuner.keras_private import travel

# Whose classes and functions every process has.
_LIBRARIES = ("keras", "tensorflow", "jax", "torch", "numpy", "builtins")


class Call:
    """A call of a layer, as it goes into a pickle; it arrives as the call itself."""

    def __init__(self, node: Any) -> None:
        self.node = node

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = self.node.arguments
        outputs = [
            {name: part for name, part in vars(tensor).items() if name != "_keras_history"}
            for tensor in self.node.outputs
        ]
        return _called, (self.node.operation, arguments.args, arguments.kwargs, outputs)


class Graphs:
    """What Keras has made, for one pickle."""

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}

    def reduced(self, value: Any) -> Any:
        """What makes `value` again in another process; NotImplemented if its own pickling does."""
        if isinstance(value, keras.KerasTensor):
            return self._tensor(value)
        if (plain := travel.plain(value)) is not None:
            return plain, (plain(value),)
        if isinstance(value, keras.Operation) and not isinstance(value, keras.Layer):
            return copyreg.__newobj__, (type(value),), travel.without_calls(value)  # type: ignore[attr-defined]
        if not travel.is_pickled_by_keras(value):
            return NotImplemented
        if isinstance(value, keras.optimizers.Optimizer):
            return _made, (_own([value]), keras.saving.deserialize_keras_object, _config(value))
        if type(value) is keras.Sequential:
            return _sequential, (value.name, *travel.parts(value)), _state(value), None, None, _restore
        if travel.is_functional(value):
            ends = travel.ends(value)
            before = self._before(keras.tree.flatten(ends))
            return _functional, (before, type(value), *ends, value.name), _state(value), None, None, _restore
        if not isinstance(value, keras.Layer):
            make, (file,) = value.__reduce__()
            return _made, (_own([value]), make, file)
        layers = keras_private.layers(value)
        if any(map(travel.saves_by_itself, layers)):
            make, (file,) = value.__reduce__()
            return _made, (_own(layers), make, file)
        arguments = type(value), *_configuration(value), value.get_build_config() if value.built else None
        state = _state(value) | {"values": _values(value.variables)}
        return _layer, (_own(layers), *arguments), state, None, None, _restore

    def _tensor(self, tensor: Any) -> Any:
        origin = travel.origin(tensor)
        if origin is None:
            return NotImplemented
        node, place = origin
        return _output, (self._before([tensor]), self._calls[id(node)], place)

    def _before(self, tensors: Iterable[Any]) -> list[Call]:
        """The calls that give `tensors` and are not in the pickle yet, each after those that it depends on.

        As a list, since each in the pickle of the next would be too deep for pickle.
        """
        calls, waiting = [], list(_nodes(tensors))
        while waiting:
            node = waiting[-1]
            missing = [other for other in _nodes(node.input_tensors) if id(other) not in self._calls]
            waiting.extend(missing)
            if not missing:
                waiting.pop()
                if id(node) not in self._calls:
                    self._calls[id(node)] = Call(node)
                    calls.append(self._calls[id(node)])
        return calls


def _nodes(tensors: Iterable[Any]) -> Iterator[Any]:
    for tensor in tensors:
        if (origin := travel.origin(tensor)) is not None:
            yield origin[0]


def _called(operation: Any, args: Any, kwargs: Any, outputs: Sequence[Mapping[str, Any]]) -> Any:
    tensors = []
    for state in outputs:
        tensor = keras.KerasTensor(())
        vars(tensor).update(state)
        tensors.append(tensor)
    return travel.called(operation, args, kwargs, tensors)


def _output(_: list[Any], node: Any, place: int) -> Any:
    return node.outputs[place]


def _functional(_: list[Any], kind: Callable[..., Any], inputs: Any, outputs: Any, name: str) -> Any:
    return kind(inputs=inputs, outputs=outputs, name=name)


def _sequential(name: str, layers: list[Any], functional: Any) -> keras.Sequential:
    model = keras.Sequential(name=name)
    travel.assemble(model, layers, functional)
    return model


def _layer(
    own: Mapping[str, Any], kind: Any, config: dict[str, Any], functions: dict[str, Any], built: dict[str, Any] | None
) -> keras.Layer:
    with keras.saving.custom_object_scope(dict(own)):
        layer = kind(**config | functions) if functions else kind.from_config(config)
        if built is not None:
            layer.build_from_config(built)
    return layer


def _configuration(layer: keras.Layer) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration of `layer`, and the user's functions themselves of which it has the names or the code."""
    config = layer.get_config()
    parameters = inspect.signature(type(layer).__init__).parameters
    if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values()):
        config = {name: value for name, value in config.items() if name in parameters}
    return config, {name: value for name, value in vars(layer).items() if name in config and _is_own_function(value)}


def _state(layer: keras.Layer) -> dict[str, Any]:
    """What `layer` has beside its configuration and its variables."""
    compiled = travel.compiled_with(layer) if isinstance(layer, keras.Model) else None
    optimizer = getattr(layer, "optimizer", None) if compiled else None
    steps = [] if optimizer is None else _values(optimizer.variables)
    return {"trainable": layer.trainable, "values": [], "compiled": compiled, "optimizer": steps}


def _values(variables: Iterable[keras.Variable]) -> list[Any]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _restore(layer: Any, state: Mapping[str, Any]) -> None:
    _assign(layer.variables, state["values"])
    travel.set_trainable(layer, state["trainable"])
    if state["compiled"] is not None:
        layer.compile(**state["compiled"])
    if state["optimizer"]:
        layer.optimizer.build(layer.trainable_variables)
        _assign(layer.optimizer.variables, state["optimizer"])


def _assign(variables: Sequence[keras.Variable], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=bool(values)):
        variable.assign(value)


def _made(own: Mapping[str, Any], make: Callable[[Any], Any], saved: Any) -> Any:
    with keras.saving.custom_object_scope(dict(own)):
        return make(saved)


def _config(value: Any) -> Any:
    return keras.saving.serialize_keras_object(value)


def _own(parts: Iterable[Any]) -> dict[str, Any]:
    """The user's classes and functions in `parts`, by the names by which Keras looks for them."""
    own = {}
    for part in parts:
        # What hides a method belongs to Keras, which wraps methods.
        held = [value for name, value in vars(part).items() if not hasattr(type(part), name)]
        compiled = travel.compiled_with(part) if isinstance(part, keras.Model) else None
        for value in [part, *held, *keras.tree.flatten(compiled)]:
            thing = value if inspect.isfunction(value) or inspect.isclass(value) else type(value)
            if _is_own_function(thing) or (_is_own(thing) and hasattr(thing, "from_config")):
                own[keras.saving.get_registered_name(thing)] = thing
    return own


def _is_own_function(value: Any) -> bool:
    return inspect.isfunction(value) and _is_own(value)


def _is_own(thing: Any) -> bool:
    """Whether a class or function is no library's."""
    return str(thing.__module__).partition(".")[0] not in _LIBRARIES
