"""The house: which room stands on which, and that imports go down only."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import typer

from keras_search.commands.app import app
from tests.helpers import ROOT

# From the roof to the ground. A module imports from the floors below its own and from its own room; what stands on one
# line is one floor, and imports nothing of each other. A package is also the room of those of its modules that are not
# named here.
FLOORS = """
keras_search
applications engine errors oracles tuners
commands
tuner.command
tuner
tuner.tuners
tuner.tuner
tuner.forms
tuner.searching
tuner.overridable
tuner.search
tuner.script
tuner.evaluation
tuner.trial
tuner.executors
tuner.record
tuner.oracles
tuner.fast
tuner.transport
tuner.data
tuner.objectives
tuner.runtime tuner.seeds tuner.keras_private
tuner.backend
tuner.errors

search_spaces
search_spaces.baseline_cnn search_spaces.custom search_spaces.deep_cnn
search_spaces.declared search_spaces.epochs search_spaces.origin
search_spaces.space
search_spaces.space_hypermodel
search_spaces.losses

results
results.report
results.plots
results.telling results.export
results.reading
results.evaluation results.run_info results.trial_record
results.directions results.labels results.outputs results.streams results.verdict
results.files
results.hyperparameter results.layout results.errors results.numbers
results.text
"""
WAYS_IN = ("keras_search", "keras_search.__main__")
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS.splitlines()) for room in rooms.split()}
# The libraries that a reader of results does without.
HEAVY = {"keras", "keras_tuner", "tensorflow"}


@cache
def modules() -> dict[str, Path]:
    """Every module of the package, by its name without `keras_search.`, with its file."""
    named = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for part in ("commands", "keras_search", "results", "search_spaces", "tuner")
        for path in sorted((ROOT / part).rglob("*.py"))
    }
    return {name if name in WAYS_IN else name.removeprefix("keras_search."): path for name, path in named.items()}


def room(module: str) -> str:
    """The room of `module`: the longest of the names above that it begins with."""
    return max((name for name in FLOOR if f"{module}.".startswith(f"{name}.")), key=len)


@cache
def imported(module: str) -> list[str]:
    """What `module` imports, wherever in it, for its types too: `keras.layers`, `keras_search.results.files.opened`."""
    names = []
    for node in ast.walk(ast.parse(modules()[module].read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by dots"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def ours(module: str) -> Iterator[str]:
    """The modules of the package that `module` imports."""
    for name in imported(module):
        package, _, inner = name.partition(".")
        if package == "keras_search":
            yield inner if inner in modules() else inner.rpartition(".")[0] or "keras_search"


def test_every_floor_is_one_of_the_package() -> None:
    assert set(FLOOR) <= set(modules())


@pytest.mark.parametrize("module", modules())
def test_imports_go_down(module: str) -> None:
    own = room(module)
    up = [name for name in ours(module) if room(name) != own and FLOOR[room(name)] <= FLOOR[own]]
    assert not up, f"{module} imports {', '.join(up)}"


def test_no_imports_go_round() -> None:
    graph = {module: set(ours(module)) for module in modules()}
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_only_commands_know_the_names_of_options() -> None:
    commands = typer.main.get_command(app).commands.values()
    options = {name for command in commands for option in command.params for name in option.opts if name[0] == "-"}
    for module in (module for module in modules() if module.partition(".")[0] in ("results", "search_spaces", "tuner")):
        for node in ast.walk(ast.parse(modules()[module].read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not options & set(re.findall(r"--[a-z-]+", node.value)), f"{module} has {node.value!r}"


def test_results_are_read_without_keras() -> None:
    readers = [module for module in modules() if module.partition(".")[0] == "results"]
    assert not [module for module in readers if HEAVY & {name.partition(".")[0] for name in imported(module)}]


def at_once(module: str) -> Iterator[str]:
    """What is imported when `module` is: not within functions, nor for its types alone."""
    waiting: list[ast.AST] = [ast.parse(modules()[module].read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.Lambda) and "TYPE_CHECKING" not in ast.unparse(
            getattr(node, "test", ast.Constant(None))
        ):
            waiting += ast.iter_child_nodes(node)


def test_trials_on_another_backend_do_not_load_tensorflow() -> None:
    loaded, waiting = set(), ["tuner.tuner", "tuner.tuners", "tuner.trial.run", "tuner.transport.calls"]
    while waiting:
        module = waiting.pop()
        if module in loaded:
            continue
        loaded.add(module)
        names = list(at_once(module))
        backends = [name for name in names if name.partition(".")[0] in ("tensorflow", "jax", "torch")]
        assert not backends, f"{module} imports {', '.join(backends)} when it is imported"
        ours = [name.removeprefix("keras_search.") for name in names if name.startswith("keras_search.")]
        waiting += [name if name in modules() else name.rpartition(".")[0] for name in ours]
    assert "tuner.fast.patches" in loaded
