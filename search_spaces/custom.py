"""The user's own search space: any Keras Tuner hypermodel, from a file or a module."""

import ast
import importlib
import importlib.util
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import keras
import keras_tuner

from keras_search.search_spaces.declared import declared
from keras_search.search_spaces.epochs import like, misfit, whole
from keras_search.search_spaces.origin import blamed
from keras_search.search_spaces.space import Hyperparameter, SpaceError, Value

EPOCHS = 10


@dataclass(frozen=True)
class CustomSpace:
    """The user's own space, bound to the shape of the data that it is searched on.

    Attributes:
        name: NAME in its reference, `FILE.py:NAME` or `MODULE:NAME`.
        hyperparameters: Every hyperparameter, in the order of declaration.
        baseline: The hypermodel's `baseline`, completed by the defaults of the other active hyperparameters.
    """

    name: str
    hyperparameters: list[Hyperparameter]
    baseline: dict[str, Value]
    _hypermodel: "CustomHyperModel" = field(repr=False)

    @property
    def needs_validation_data(self) -> bool:
        """Whether the hypermodel has its own `fit` that requires `validation_data`."""
        asked = inspect.signature(self._hypermodel.own.fit).parameters.get("validation_data")
        return asked is not None and asked.default is asked.empty

    def check_epochs(self, narrowed: Iterable[Hyperparameter]) -> None:
        """Raises SpaceError if `epochs`, as sampled or at the baseline, may be a value that `model.fit` refuses."""
        if self._hypermodel.fits_itself:
            return
        wrong = [misfit(hyperparameter) for hyperparameter in narrowed if hyperparameter.name == "epochs"]
        wrong += [value for value in [self.baseline.get("epochs", 1)] if whole(value) is None]
        value = next((value for value in wrong if value is not None), None)
        if value is not None:
            raise SpaceError(
                f"space {self.name!r} has the hyperparameter `epochs`, and {value!r} is no number of epochs: declare "
                "whole numbers above 0"
            )

    def hypermodel(self, input_shape: tuple[int, ...], num_classes: int) -> "CustomHyperModel":
        """The hypermodel; it builds models for the images that the space was loaded for, whatever the arguments."""
        return self._hypermodel


class Wrapper(keras_tuner.HyperModel):
    """A hypermodel around the user's `own`."""

    own: keras_tuner.HyperModel


class CustomHyperModel(Wrapper):
    """The user's hypermodel, with its hyperparameters `epochs` and `batch_size` passed on to `model.fit`.

    If the hypermodel has its own `fit`, that is used instead. If it has neither its own `fit` nor a hyperparameter
    `epochs`, the latter is added: 1 to `EPOCHS`, with the largest as the default.

    Attributes:
        own: The user's hypermodel.
        baseline: Its documented point.
        fits_itself: Whether it has its own `fit`.
        takes_epochs: Whether `fit` accepts the number of epochs.
    """

    takes_epochs = True

    def __init__(self, own: keras_tuner.HyperModel) -> None:
        super().__init__(name=getattr(own, "name", None))
        self.own = own
        self.fits_itself = fits_itself(own)
        self.baseline: dict[str, Value] = getattr(own, "baseline", None) or {}

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        self.own.declare_hyperparameters(hp)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        model = self.own.build(hp)
        if not self.fits_itself and "epochs" not in hp:
            hp.Int("epochs", 1, EPOCHS, default=EPOCHS)
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        if self.fits_itself:
            given = hp
            if "epochs" in kwargs and "epochs" in hp.values:
                given = hp.copy()
                given.values["epochs"] = like(hp.values["epochs"], kwargs.pop("epochs"))
            try:
                return self.own.fit(given, model, *args, **kwargs)
            finally:
                hp.merge(given, overwrite=False)  # hyperparameters that `fit` has asked for
        tuned = {name: hp.values[name] for name in ("epochs", "batch_size") if name in hp.values}
        if "epochs" in tuned:
            tuned["epochs"] = whole(tuned["epochs"])
        return model.fit(*args, **tuned | kwargs)


def asks_in_fit(hypermodel: keras_tuner.HyperModel) -> bool:
    """Whether `hypermodel` may ask for hyperparameters in its `fit`, which are not known before that has run."""
    return fits_itself(hypermodel) and not declares_all(hypermodel) and not _only_reads(kind(hypermodel).fit)


def fits_itself(hypermodel: keras_tuner.HyperModel) -> bool:
    """Whether `hypermodel` has its own `fit`, which may train in any way."""
    return kind(hypermodel).fit is not keras_tuner.HyperModel.fit


def declares_all(hypermodel: keras_tuner.HyperModel) -> bool:
    """Whether `hypermodel` has its own `declare_hyperparameters`, which is trusted to declare all of them."""
    return kind(hypermodel).declare_hyperparameters is not keras_tuner.HyperModel.declare_hyperparameters


