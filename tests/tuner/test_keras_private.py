"""The private names of Keras, Keras Tuner and TensorFlow: all are listed, all are there, and one module uses them."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import keras
import pytest

from keras_search.tuner import keras_private
from keras_search.tuner.errors import VersionError
from keras_search.tuner.keras_private import names
from tests.helpers import ROOT

PARTS = ("commands", "keras_search", "results", "search_spaces", "tuner")
FILES = {path.relative_to(ROOT).as_posix(): path for part in PARTS for path in sorted((ROOT / part).rglob("*.py"))}
ALLOWED = "tuner/keras_private/"
NAMESAKES = "keras_search/engine/"  # modules that users import by the names of Keras Tuner's
LIBRARIES = ("keras.", "keras_tuner.", "tensorflow.")
PRIVATE = re.compile(r"(keras\.src|keras_tuner\.src|keras_tuner\.engine|tensorflow\.(python|compiler|core))\b")

TABLES = (names.ATTRIBUTES, names.OF_TENSORFLOW, names.FOR_SPEED, names.FOR_TRAVEL, names.OVERRIDDEN)
LISTED = sorted({f"{owner}.{name}" for table in TABLES for owner in table for name in table[owner]})
LISTED_NAMES = {name.rpartition(".")[2] for name in LISTED}

# Private names of other libraries than those three, by the module that is about such a library.
OF_OTHERS = {
    "tuner/executors/foreign.py": {"_max_workers", "_mp_context", "_flags"},
    "tuner/oracles/optuna.py": {"_search_space"},
}
# The methods of other libraries' classes that ours override.
OVERRIDDEN_OF_OTHERS = {
    "typer.core.TyperCommand": ("get_params", "parse_args"),
    "typer.core.TyperGroup": ("get_params", "main"),
    "rich.console.Console": ("print",),
    "optuna.storages.BaseStorage": (
        "create_new_study",
        "delete_study",
        "set_study_user_attr",
        "set_study_system_attr",
        "get_study_id_from_name",
        "get_study_name_from_id",
        "get_study_directions",
        "get_study_user_attrs",
        "get_study_system_attrs",
        "get_all_studies",
        "create_new_trial",
        "set_trial_param",
        "set_trial_state_values",
        "set_trial_intermediate_value",
        "set_trial_user_attr",
        "set_trial_system_attr",
        "get_trial",
        "get_trial_id_from_study_id_trial_number",
        "get_all_trials",
    ),
    "cloudpickle.Pickler": ("persistent_id", "reducer_override"),
    "pickle.Unpickler": ("persistent_load",),
}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@cache
def tree(file: str) -> ast.Module:
    return ast.parse(FILES[file].read_text())


def imports(file: str) -> Iterator[tuple[str, str]]:
    """What a module imports, wherever in it, and what it calls that."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            origin = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield from ((f"{origin}{alias.name}", alias.asname or alias.name) for alias in node.names)


def touched(code: ast.AST) -> Iterator[tuple[str, str]]:
    """The private attributes that are read, set or deleted, by a dot or by name, each with whose it is."""
    for node in ast.walk(code):
        match node:
            case ast.Attribute(value=owner, attr=name) if is_private(name):
                yield ast.unparse(owner), name
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "delattr" | "hasattr"),
                args=[owner, ast.Constant(value=str(name)), *_],
            ) if is_private(name):
                yield ast.unparse(owner), name


def is_itself(owner: str) -> bool:
    return owner in ("self", "cls", "super()")


def defined(file: str) -> set[str]:
    """The names that a module gives to what is its own."""
    found = set()
    for node in ast.walk(tree(file)):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                found.add(name)
    return found


def is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "keras_search"


@cache
def our_classes() -> list[type]:
    """Every class of the package that inherits from another package's."""
    parts = [file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in FILES]
    modules = [part if part.startswith("keras_search") else f"keras_search.{part}" for part in parts]
    modules.remove("keras_search.__main__")
    things = {
        thing
        for module in modules
        for thing in vars(importlib.import_module(module)).values()
        if inspect.isclass(thing)
    }
    return [kind for kind in things if is_ours(kind) and parents(kind)]


def parents(kind: type) -> list[type]:
    """The classes of other packages that it inherits from, and of the standard library those of pickles."""
    standard = sys.stdlib_module_names - {"_pickle"}
    return [one for one in kind.__mro__ if not is_ours(one) and one.__module__.partition(".")[0] not in standard]


def bodies(kind: type) -> list[ast.ClassDef]:
    """The code of a class and of those of ours that it inherits from."""
    return [ast.parse(textwrap.dedent(inspect.getsource(one))).body[0] for one in kind.__mro__ if is_ours(one)]


def methods(kind: type) -> set[str]:
    """The names of all methods that are ours, but for those that Python itself calls."""
    functions = [node for body in bodies(kind) for node in body.body if isinstance(node, ast.FunctionDef)]
    return {function.name for function in functions if not function.name.startswith("__")}


def listed(kind: type, *tables: Mapping[str, object]) -> set[str]:
    """What the tables list for the classes that a class inherits from."""
    owners = {(owner, name) for table in tables for owner in table for name in table[owner]}
    return {name for owner, name in owners if pkgutil.resolve_name(owner) in kind.__mro__}


def has(parent: type, name: str) -> bool:
    return not names.absent({f"{parent.__module__}:{parent.__qualname__}": [name]})


