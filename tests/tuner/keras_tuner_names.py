"""The page of Keras Tuner's names, made of the installed Keras Tuner: `python -m tests.tuner.keras_tuner_names`."""

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import keras_tuner

from keras_search.tuner import TUNERS, names
from tests.helpers import ROOT

PAGE = ROOT / "docs" / "keras-tuner-names.md"
MODULES = [
    module.name
    for module in pkgutil.walk_packages(keras_tuner.__path__, "keras_tuner.")
    if not module.name.startswith("keras_tuner.src")
]

_INTRODUCTION = """\
# Keras Tuner's names

Every public name of Keras Tuner and every argument of its tuners and oracles, and what it does with
`import keras_search as kt`. A test makes this page of the installed Keras Tuner. What differs in a search is told
[in the guide](from-keras-tuner.md#what-differs).

- [Names](#names)
- [Arguments](#arguments)
"""

_SAME = "Keras Tuner's own"
_OURS = "the toolkit's: it searches in parallel and keeps a record"
_NAMES = {
    "BaseTuner": "Keras Tuner's own: what inherits from it, not from `Tuner`, searches as there, one trial at a time",
    "SklearnTuner": "Keras Tuner's own: it searches as there, one trial at a time",
    "Oracle": "Keras Tuner's own; given to a tuner, it proposes the baseline first and keeps its files whole",
}

_ARGUMENTS = {
    "alpha": "as there",
    "beta": "as there",
    "allow_new_entries": "as there",
    "cv": "as there",
    "directory": "as there; `.` by default",
    "distribution_strategy": "as there: each model is built and trained under it, in this process",
    "executions_per_trial": "as there; each execution has a seed of its own",
    "factor": "as there",
    "hyperband_iterations": "as there",
    "hypermodel": "as there; its attribute `baseline`, if it has one, is the first trial",
    "hyperparameters": "as there",
    "kwargs": "of a tuner: the arguments of `Tuner`",
    "logger": "as there: kept as `tuner.logger`, with a warning that it is deprecated; nothing in Keras Tuner calls it",
    "loss": "as there: replaces what `build` compiles with",
    "max_consecutive_failed_trials": "as there: so many failures in a row end the search, in an error of one line",
    "max_epochs": "as there",
    "max_model_size": "as there: a trial with a larger model fails",
    "max_retries_per_trial": "as there: a trial that raises is tried again, with another seed",
    "max_trials": "as there; a finished search goes on with a larger number",
    "metrics": "as there: replaces what `build` compiles with",
    "num_initial_points": "as there",
    "objective": "as there, and `NAME:min`, `NAME:max`; a direction that the name does not tell is asked for",
    "optimizer": "as there: replaces what `build` compiles with",
    "oracle": "as there, and the name of an oracle of the toolkit",
    "overwrite": "as there, but nothing is deleted that is no run, or that another tuner of the script has",
    "project_name": "as there; `untitled_project` by default, or `untitled_project-2` where that is another search's",
    "scoring": "as there",
    "seed": "as there, and it seeds the weights, the dropout and the order of the data; 0 is a seed too",
    "tune_new_entries": "as there",
    "tuner_id": "as there: the tuner's name; trials at once need no chief, only `workers`",
}


def found() -> dict[str, tuple[Any, list[str]]]:
    """Every public name of Keras Tuner, with what it is and the modules that have it."""
    named: dict[str, tuple[Any, list[str]]] = {}
    for module in ["keras_tuner", *MODULES]:
        loaded = importlib.import_module(module)
        for name in names.public(vars(loaded)):
            thing = getattr(loaded, name)
            if not inspect.ismodule(thing):
                named.setdefault(name, (thing, []))[1].append(module.replace("keras_tuner", "kt"))
    return dict(sorted(named.items()))


def arguments() -> dict[str, list[str]]:
    """Every argument of Keras Tuner's tuners and oracles, with those that take it."""
    taken: dict[str, list[str]] = {}
    for name, (thing, _) in found().items():
        is_searching = name in ("BaseTuner", "SklearnTuner") or name.endswith("Oracle") or name in TUNERS
        for argument in inspect.signature(thing).parameters if is_searching else ():
            taken.setdefault(argument, []).append(name)
    return dict(sorted(taken.items()))


def page() -> str:
    """The whole page.

    Raises:
        KeyError: Nothing is known here of an argument.
    """
    lines = [_INTRODUCTION, "## Names", "", "| name | in | here |", "| --- | --- | --- |"]
    for name, (_, modules) in found().items():
        here = _OURS if name in TUNERS else _NAMES.get(name, _SAME)
        lines.append(f"| `{name}` | {', '.join(f'`{module}`' for module in modules)} | {here} |")
    lines += ["", "## Arguments", "", "| argument | of | here |", "| --- | --- | --- |"]
    for argument, takers in arguments().items():
        of = "tuners and oracles" if "Oracle" in takers else ", ".join(f"`{taker}`" for taker in takers)
        lines.append(f"| `{argument}` | {of} | {_ARGUMENTS[argument]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(PAGE).write_text(page())
