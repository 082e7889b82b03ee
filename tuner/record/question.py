"""The question of a search: what must stay the same for its trials to be ranked together."""

import contextlib
import inspect
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np

from keras_search.results.errors import Parameter
from keras_search.results.text import shortened
from keras_search.search_spaces.space import Value
from keras_search.tuner import backend, objectives
from keras_search.tuner.errors import InputError
from keras_search.tuner.keras_private import kinds

Question = dict[str, Any]

# Arguments of oracles that do not matter here, stand elsewhere in the question, or are random by default (the seed).
_NOT_TOLD = {
    "self", "args", "kwargs", "objective", "max_trials", "hyperparameters", "seed", "max_retries_per_trial",
    "max_consecutive_failed_trials",
}  # fmt: skip
_LONGEST = 120
_MOST_NAMED = 5


def of(
    objective: keras_tuner.Objective,
    oracle: str,
    seed: int | None,
    executions_per_trial: int,
    threads: int,
    space: Iterable[kinds.HyperParameter],
    baseline: Mapping[str, Value],
    warm_start: list[str] | None = None,
) -> Question:
    """The question, as it is written into `run.json`.

    Args:
        oracle: The text of `of_oracle`.
        seed: None for whichever seed the run has.
        threads: In how many threads a trial computes.
        space: The hyperparameters that are declared at the baseline; trials may show more.
        warm_start: The earlier runs; None for whichever the run has.

    Raises:
        InputError: `executions_per_trial` is below 1.
    """
    if executions_per_trial < 1:
        raise InputError(Parameter("executions_per_trial"), f" is {executions_per_trial}: it must be at least 1")
    return {
        "objective": objectives.text(objective),
        "backend": backend.name(),
        "oracle": oracle,
        "seed": seed,
        "executions_per_trial": executions_per_trial,
        "threads": threads,
        "space": of_space(space),
        "baseline": {name: _plain(value) for name, value in baseline.items()},
        "warm_start": warm_start,
    }


def of_oracle(oracle: keras_tuner.Oracle) -> str:
    """The name of `oracle`, or its class and those arguments that it keeps; the same as when first asked."""
    told_as: str | None = getattr(oracle, "told_as", None)
    if told_as is None:
        told_as = f"{type(oracle).__name__}({_arguments(oracle)})"
        vars(oracle)["told_as"] = told_as
    return told_as


def of_space(space: Iterable[kinds.HyperParameter]) -> dict[str, str]:
    """A description of every hyperparameter of `space`, by name and conditions."""
    return {_key(hp): _described(hp) for hp in space}


def hidden(
    hypermodel: keras_tuner.HyperModel,
    asked: Question,
    learned: Iterable[kinds.HyperParameter],
    points: Iterable[Mapping[str, Value]],
) -> dict[str, str]:
    """Descriptions, by `hypermodel`, of the `learned` hyperparameters that are hidden at the baseline.

    Args:
        learned: The hyperparameters that the run knows.
        points: The points of the trials, in the order in which they ended; each hidden name is in one of them.
    """
    missing = {_key(hp): hp for hp in learned if _key(hp) not in asked["space"]}
    declared: dict[str, str] = {}
    for values in points:
        here = [key for key, hp in missing.items() if hp.name in values and _is_active(hp, values)]
        if here:
            point = keras_tuner.HyperParameters()
            point.values = dict(values)
            with contextlib.suppress(Exception):  # the trial may have failed at this point too
                hypermodel.declare_hyperparameters(point)
                hypermodel.build(point)
            declared = of_space(point.space) | declared
            missing = {key: hp for key, hp in missing.items() if key not in here}
    return declared


def differences(
    before: Mapping[str, Any],
    asked: Question,
    learned: Iterable[kinds.HyperParameter],
    declared: Mapping[str, str],
) -> list[str]:
    """How the question `asked` differs from a run's own; another objective is fine, it scores the trials anew.

    Args:
        before: The run's question; empty if not known.
        learned: The space of the run, including what only its trials have shown.
        declared: What `hidden` returns for it.
    """
    # In the form in which it is read from a file.
    asked = json.loads(json.dumps(asked))
    if before:
        before = {"backend": backend.DEFAULT, "threads": 1, "warm_start": None, **before}  # older versions had no other
    told = [
        _difference(name.replace("_", " "), before[name], asked[name])
        for name in ("backend", "oracle", "seed", "executions_per_trial", "threads", "warm_start")
        if name in before and asked[name] is not None and before[name] != asked[name]
    ]
    if "space" in before:
        told += _space_differences(before["space"], asked["space"], of_space(learned), declared)
        points = before.get("baseline", {}), asked["baseline"]
        told += [
            _difference(f"the baseline's {name}", points[0][name], points[1][name])
            for name in points[0].keys() & points[1].keys()
            if points[0][name] != points[1][name] and before["space"].get(name) == asked["space"].get(name)
        ]
    return told


def refusal(run: Path, differences: list[str]) -> InputError:
    """The error for a search in `run` that differs from the run's own, with the `differences`."""
    named = [shortened(difference, 2 * _LONGEST) for difference in differences[:_MOST_NAMED]]
    if len(differences) > _MOST_NAMED:
        named.append(f"and {len(differences) - _MOST_NAMED} more")
    return InputError(
        f"run {str(run)!r} was made for another search: {'; '.join(named)}; ask for the same, give another ",
        Parameter("project_name"),
        ", or start it anew with ",
        Parameter("overwrite=True"),
    )


def _space_differences(
    before: dict[str, str], asked: dict[str, str], learned: dict[str, str], declared: Mapping[str, str]
) -> list[str]:
    known, now = learned | before, {**declared, **asked}
    differences = [_difference(key, known[key], text) for key, text in now.items() if known.get(key, text) != text]
    differences += [f"{key} is new" for key in now if key not in known]
    return differences + [f"{key} is gone" for key in before if key not in asked]


def _difference(name: str, was: Any, now: Any) -> str:
    return f"{name} was {shortened(str(was), _LONGEST)} and is now {shortened(str(now), _LONGEST)}"


def _arguments(oracle: keras_tuner.Oracle) -> str:
    arguments: dict[str, Any] = {}
    for kind in type(oracle).__mro__:
        if "__init__" in vars(kind):
            for name, parameter in inspect.signature(kind.__init__).parameters.items():
                value = getattr(oracle, name, getattr(oracle, f"_{name}", oracle))
                is_told = name not in _NOT_TOLD and isinstance(value, int | float | str | np.generic | None)
                if is_told and value != parameter.default:
                    arguments.setdefault(name, _plain(value))
    return ", ".join(f"{name}={value!r}" for name, value in sorted(arguments.items()))


def _is_active(hp: kinds.HyperParameter, values: Mapping[str, Value]) -> bool:
    return all(condition.is_active(values) for condition in hp.conditions)


def _key(hp: kinds.HyperParameter) -> str:
    conditions = [f"{condition.name} in {[_plain(value) for value in condition.values]}" for condition in hp.conditions]
    return f"{hp.name} (if {' and '.join(conditions)})" if conditions else hp.name


def _described(hp: kinds.HyperParameter) -> str:
    config = {name: value for name, value in hp.get_config().items() if name not in ("name", "conditions")}
    told = {name: _plain(value) for name, value in (config | {"default": hp.default}).items()}
    return f"{type(hp).__name__}({', '.join(f'{name}={value!r}' for name, value in told.items())})"


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
