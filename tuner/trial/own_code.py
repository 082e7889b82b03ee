"""What a user's own method does with the arguments that a search gives it, as far as its source tells."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

import keras_tuner

from keras_search.search_spaces.custom import kind

# What may be done with the hyperparameters of a trial without asking for new ones.
_READS = ("get", "values")
# Methods that may be given a trial or its hyperparameters, as what these ask for is known otherwise.
_KNOWN = re.compile(r"on_\w+|build|fit|_try_build|_build_hypermodel|run_trial|_build_and_fit_model|save_model")


def asks(method: Callable[..., Any]) -> bool:
    """Whether `method(self, trial, ...)` of a tuner may itself ask for hyperparameters, and not only read them."""
    function = _source(method)
    if function is None or len(function.args.args) < 2:
        return True
    trial = function.args.args[1].arg
    points = {
        node.targets[0].id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _is_point(node.value, set()) and isinstance(node.targets[0], ast.Name)
    }
    harmless: set[ast.AST] = set()
    for node in ast.walk(function):
        match node:
            case ast.Subscript(value=value):
                harmless.add(value)
            case ast.Attribute(value=value, attr=name) if name in _READS or not _is_point(value, points):
                harmless.add(value)
            case ast.Call(func=ast.Attribute(attr=name), args=args) if _KNOWN.fullmatch(name):
                harmless.update(args)
            case ast.Assign(value=value, targets=[ast.Name()]):
                harmless.add(value)
    given = [node for node in ast.walk(function) if _is_point(node, {*points, trial})]
    return any(node not in harmless for node in given)


def with_verbose(hypermodel: keras_tuner.HyperModel, fit_kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments for the hypermodel's `fit`: with `verbose` only if it takes it, and no `fit` gets it twice."""
    if "verbose" not in fit_kwargs or takes_verbose(kind(hypermodel).fit):
        return fit_kwargs
    return {name: value for name, value in fit_kwargs.items() if name != "verbose"}


def takes_verbose(function: Callable[..., Any]) -> bool:
    """Whether `function` has a parameter `verbose`, or looks for it in what it is given."""
    if "verbose" in inspect.signature(function).parameters:
        return True
    source = _source(function)
    return source is not None and any(
        isinstance(node, ast.Constant) and node.value == "verbose" for node in ast.walk(source)
    )


def _is_point(node: ast.AST, names: set[str]) -> bool:
    """Whether `node` reads an attribute `hyperparameters`, or one of the `names` that stand for it."""
    if isinstance(node, ast.Attribute):
        return node.attr == "hyperparameters"
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names


def _source(function: Callable[..., Any]) -> ast.FunctionDef | None:
    """The definition of `function`; None if no source is available, or it is not a function's."""
    try:
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, ValueError, SyntaxError):
        return None
    return definition if isinstance(definition, ast.FunctionDef) else None