@pytest.mark.parametrize("name", LISTED)
def test_what_is_listed_is_in_the_installed_version(name: str) -> None:
    owner, _, attribute = name.rpartition(".")
    assert names.absent({owner: [attribute]}) == []


@pytest.mark.parametrize(
    "name",
    sorted({name for file in FILES if file.startswith(ALLOWED) for name, _ in imports(file) if PRIVATE.match(name)}),
)
def test_what_is_imported_is_in_the_installed_version(name: str) -> None:
    pkgutil.resolve_name(name)


def test_the_names_in_the_state_of_keras_are_those_that_keras_uses() -> None:
    sources = "".join(path.read_text() for path in Path(keras.__file__).parent.joinpath("src").rglob("*.py"))
    named = (keras_private.DTYPE_POLICY, keras_private.CUSTOM_OBJECTS, keras_private.SEED_GENERATOR)
    for name in (*named, *keras_private.FORGOTTEN):
        assert re.search(rf'([gs]et_global_attribute\(\s*|^[A-Z_]+ = )"{name}"', sources, re.MULTILINE), name


def test_a_version_without_a_listed_name_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(names.ATTRIBUTES, "keras.Layer", {"_gone": "nothing", "_flatten_layers": "all layers"})
    with pytest.raises(
        VersionError, match=r"^there is no keras\.Layer\._gone, with keras [^\n]*: install keras [^\n]*$"
    ):
        importlib.reload(keras_private)


def test_a_version_without_an_imported_name_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("keras.src.saving.saving_lib.load_weights_only")
    with pytest.raises(VersionError, match=r"^cannot import name 'load_weights_only' from 'keras\.src\.saving\."):
        importlib.reload(keras_private)


@pytest.mark.parametrize(
    ("name", "read"),
    [("max_epochs", keras_private.max_epochs), ("max_steps_per_epoch", keras_private.max_steps_per_epoch)],
)
def test_a_setting_that_keras_does_not_know_yet_is_none(
    monkeypatch: pytest.MonkeyPatch, name: str, read: Callable[[], int | None]
) -> None:
    monkeypatch.setattr(f"keras.config.{name}", lambda: 3, raising=False)
    assert read() == 3
    monkeypatch.delattr(f"keras.config.{name}")
    assert read() is None


def test_configurations_say_where_models_and_operations_are_as_they_are_looked_for() -> None:
    given = keras.Input((2,))
    model = keras.Model(given, given + 1)
    config = keras.saving.serialize_keras_object(model)
    assert config["module"].startswith(keras_private.MODELS)
    assert config["config"]["layers"][-1]["module"].startswith(keras_private.OPERATIONS)


@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith(ALLOWED)])
def test_private_names_are_used_in_one_place(file: str) -> None:
    if not file.startswith(NAMESAKES):
        assert [name for name, _ in imports(file) if PRIVATE.match(name)] == []
    our_modules = {called for name, called in imports(file) if name.startswith("keras_search.")}
    for owner, name in touched(tree(file)):
        if is_itself(owner) or f"{owner}.{name}" == "os._exit" or name in OF_OTHERS.get(file, ()):
            continue  # what a class inherits is compared with its parents below
        assert name not in LISTED_NAMES, f"{owner}.{name}: let keras_private have a function for it"
        assert name in defined(file) or owner in our_modules, f"{owner}.{name} is private to another library"


def test_what_is_listed_is_used() -> None:
    used = {name for file in FILES for _, name in touched(tree(file))}
    used |= {name for kind in our_classes() for name in methods(kind)}
    used |= {*keras_private.OF_CALLBACKS}
    in_vain = set(filter(is_private, LISTED_NAMES)) - used
    assert not in_vain, f"{in_vain} are listed in vain"


def has_made(kind: type, name: str) -> bool:
    """Whether `kind` has such a method; one that is abstract is there to be overridden."""
    return hasattr(kind, name) and not getattr(getattr(kind, name), "__isabstractmethod__", False)


def test_what_a_class_has_in_common_with_its_parents_is_listed() -> None:
    for kind in our_classes():
        known = listed(kind, names.OVERRIDDEN, names.FOR_SPEED, OVERRIDDEN_OF_OTHERS)
        overrides = {name for name in methods(kind) if any(has_made(parent, name) for parent in parents(kind))}
        assert overrides <= known, f"{kind}: list {overrides - known}, or give it another name"
        known |= listed(kind, names.ATTRIBUTES)
        private = {name for body in bodies(kind) for owner, name in touched(body) if is_itself(owner)}
        keras_parents = [one for one in parents(kind) if one.__module__.startswith(LIBRARIES)]
        inherited = {name for name in private if any(has(parent, name) for parent in keras_parents)}
        assert inherited <= known, f"{kind}: list {inherited - known}, or give it another name"


@pytest.mark.parametrize("table", [names.OVERRIDDEN, OVERRIDDEN_OF_OTHERS], ids=["keras", "others"])
def test_what_is_listed_as_overridden_is(table: Mapping[str, tuple[str, ...]]) -> None:
    for owner, overridden in table.items():
        parent = pkgutil.resolve_name(owner)
        ours = {name for kind in our_classes() if issubclass(kind, parent) for name in methods(kind)}
        for name in overridden:
            assert hasattr(parent, name), f"{owner} has no {name} any more"
            assert name in ours, f"no class of ours overrides {owner}.{name}"
