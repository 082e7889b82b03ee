"""A Keras model as the code that a person would have written for it."""

import inspect
import keyword
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_search.tuner import keras_private
from keras_search.tuner.keras_private import to_snake_case
from keras_search.tuner.script import graph
from keras_search.tuner.script.layout import Brackets, Code, call, prefixed
from keras_search.tuner.script.literals import NoPlainCode, Spec, described, in_tuple, literal, name_of_class

# Names that the rest of a script uses.
_TAKEN = {"accuracy", "inputs", "keras", "layers", "math", "model", "np", "outputs", "sys", "x"}
# What Keras notes beside the arguments of a constructor or a call.
_NOTED = {"build_config", "build_input_shape", "compile_config", "registered_name"}
_REFERENCES = {"keras_history", "input_layers", "output_layers"}


def write(model: keras.Model) -> tuple[list[Code], keras.Model]:
    """The statements that build and compile `model`, and the model that they make, which has weights of its own.

    They need `keras` and `layers`, which is `keras.layers`. Arguments at their default values are left out, and so are
    names that Keras has given. The configuration of both models is the same.

    Raises:
        NoPlainCode: It has something in it that is not Keras's own, or of which its configuration does not tell all.
    """
    writer = _Writer()
    copy = writer.write(model)
    return writer.statements, copy


def is_same(one: Any, other: Any) -> bool:
    """Whether two configurations are the same, but for the numbers that Keras puts behind names."""
    return _canonical(one) == _canonical(other)


class _Writer:
    """Writes statements and runs them at once, so that every shorter way of writing can be tried."""

    def __init__(self) -> None:
        self.statements: list[Code] = []
        self._variables: dict[str, Any] = {"keras": keras, "layers": keras.layers}
        self._taken = set(_TAKEN)

    def write(self, model: keras.Model) -> keras.Model:
        spec = keras.saving.serialize_keras_object(model)
        if name_of_class(spec) is None:
            raise NoPlainCode(f"a model of the class {spec['class_name']}")
        self._assign("model", self._model(spec))
        copy = self._variables["model"]
        if not is_same(copy.get_config(), model.get_config()):
            raise NoPlainCode("something that the configuration of its model does not tell")

        def compiled(code: Code) -> Mapping[str, Any]:
            self._value(code)
            return copy.get_compile_config()

        compilation = self._shortest(
            "model.compile",
            model.get_compile_config(),
            compiled,
            described="arguments of `compile` that its configuration does not tell",
            kept=["optimizer"],
        )
        self._value(compilation)
        self.statements.append(compilation)
        return copy

    def _value(self, code: Code) -> Any:
        # Made of Keras's names and of literals alone.
        return eval(str(code), self._variables)

    def _assign(self, variable: str, code: Code) -> None:
        self._variables[variable] = self._value(code)
        self.statements.append(prefixed(f"{variable} = ", code))

    def _new_name(self, wanted: str) -> str:
        name = re.sub(r"\W|^(?=\d)", "_", wanted)
        while name in self._taken or keyword.iskeyword(name):
            name += "_"
        self._taken.add(name)
        return name

    def _model(self, spec: Spec) -> Code:
        name = _name_argument(spec["config"]["name"], spec["class_name"])
        if spec["class_name"] == "Functional":
            inputs, outputs = self._graph(spec["config"])
            return call("keras.Model", inputs, outputs, *name)
        layers = Brackets("[", tuple(self._layer(one) for one in spec["config"]["layers"]), "]")
        return call("keras.Sequential", layers, *name)

    def _graph(self, config: Mapping[str, Any]) -> tuple[Code, Code]:
        """Writes the calls of a functional model; gives its inputs and outputs."""
        # The models inside it first: their tensors may have the same variables.
        layers = {spec["name"]: self._layer(spec) for spec in config["layers"]}
        plan = graph.plan(config, self._new_name)
        for layer, variable in plan.shared.items():
            self._assign(variable, layers[layer])
            layers[layer] = variable
        for step in plan.steps:
            self._assign(step.variable, _called(layers[step.layer], step.arguments))
        return plan.inputs, plan.outputs

    def _layer(self, spec: Spec) -> Code:
        match spec:
            case {"class_name": "InputLayer"}:
                return _input(spec["config"])
            case {"class_name": "Sequential"}:
                return self._model(spec)
            case {"class_name": "Functional"}:
                variable = self._new_name(spec["config"]["name"])
                self._assign(variable, self._model(spec))
                return variable
            case {"module": str(module)} if module.startswith(keras_private.OPERATIONS):
                return _operation(spec)
            case _:
                return self._object(spec)

    def _object(self, spec: Spec) -> Code:
        """The call of the constructor that gives an object with the configuration of `spec`."""
        name, config = name_of_class(spec), spec["config"]
        if name is None:
            raise NoPlainCode(described(spec))
        parameters = inspect.signature(self._value(name)).parameters.values()
        return self._shortest(
            name,
            config,
            lambda code: self._value(code).get_config(),
            described=described(spec),
            positional=[
                one.name for one in parameters if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
            ],
        )

    def _shortest(
        self,
        function: str,
        config: Mapping[str, Any],
        config_of: Callable[[Code], Mapping[str, Any]],
        described: str,
        positional: Sequence[str] = (),
        kept: Sequence[str] = (),
    ) -> Code:
        """The call of `function` with as few of the arguments in `config` as give that `config`.

        Raises:
            NoPlainCode: Not even all of them do; the message is `described`.
        """
        wanted = _canonical(config)
        codes = {name: list(self._codes(value)) for name, value in config.items()}
        needed = {*positional, *kept}
        chosen: dict[str, Code] = {}

        def code() -> Code:
            given = dict(chosen)
            if "name" in given:
                given["name"] = given.pop("name")  # last, as is the custom
            leading = [given.pop(name) for name in positional if name in given]
            return call(function, *leading, *(prefixed(f"{name}=", one) for name, one in given.items()))

        def found() -> Mapping[str, Any]:
            try:
                return _canonical(config_of(code()))
            except Exception:  # each class of Keras has its own way to refuse an argument
                return {}

        chosen.update((name, choices[-1]) for name, choices in codes.items() if name in needed)
        bare = found()
        chosen.update((name, codes[name][-1]) for name in codes if bare.get(name) != wanted.get(name))
        if found() != wanted:
            chosen = {name: choices[-1] for name, choices in codes.items()}
        if found() != wanted:
            raise NoPlainCode(described)
        for name in [name for name in codes if name in chosen]:
            del chosen[name]
            if name not in needed and found() == wanted:
                continue
            for choice in codes[name]:
                chosen[name] = choice
                if found() == wanted:
                    break
        return code()

    def _codes(self, value: Any) -> Iterator[Code]:
        """Ways to write a value in a configuration: the one that a person would prefer first, the exact one last."""
        match value:
            case {"class_name": "function", "config": name}:
                if not any(hasattr(module, name) for module in (keras.activations, keras.losses, keras.metrics)):
                    raise NoPlainCode(f"the function {name}")
                yield literal(name)
            case {"class_name": "__tuple__", "items": items}:
                yield from self._codes(tuple(items))
            case {"class_name": "DTypePolicy", "config": {"name": name}}:
                yield literal(name)
            case {"class_name": name, "config": Mapping(), "module": _}:
                yield literal(to_snake_case(name))
                yield literal(name.lower())
                if "trainable" in value["config"]:
                    # A wrapper may have named its layer anew.
                    yield self._layer({**value, "config": value["config"] | {"name": to_snake_case(name)}})
                yield self._layer(value)
            case {"class_name": str(name), "config": _}:
                raise NoPlainCode(f"a {name.strip('_')}")
            case Mapping():
                items = ((literal(key), list(self._codes(one))[-1]) for key, one in value.items())
                yield Brackets("{", tuple(prefixed(f"{key}: ", one) for key, one in items), "}")
            case (float(low), float(high)) if low == -high:
                yield literal(high)  # of which many a random layer has made the two
                yield literal((low, high))
            case list() | tuple():
                elements = [list(self._codes(one)) for one in value]
                for which in (0, -1):
                    chosen = [codes[which] for codes in elements]
                    is_list = isinstance(value, list)
                    yield Brackets("[", tuple(chosen), "]") if is_list else in_tuple([str(one) for one in chosen])
            case float():
                # Keras keeps many a number as a float32, whose shortest decimals are not those of the float64.
                yield literal(float(str(np.float32(value))))
                yield literal(value)
            case _:
                yield literal(value)


