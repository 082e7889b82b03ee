"""Keras Tuner's oracles by name: each asks the baseline point first, and keeps its state in whole files."""

import importlib.util
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_search.results import files, layout
from keras_search.search_spaces import Hyperparameter, epochs
from keras_search.search_spaces.space import Value
from keras_search.tuner.errors import InputError
from keras_search.tuner.seeds import derive

if TYPE_CHECKING:
    import keras_tuner

    from keras_search.tuner.keras_private import HyperParameter

# Where Keras Tuner's Hyperband puts the epochs up to which, and from which, a trial is trained, whom it continues, its
# bracket, and the round of that.
BUDGET, BUDGET_BEFORE, CONTINUED = "tuner/epochs", "tuner/initial_epoch", "tuner/trial_id"
BRACKET, ROUND = "tuner/bracket", "tuner/round"

# What an oracle's name needs beyond the toolkit's own dependencies, and how to install it.
_OPTUNA = ("optuna", "python -m pip install -e '.[optuna]'")
_NEEDS = {
    "tpe": [_OPTUNA],
    "cmaes": [_OPTUNA, ("cmaes", _OPTUNA[1])],
    "qmc": [_OPTUNA],
    "gp": [_OPTUNA, ("torch", "python -m pip install torch")],
}


def check(name: str, hyperparameters: Iterable[str] | None = None) -> None:
    """Loads nothing.

    Args:
        hyperparameters: The names in the space, where they are known.

    Raises:
        InputError: There is no oracle called `name`, a package that it needs is not installed, or the space lacks what
            it needs.
    """
    if name not in ORACLES:
        raise InputError(f"unknown oracle {name!r}: choose one of {', '.join(ORACLES)}")
    for package, command in _NEEDS.get(name, []):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"oracle {name!r} needs the package {package}: {command}")
    if name == "hyperband" and hyperparameters is not None and "epochs" not in hyperparameters:
        raise InputError("oracle 'hyperband' needs a hyperparameter `epochs`, whose largest value is its budget")


def make(
    name: str,
    objective: "str | keras_tuner.Objective",
    max_trials: int,
    seed: int,
    hyperparameters: "keras_tuner.HyperParameters",
) -> "keras_tuner.Oracle":
    """The oracle called `name`, for at most `max_trials` trials.

    Args:
        hyperparameters: What is sampled.

    Raises:
        InputError: There is no oracle of that name, what it needs is not installed, or it needs a hyperparameter
            `epochs` that is not there.
    """
    check(name, [hp.name for hp in hyperparameters.space])
    oracle = ORACLES[name](
        objective=objective, max_trials=max_trials, seed=derive(seed, "oracle"), hyperparameters=hyperparameters
    )
    oracle.told_as = name
    return oracle


def _random(**arguments: Any) -> "keras_tuner.Oracle":
    import keras_tuner

    return keras_tuner.oracles.RandomSearchOracle(**arguments)


def _grid(**arguments: Any) -> "keras_tuner.Oracle":
    from keras_search.tuner.oracles.keras_tuner import Grid

    return Grid(**arguments)


def _bayesian(**arguments: Any) -> "keras_tuner.Oracle":
    from keras_search.tuner.oracles.keras_tuner import Bayesian

    return Bayesian(**arguments)


def _hyperband(
    max_trials: int, hyperparameters: "keras_tuner.HyperParameters", **arguments: Any
) -> "keras_tuner.Oracle":
    from keras_search.tuner.oracles.keras_tuner import Hyperband

    oracle = Hyperband(
        max_epochs=_most_epochs(hyperparameters.space),
        hyperband_iterations=None,
        hyperparameters=hyperparameters,
        **arguments,
    )
    # Keras Tuner's has no such limit: it counts brackets, not trials.
    oracle.max_trials = max_trials
    return oracle


def _most_epochs(hyperparameters: "Iterable[HyperParameter]") -> int:
    """The largest value of `epochs`.

    Raises:
        InputError: It is no number of epochs.
    """
    from keras_search.tuner.oracles import points

    # One name may be declared under several conditions.
    declared = [hp for hp in hyperparameters if hp.name == "epochs"]
    for hp in declared:
        if (value := epochs.misfit(hp)) is not None:
            raise InputError(
                f"oracle 'hyperband' takes the largest `epochs` for its budget, and {value!r} is no number of epochs: "
                "declare whole numbers above 0"
            )
    ranges = [hp for hp in declared if hasattr(hp, "max_value")]
    values = [points.nearest(hp, hp.max_value) for hp in ranges]
    values += [value for hp in declared if hp not in ranges for value in hp.values]
    return max(map(epochs.whole, values))


def _optuna(sampler: str) -> "Callable[..., keras_tuner.Oracle]":
    def make_sampler(**arguments: Any) -> "keras_tuner.Oracle":
        from keras_search.tuner.oracles.optuna import OptunaOracle

        return OptunaOracle(sampler, **arguments)

    return make_sampler


