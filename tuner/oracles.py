"""Keras Tuner's oracles by name: each asks the baseline point first, and keeps its state in whole files."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results import files, layout, reader
from search_spaces import Hyperparameter
from search_spaces.space import Value
from tuner.errors import InputError
from tuner.seeds import derive

if TYPE_CHECKING:
    import keras_tuner

# The name on the command line, and the class in keras_tuner.oracles.
ORACLES = {"random": "RandomSearchOracle"}


def check(name: str) -> None:
    """Raises InputError if there is no oracle called `name`; loads nothing."""
    if name not in ORACLES:
        raise InputError(f"unknown oracle {name!r}: choose one of {', '.join(ORACLES)}")


def make(
    name: str,
    objective: "str | keras_tuner.Objective",
    max_trials: int,
    seed: int,
    hyperparameters: "keras_tuner.HyperParameters | None" = None,
) -> "keras_tuner.Oracle":
    """The oracle called `name`, for at most `max_trials` trials.

    Args:
        hyperparameters: What is sampled, where it differs from what the hypermodel declares.

    Raises:
        InputError: There is no oracle of that name.
    """
    check(name)
    import keras_tuner

    return getattr(keras_tuner.oracles, ORACLES[name])(
        objective=objective, max_trials=max_trials, seed=derive(seed, "oracle"), hyperparameters=hyperparameters
    )


def adopt(oracle: "keras_tuner.Oracle", baseline: dict[str, Value]) -> None:
    """Makes any Keras Tuner oracle ask `baseline` first, keep its state in whole files, and print nothing."""
    own = type(oracle)
    oracle.__class__ = type(own.__name__, (_BaselineFirst, own), {})
    oracle.baseline = baseline
    oracle.verbose = 0
    # The tuner's own loop decides when too many trials have failed.
    oracle.max_consecutive_failed_trials = None


def sampled(
    declared: "keras_tuner.HyperParameters", narrowed: Iterable[Hyperparameter]
) -> "keras_tuner.HyperParameters":
    """`declared`, with the ranges and values of `narrowed`; conditions stay as they are."""
    import keras_tuner
    from keras_tuner.engine import hyperparameters as kinds

    space = keras_tuner.HyperParameters()
    for original, description in zip(declared.space, narrowed, strict=True):
        config = {"name": description.name, "conditions": original.conditions}
        if description.kind == "Fixed":
            config |= {"value": description.values[0]}
        elif description.kind == "Choice":
            config |= {"values": list(description.values), "default": description.default}
        elif description.kind == "Boolean":
            config |= {"default": description.default}
        else:
            keys = ("min_value", "max_value", "step", "sampling", "default")
            config |= {key: getattr(description, key) for key in keys}
        space.merge([getattr(kinds, description.kind)(**config)])
    return space


class _BaselineFirst:
    """Mixed into an oracle: the first question is the baseline point, and files are replaced whole."""

    baseline: dict[str, Value]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.start_order:
            return {"status": "RUNNING", "values": dict(self.baseline)}
        return super().populate_space(trial_id)

    def reload(self) -> None:
        """Takes the trials' own files for the truth: a kill may have come before the oracle's file was written."""
        from keras_tuner.engine.trial import Trial

        folder = Path(self._project_dir)
        # Keras Tuner would glob for them, and a folder's name may hold glob characters.
        for directory in reader.trial_directories(folder):
            trial = Trial.load(str(directory / layout.TRIAL))
            self.trials[trial.trial_id] = trial
        self.set_state(files.read_json(folder / layout.ORACLE))
        self.ongoing_trials = {}
        unfinished = []
        for trial_id, trial in self.trials.items():
            self._record_values(trial)
            if trial_id not in self.start_order:
                self.start_order.append(trial_id)
            if trial.status in ("RUNNING", "INVALID"):
                unfinished.append(trial_id)
            elif trial_id not in self.end_order:
                self.end_order.append(trial_id)
        self._retry_queue = unfinished[::-1]  # taken from the end

    def save(self) -> None:
        files.write_json(Path(self._get_oracle_fname()), self.get_state())

    def _save_trial(self, trial: "keras_tuner.engine.trial.Trial") -> None:
        files.write_json(Path(self._get_trial_dir(trial.trial_id)) / layout.TRIAL, trial.get_state())