def kind(hypermodel: keras_tuner.HyperModel) -> type[keras_tuner.HyperModel]:
    """The class of `hypermodel` as the user wrote it."""
    while isinstance(hypermodel, Wrapper):
        hypermodel = hypermodel.own
    return type(hypermodel)


def _only_reads(fit: Callable[..., Any]) -> bool:
    """Whether `fit` only reads values of its hyperparameters: `hp["units"]`, `hp.get("units")`."""
    try:
        [function] = ast.parse(textwrap.dedent(inspect.getsource(fit))).body
    except (OSError, TypeError, ValueError, SyntaxError):  # no source is available, or it is not a function's
        return False
    if not isinstance(function, ast.FunctionDef) or len(function.args.args) < 2:
        return False
    name = function.args.args[1].arg
    read = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr in ("get", "values"))
    ]
    return all(node in read for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name)


def load(reference: str, input_shape: tuple[int, ...], num_classes: int) -> CustomSpace:
    """The space that `reference` refers to: `FILE.py:NAME` or `MODULE:NAME`.

    NAME is a `keras_tuner.HyperModel`, class or object, or a function that takes hyperparameters and returns a
    compiled model. A class or function that has parameters called `input_shape` and `num_classes` is given them.

    Raises:
        SpaceError: It does not exist, is something else, or its code raises an error.
    """
    place, _, name = reference.rpartition(":")
    with blamed(reference):
        module = _module(place)
    if not hasattr(module, name):
        raise SpaceError(f"space {reference!r}: {place} has no {name!r}")
    known = {"input_shape": tuple(input_shape), "num_classes": num_classes}
    with blamed(reference):
        hypermodel = CustomHyperModel(_hypermodel(reference, getattr(module, name), known))
        hp = declared(hypermodel)
        model = hypermodel.build(hp)
    if not isinstance(model, keras.Model):
        raise SpaceError(f"space {reference!r} must build a Keras model, it built a {type(model).__name__}")
    if not model.compiled and not hypermodel.fits_itself:
        raise SpaceError(f"space {reference!r} must compile its model: call model.compile before returning it")
    unknown = [name for name in hp.values if name not in {hyperparameter.name for hyperparameter in hp.space}]
    if unknown:
        raise SpaceError(f"space {reference!r}: its baseline names {unknown[0]!r}, which is no hyperparameter of it")
    hypermodel.baseline = dict(hp.values)
    return CustomSpace(
        name, [_described(hyperparameter) for hyperparameter in hp.space], hypermodel.baseline, hypermodel
    )


def _module(place: str) -> ModuleType:
    path = Path(place)
    if path.suffix != ".py":
        _importable_from(Path.cwd())
        module = importlib.import_module(place)
    else:
        _importable_from(path.resolve().parent)
        spec = importlib.util.spec_from_file_location(f"space_{path.stem}", path.resolve())
        assert spec is not None  # there is a loader for every file that ends in .py
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    # By value, as a worker process may not be able to import it.
    cloudpickle.register_pickle_by_value(module)
    return module


def _importable_from(folder: Path) -> None:
    """Puts `folder` first on the path, as a script's is: after the folder of `cli.py`, its `results` would be ours."""
    sys.path[:] = [str(folder), *(path for path in sys.path if path != str(folder))]


def _hypermodel(reference: str, thing: Any, known: dict[str, Any]) -> keras_tuner.HyperModel:
    if isinstance(thing, keras_tuner.HyperModel):
        return thing
    if isinstance(thing, type) and issubclass(thing, keras_tuner.HyperModel):
        return thing(**_wanted(thing, known))
    if inspect.isfunction(thing):
        given = _wanted(thing, known)
        return _Function(lambda hp: thing(hp, **given))
    raise SpaceError(
        f"space {reference!r} is a {type(thing).__name__}: it must be a keras_tuner.HyperModel or a function build(hp)"
    )


class _Function(keras_tuner.HyperModel):
    def __init__(self, build: Callable[[keras_tuner.HyperParameters], keras.Model]) -> None:
        super().__init__()
        self._function = build

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return self._function(hp)


def _wanted(function: Callable[..., Any], known: dict[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in known.items() if name in parameters}


def _described(hp: Any) -> Hyperparameter:
    """The description of Keras Tuner's `hp`, whose attributes depend on its class."""
    conditions = tuple((condition.name, tuple(condition.values)) for condition in hp.conditions)
    kind = type(hp).__name__
    if kind in ("Int", "Float"):
        return Hyperparameter(
            kind, hp.name, hp.default, hp.min_value, hp.max_value, hp.step, hp.sampling, conditions=conditions
        )
    return Hyperparameter(kind, hp.name, hp.default, values=tuple(hp.values), conditions=conditions)
