"""The oracles by name.

A further oracle is one class that extends `Recorded` and overrides `own_answer`, and one entry in `ORACLES`. The tests
of every oracle (`tests/tuner/oracles/test_every_oracle.py`) then try it too.
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
    """An oracle, as far as it can be known before anything is loaded.

    Attributes:
        module: The module of this package that its class is in: imported where it is made, as it loads much.
        kind: The name of the class.
        packages: What it needs beyond the toolkit's own dependencies, each with the command that installs it.
        hyperparameters: What it needs in the space, each with what it is for.
    """

    module: str
    kind: str
    packages: Mapping[str, str] = field(default_factory=dict)
    hyperparameters: Mapping[str, str] = field(default_factory=dict)

    def load(self) -> "type[Recorded]":
        """Its class."""
        return getattr(importlib.import_module(f"{__package__}.{self.module}"), self.kind)


_OPTUNA = "python -m pip install -e '.[optuna]'"

ORACLES = {
    "random": Entry("keras_tuner", "Random"),
    "grid": Entry("keras_tuner", "Grid"),
    "bayesian": Entry("keras_tuner", "Bayesian"),
    "hyperband": Entry("hyperband", "Hyperband", hyperparameters={"epochs": "whose largest value is its budget"}),
    "tpe": Entry("optuna", "Tpe", {"optuna": _OPTUNA}),
    "cmaes": Entry("optuna", "CmaEs", {"optuna": _OPTUNA, "cmaes": _OPTUNA}),
    "qmc": Entry("optuna", "Qmc", {"optuna": _OPTUNA}),
    "gp": Entry("optuna", "Gp", {"optuna": _OPTUNA, "torch": "python -m pip install torch"}),
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
    max_trials: int,
    seed: int,
    hyperparameters: "keras_tuner.HyperParameters",
) -> "Recorded":
    """The oracle called `name`, for at most `max_trials` trials; `adopt` it before it is asked.

    Args:
        hyperparameters: What is sampled.

    Raises:
        InputError: There is no oracle of that name, what it needs is not installed, or it needs a hyperparameter
            `epochs` that is not there.
    """
    check(name, [hp.name for hp in hyperparameters.space])
    oracle = ORACLES[name].load()(
        objective=objective, max_trials=max_trials, seed=derive(seed, "oracle"), hyperparameters=hyperparameters
    )
    oracle.told_as = name
    return oracle
