"""The oracles by name.

To add an oracle, write a class that extends `Recorded` and overrides `own_answer`, and add it to `ORACLES`. The tests
of every oracle (`tests/tuner/oracles/test_every_oracle.py`) then include it.
"""

import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keras_search.tuner.errors import InputError
from keras_search.tuner.seeds import derive

if TYPE_CHECKING:
    import keras_tuner

    from keras_search.tuner.oracles.recorded import Recorded


@dataclass(frozen=True)
class Entry:
    """What is known about an oracle before its module is imported.

    Attributes:
        module: The module of this package with its class; imported only when it is made, as that takes long.
        kind: The name of the class.
        packages: The packages that it needs beyond the toolkit's dependencies, with the commands that install them.
        hyperparameters: The hyperparameters that it needs in the space, with their purposes.
    """

    module: str
    kind: str
    packages: Mapping[str, str] = field(default_factory=dict)
    hyperparameters: Mapping[str, str] = field(default_factory=dict)

    def load(self) -> "type[Recorded]":
        """Imports its class."""
        return getattr(importlib.import_module(f"{__package__}.{self.module}"), self.kind)


_OPTUNA = "python -m pip install -e '.[optuna]'"

ORACLES = {
    "random": Entry("keras_tuner", "Random"),
    "grid": Entry("keras_tuner", "Grid"),
    "bayesian": Entry("keras_tuner", "Bayesian"),
    "hyperband": Entry("hyperband", "Hyperband", hyperparameters={"epochs": "whose largest value is its budget"}),
    "freeze-thaw": Entry("freeze_thaw", "FreezeThaw"),
    "tpe": Entry("optuna", "Tpe", {"optuna": _OPTUNA}),
    "cmaes": Entry("optuna", "CmaEs", {"optuna": _OPTUNA, "cmaes": _OPTUNA}),
    "qmc": Entry("optuna", "Qmc", {"optuna": _OPTUNA}),
    "gp": Entry("optuna", "Gp", {"optuna": _OPTUNA, "torch": "python -m pip install torch"}),
}


def chosen(oracle: str | None, max_trials: int | None, has_time_budget: bool) -> tuple[str, int | None]:
    """The oracle and the number of trials of a search; what is None was not given.

    With a time budget and no number, as many trials begin as there is time for: None.
    """
    most = None if has_time_budget else 20
    return "random" if oracle is None else oracle, most if max_trials is None else max_trials


def check(name: str, hyperparameters: Iterable[str] | None = None) -> None:
    """Checks that the oracle called `name` can be used; imports nothing.

    Args:
        hyperparameters: The names of the hyperparameters in the space, if they are known.

    Raises:
        InputError: There is no oracle called `name`, a package that it needs is not installed, or the space lacks a
            hyperparameter that it needs.
    """
    if name not in ORACLES:
        raise InputError(f"unknown oracle {name!r}: choose one of {', '.join(ORACLES)}")
    for package, command in ORACLES[name].packages.items():
        if importlib.util.find_spec(package) is None:
            raise InputError(f"oracle {name!r} needs the package {package}: {command}")
    if hyperparameters is not None:
        declared = set(hyperparameters)
        for needed, purpose in ORACLES[name].hyperparameters.items():
            if needed not in declared:
                raise InputError(f"oracle {name!r} needs a hyperparameter `{needed}`, {purpose}")


def make(
    name: str,
    objective: "str | keras_tuner.Objective",
    max_trials: int | None,
    seed: int,
    hyperparameters: "keras_tuner.HyperParameters",
) -> "Recorded":
    """Makes the oracle called `name`. It needs `adopt` before its first trial.

    Args:
        max_trials: How many trials it may have; None for no limit.
        hyperparameters: The space.

    Raises:
        InputError: As for `check`.
    """
    check(name, [hp.name for hp in hyperparameters.space])
    oracle = ORACLES[name].load()(
        objective=objective, max_trials=max_trials, seed=derive(seed, "oracle"), hyperparameters=hyperparameters
    )
    oracle.told_as = name
    # Failures in a row may be bad luck; the search loop ends where the first trials all fail the same way.
    oracle.max_consecutive_failed_trials = None
    return oracle
