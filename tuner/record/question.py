"""What a search is asked for: what must stay the same for its trials to be ranked together."""

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
from keras_search.tuner import objectives
from keras_search.tuner.errors import InputError
from keras_search.tuner.keras_private import kinds

Question = dict[str, Any]

# Arguments of oracles that do not matter here, are told otherwise, or are drawn where they are not given (the seed).
_NOT_TOLD = {
    "self", "args", "kwargs", "objective", "max_trials", "hyperparameters", "seed", "max_retries_per_trial",
    "max_consecutive_failed_trials",
}  # fmt: skip
_LONGEST = 120
_MOST_NAMED = 5


def of(
    objective: keras_tuner.Objective,
    oracle: str,
    seed: int,
    executions_per_trial: int,
    space: Iterable[kinds.HyperParameter],
    baseline: Mapping[str, Value],
) -> Question:
    """The question, as it is written into `run.json`.

    Args:
        oracle: As `of_oracle` has it.
        space: What is declared at the baseline: more may be learned in the search.
    """
    return {
        "objective": objectives.text(objective),
        "oracle": oracle,
        "seed": seed,
        "executions_per_trial": executions_per_trial,
        "space": of_space(space),
        "baseline": {name: _plain(value) for name, value in baseline.items()},
    }


def of_oracle(oracle: keras_tuner.Oracle) -> str:
    """`oracle` by its name, or its class with what it was given, as far as it keeps that; as when first asked."""
    told_as: str | None = getattr(oracle, "told_as", None)
    if told_as is None:
        told_as = f"{type(oracle).__name__}({_arguments(oracle)})"
        vars(oracle)["told_as"] = told_as
    return told_as


def of_space(space: Iterable[kinds.HyperParameter]) -> dict[str, str]:
    """Every hyperparameter of `space` as a text, by its name and conditions."""
    return {_key(one): _described(one) for one in space}


def hidden(
    hypermodel: keras_tuner.HyperModel,
    asked: Question,
    learned: Iterable[kinds.HyperParameter],
    points: Iterable[Mapping[str, Value]],
) -> dict[str, str]:
    """What `hypermodel` declares of the `learned` hyperparameters that it does not at the baseline.

    Args:
        points: Those of trials, in the order in which they ended: each of these hyperparameters turned up at one.
    """
    missing = {_key(one): one for one in learned if _key(one) not in asked["space"]}
    found: dict[str, str] = {}
    for values in points:
        here = [key for key, one in missing.items() if one.name in values and _is_active(one, values)]
        if here:
            hp = keras_tuner.HyperParameters()
            hp.values = dict(values)
            with contextlib.suppress(Exception):  # at this point the trial may have failed as well
                hypermodel.declare_hyperparameters(hp)
                hypermodel.build(hp)
            found = of_space(hp.space) | found
            missing = {key: one for key, one in missing.items() if key not in here}
    return found


def check_same(
    run: Path,
    before: Mapping[str, Any],
    asked: Question,
    learned: Iterable[kinds.HyperParameter],
    declared: Mapping[str, str],
) -> None:
    """Makes sure that the trials of `run` answer the question `asked`; of another objective they are scored anew.

    Args:
        before: What the run was asked for; empty where that is not known.
        learned: The space as the search knows it, with what only its trials have shown.
        declared: What `hidden` gives of that.

    Raises:
        InputError: They do not.
    """
    # As it comes out of the file.
    asked = json.loads(json.dumps(asked))
    differences = [
        _difference(name.replace("_", " "), before[name], asked[name])
        for name in ("oracle", "seed", "executions_per_trial")
        if name in before and before[name] != asked[name]
    ]
    if "space" in before:
        differences += _space_differences(before["space"], asked["space"], of_space(learned), declared)
        points = before.get("baseline", {}), asked["baseline"]
        differences += [
            _difference(f"the baseline's {name}", points[0][name], points[1][name])
            for name in points[0].keys() & points[1].keys()
            if points[0][name] != points[1][name] and before["space"].get(name) == asked["space"].get(name)
        ]
    if differences:
        raise refusal(run, differences)


def refusal(run: Path, differences: list[str]) -> InputError:
    """The error for a search in `run` that asks for something else than it did, by its `differences`."""
    named = [shortened(one, 2 * _LONGEST) for one in differences[:_MOST_NAMED]]
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
    found = [_difference(key, known[key], text) for key, text in now.items() if known.get(key, text) != text]
    found += [f"{key} is new" for key in now if key not in known]
    return found + [f"{key} is gone" for key in before if key not in asked]


def _difference(name: str, was: Any, now: Any) -> str:
    return f"{name} was {shortened(str(was), _LONGEST)} and is now {shortened(str(now), _LONGEST)}"


def _arguments(oracle: keras_tuner.Oracle) -> str:
    found: dict[str, Any] = {}
    for kind in type(oracle).__mro__:
        if "__init__" in vars(kind):
            for name, parameter in inspect.signature(kind.__init__).parameters.items():
                value = getattr(oracle, name, getattr(oracle, f"_{name}", oracle))
                is_told = name not in _NOT_TOLD and isinstance(value, int | float | str | np.generic | None)
                if is_told and value != parameter.default:
                    found.setdefault(name, _plain(value))
    return ", ".join(f"{name}={value!r}" for name, value in sorted(found.items()))


def _is_active(hp: kinds.HyperParameter, values: Mapping[str, Value]) -> bool:
    return all(condition.is_active(values) for condition in hp.conditions)


def _key(hp: kinds.HyperParameter) -> str:
    conditions = [f"{one.name} in {[_plain(value) for value in one.values]}" for one in hp.conditions]
    return f"{hp.name} (if {' and '.join(conditions)})" if conditions else hp.name


def _described(hp: kinds.HyperParameter) -> str:
    config = {name: value for name, value in hp.get_config().items() if name not in ("name", "conditions")}
    told = {name: _plain(value) for name, value in (config | {"default": hp.default}).items()}
    return f"{type(hp).__name__}({', '.join(f'{name}={value!r}' for name, value in told.items())})"


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