def _name_argument(name: str, class_name: str) -> list[Code]:
    is_keras_own = re.fullmatch(rf"{to_snake_case(class_name)}(_\d+)?", name)
    return [] if is_keras_own else [f"name={literal(name)}"]


def _input(config: Mapping[str, Any]) -> Code:
    batch_size, *shape = config["batch_shape"]
    arguments: list[Code] = [literal(tuple(shape))]
    if batch_size is not None:
        arguments.append(f"batch_size={batch_size}")
    if config["dtype"] != keras.config.floatx():
        arguments.append(f"dtype={literal(config['dtype'])}")
    arguments += [f"{name}=True" for name in ("sparse", "ragged", "optional") if config.get(name)]
    return call("keras.Input", *arguments, *_name_argument(config["name"], "InputLayer"))


def _operation(spec: Spec) -> Code:
    """The function that applies an operation, with the arguments that are not tensors: those follow the tensors."""
    name = to_snake_case(spec["class_name"])
    if not hasattr(keras.ops, name):
        raise NoPlainCode(f"the operation {spec['class_name']}")
    parameters = inspect.signature(getattr(keras.ops, name)).parameters
    arguments = {key: value for key, value in spec["config"].items() if key != "name"}
    given = [
        f"{key}={literal(tuple(value) if isinstance(value, list) else value)}"
        for key, value in arguments.items()
        if key not in parameters or parameters[key].default != value
    ]
    return Brackets(f"keras.ops.{name}(", tuple(given), ")")


def _called(code: Code, arguments: Sequence[str] | None) -> Code:
    if arguments is None:
        return code
    if isinstance(code, str):
        return call(code, *arguments)
    if code.opening.startswith("keras.ops."):
        return Brackets(code.opening, (*arguments, *code.items), code.closing)
    return Brackets(code.opening, code.items, f"{code.closing}({', '.join(arguments)})")


def _canonical(value: Any, key: str = "", layers: Mapping[str, int] | None = None) -> Any:
    """`value` with lists for tuples, names without numbers, and references to layers by their place in the model.

    Args:
        key: Under which key of a mapping it stands.
        layers: The places of the layers of the innermost model that it is in.
    """
    match value:
        case str() if key == "name":
            return re.sub(r"_\d+$", "", value)
        case str() if key in _REFERENCES:
            return (layers or {}).get(value, value)
        case {"class_name": "function", "config": name}:
            return name
        case {"class_name": "__tuple__", "items": items}:
            return _canonical(items, key, layers)
        case Mapping():
            if isinstance(inner := value.get("layers"), list):
                layers = {spec["name"]: place for place, spec in enumerate(inner) if "name" in spec}
            told = {name: one for name, one in value.items() if name not in _NOTED and (name, one) != ("mask", None)}
            return {name: _canonical(one, name, layers) for name, one in told.items()}
        case list() | tuple():
            return [_canonical(one, key, layers) for one in value]
        case _:
            return value