ORACLES: "dict[str, Callable[..., keras_tuner.Oracle]]" = {
    "random": _random,
    "grid": _grid,
    "bayesian": _bayesian,
    "hyperband": _hyperband,
    **{sampler: _optuna(sampler) for sampler in _NEEDS},
}


def adopt(
    oracle: "keras_tuner.Oracle", baseline: dict[str, Value], declared: "keras_tuner.HyperParameters | None" = None
) -> None:
    """Makes any Keras Tuner oracle, mended where need be, ask `baseline` first, write whole files and print nothing.

    Args:
        declared: What the hypermodel declares, which may be more than the oracle is to tune.
    """
    from keras_search.tuner.oracles.keras_tuner import MENDED
    from keras_search.tuner.oracles.recorded import Recorded

    if not isinstance(oracle, Recorded):
        own = MENDED.get(type(oracle), type(oracle))
        oracle.__class__ = type(own.__name__, (Recorded, own), {})
        # One of the user's own may ask for a point twice on purpose.
        oracle.may_repeat = own.__module__.partition(".")[0] not in ("keras_tuner", __name__.partition(".")[0])
        oracle.untuned = set()
    oracle.learn(declared.space if declared else ())
    oracle.baseline = baseline
    oracle.damaged = []
    oracle.notes = []
    oracle.fresh = None
    oracle.verbose = 0
    # The tuner's own loop decides when too many trials have failed.
    oracle.max_consecutive_failed_trials = None


def saved_space(run: Path) -> "keras_tuner.HyperParameters | None":
    """The space as the oracle of the run in the directory `run` knows it; None where there is none to read."""
    import keras_tuner

    try:
        return keras_tuner.HyperParameters.from_config(files.read_json(run / layout.ORACLE)["hyperparameters"])
    except (KeyError, TypeError, ValueError, AttributeError, OSError):
        return None


def saved_points(run: Path) -> list[dict[str, Value]]:
    """The points of the trials that have ended in the directory `run`, in that order, as its oracle noted them."""
    try:
        oracle = files.read_json(run / layout.ORACLE)
        return [dict(oracle["points"][trial_id]) for trial_id in oracle["end_order"] if trial_id in oracle["points"]]
    except (KeyError, TypeError, ValueError, AttributeError, OSError):
        return []


def budget(oracle: "keras_tuner.Oracle", values: dict[str, Value]) -> int | None:
    """Up to which epoch the point `values` is trained, where `oracle` decides that; the baseline to its own last."""
    if BUDGET not in values and hasattr(oracle, "hyperband_iterations"):
        return epochs.whole(values.get("epochs")) or oracle.max_epochs
    return values.get(BUDGET)


def budgeted(oracle: "keras_tuner.Oracle") -> set[str]:
    """The hyperparameters that under `oracle` are the budget of a point, no part of it: under Hyperband the epochs."""
    return {"epochs"} if hasattr(oracle, "hyperband_iterations") else set()


def ignores_scores(oracle: "keras_tuner.Oracle") -> bool:
    """Whether the points of `oracle` are the same whatever the scores are: it can be asked for many beforehand."""
    from keras_tuner import oracles

    return isinstance(oracle, (oracles.RandomSearchOracle, oracles.GridSearchOracle))


def continuable(oracle: "keras_tuner.Oracle") -> set[str]:
    """The ids of the trials that another trial may still go on with: under Hyperband, in rounds before the last."""
    from keras_search.tuner import keras_private

    ids: set[str] = set()
    for bracket in keras_private.brackets(oracle):
        ids.update(entry["id"] for entries in bracket["rounds"][:-1] for entry in entries)
        later = [entry for entries in bracket["rounds"][1:] for entry in entries]
        ids.difference_update(entry["past_id"] for entry in later if entry["id"] in oracle.end_order)
    running = (trial.hyperparameters.values for trial in oracle.trials.values() if trial.status == "RUNNING")
    return ids | {values[CONTINUED] for values in running if CONTINUED in values}


def sampled(
    declared: "keras_tuner.HyperParameters", narrowed: Iterable[Hyperparameter]
) -> "keras_tuner.HyperParameters":
    """`declared`, with the ranges and values of `narrowed`; conditions stay as they are."""
    import keras_tuner

    from keras_search.tuner.keras_private import kinds

    space = keras_tuner.HyperParameters()
    for original, description in zip(declared.space, narrowed, strict=True):
        config = {"name": description.name, "conditions": original.conditions}
        if description.kind == "Fixed":
            config |= {"value": description.values[0]}
        elif description.kind == "Choice":
            ordered = getattr(original, "ordered", None)
            config |= {"values": list(description.values), "default": description.default, "ordered": ordered}
        elif description.kind == "Boolean":
            config |= {"default": description.default}
        else:
            keys = ("min_value", "max_value", "step", "sampling", "default")
            config |= {key: getattr(description, key) for key in keys}
        space.merge([getattr(kinds, description.kind)(**config)])
    return space
