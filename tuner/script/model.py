"""Writes a Keras model as code, as short as a person would write it."""

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
from keras_search.tuner.script.configurations import canonical, compile_config, is_same
from keras_search.tuner.script.layout import Brackets, Code, call, prefixed
from keras_search.tuner.script.literals import NoPlainCode, Spec, described, in_tuple, literal, name_of_class

# Names that other parts of a script use.
_TAKEN = {"accuracy", "inputs", "keras", "layers", "math", "model", "np", "outputs", "sys", "x"}


def write(model: keras.Model) -> tuple[list[Code], keras.Model]:
    """The statements that build and compile `model`, and the copy of it that they make, with weights of its own.

    The statements need the names `keras` and `layers` (`keras.layers`). They leave out arguments with default values
    and names that Keras has generated. The copy has the same configuration as `model`.

    Raises:
        NoPlainCode: A part of the model is not Keras's own, or its configuration does not tell all of it.
    """
    writer = _Writer()
    copy = writer.write(model)
    return writer.statements, copy


class _Writer:
    """Writes statements and runs each at once, to try every shorter way of writing it."""

    def __init__(self) -> None:
        self.statements: list[Code] = []
        self._variables: dict[str, Any] = {"keras": keras, "layers": keras.layers}
        self._taken = set(_TAKEN)

    def write(self, model: keras.Model) -> keras.Model:
        spec = keras.saving.serialize_keras_object(model)
        assert isinstance(spec, dict)
        if name_of_class(spec) is None:
            raise NoPlainCode(f"a model of the class {spec['class_name']}")
        self._assign("model", self._model(spec))
        copy = self._variables["model"]
        if not is_same(copy.get_config(), model.get_config()):
            raise NoPlainCode("something that the configuration of its model does not tell")

        def compiled(code: Code) -> Mapping[str, Any]:
            self._value(code)
            return compile_config(copy)

        compilation = self._shortest(
            "model.compile",
            compile_config(model),
            compiled,
            described="arguments of `compile` that its configuration does not tell",
            kept=["optimizer"],
        )
        self._value(compilation)
        self.statements.append(compilation)
        return copy

    def _value(self, code: Code) -> Any:
        # Safe: the code consists of Keras's names and of literals.
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
        layers = Brackets("[", tuple(self._layer(layer) for layer in spec["config"]["layers"]), "]")
        return call("keras.Sequential", layers, *name)

    def _graph(self, config: Mapping[str, Any]) -> tuple[Code, Code]:
        """Writes the calls of a functional model and returns the code of its inputs and outputs."""
        # The models inside it come first: their tensors may use the same variables.
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
        """The call of the constructor that makes an object with the configuration of `spec`."""
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
                parameter.name
                for parameter in parameters
                if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
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
        """The call of `function` with the fewest arguments that result in `config`.

        Args:
            config: All arguments.
            config_of: Runs the code of a call, and returns the configuration that results.
            described: The message if even all arguments do not result in `config`.
            positional: The arguments that are passed without their names; they are always passed.
            kept: Other arguments that are always passed.

        Raises:
            NoPlainCode: Not even all arguments result in `config`.
        """
        wanted = canonical(config)
        codes = {name: list(self._codes(value)) for name, value in config.items()}
        needed = {*positional, *kept}
        chosen: dict[str, Code] = {}

        def code() -> Code:
            given = dict(chosen)
            if "name" in given:
                given["name"] = given.pop("name")  # last, as is the custom
            leading = [given.pop(name) for name in positional if name in given]
            return call(function, *leading, *(prefixed(f"{name}=", argument) for name, argument in given.items()))

        def resulting() -> Mapping[str, Any]:
            try:
                return canonical(config_of(code()))
            except Exception:  # Keras's classes refuse an argument with whatever error they like
                return {}

        chosen.update((name, choices[-1]) for name, choices in codes.items() if name in needed)
        bare = resulting()
        chosen.update((name, codes[name][-1]) for name in codes if bare.get(name) != wanted.get(name))
        if resulting() != wanted:
            chosen = {name: choices[-1] for name, choices in codes.items()}
        if resulting() != wanted:
            raise NoPlainCode(described)
        for name in [name for name in codes if name in chosen]:
            del chosen[name]
            if name not in needed and resulting() == wanted:
                continue
            for choice in codes[name]:
                chosen[name] = choice
                if resulting() == wanted:
                    break
        return code()

    def _codes(self, value: Any) -> Iterator[Code]:
        """Ways to write a value of a configuration, the most readable first and the exact one last."""
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
                    # A wrapper may have changed the name of its layer.
                    yield self._layer({**value, "config": value["config"] | {"name": to_snake_case(name)}})
                yield self._layer(value)
            case {"class_name": str(name), "config": _}:
                raise NoPlainCode(f"a {name.strip('_')}")
            case Mapping():
                items = ((literal(key), list(self._codes(item))[-1]) for key, item in value.items())
                yield Brackets("{", tuple(prefixed(f"{key}: ", code) for key, code in items), "}")
            case (float(low), float(high)) if low == -high:
                yield literal(high)  # random layers turn a number into such a pair
                yield literal((low, high))
            case list() | tuple():
                elements = [list(self._codes(item)) for item in value]
                for which in (0, -1):
                    chosen = [codes[which] for codes in elements]
                    is_list = isinstance(value, list)
                    yield Brackets("[", tuple(chosen), "]") if is_list else in_tuple([str(code) for code in chosen])
            case float():
                # Keras keeps many numbers as float32, whose shortest decimals differ from those of the float64.
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
    """The call of the function that applies an operation, with the arguments that come after the tensors."""
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
