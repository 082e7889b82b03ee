"""The methods of Keras Tuner's tuners that a subclass may override, and what `super()` does in each."""

import inspect
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from keras_search.tuner.errors import InputError
from keras_search.tuner.keras_private import Trial
from keras_search.tuner.search.trials import Trials
from keras_search.tuner.trial import kept, own_trial, own_tuner
from keras_search.tuner.trial.callbacks import BestWeights
from keras_search.tuner.trial.recompiled import Compiling

# What becomes of each method of Keras Tuner's tuners in a subclass.
IN_SEARCH = (
    "search", "on_search_begin", "on_search_end", "pre_create_trial", "on_trial_begin", "on_trial_end", "save",
    "reload", "get_state", "set_state", "_populate_initial_space", "_activate_all_conditions", "_get_tuner_fname",
)  # fmt: skip
FOR_USERS = (
    "get_best_models", "load_model", "save_model", "get_best_hyperparameters", "results_summary",
    "search_space_summary", "remaining_trials",
)  # fmt: skip
REFUSED = {
    "_run_and_update_trial": "override run_trial",
    "_try_run_and_update_trial": "override run_trial",
    "_override_compile_args": "compile in build, or override _build_hypermodel",
    "_filter_metrics": "compile in build, or override _build_hypermodel",
    "_get_checkpoint_fname": "override load_model, and save the model in run_trial",
    "_get_build_config_fname": "override load_model, and save the model in run_trial",
    "_is_worker": "the search gives its workers their trials itself",
    "project_dir": "give directory and project_name",
    "get_trial_dir": "give directory and project_name",
}

# The parts of a tuner that belong to its search, and do not go with it to the processes of trials.
_OF_THE_SEARCH = ("oracle", "_executor", "_fit", "_own", "_settings", "_tensorboard", "_unbuilt")


class Overridable(keras_tuner.Tuner):
    """A tuner whose methods are called, in a subclass that overrides them, where Keras Tuner calls them.

    Those of the search are called in the process that searches, those of training where the trial is trained, on a copy
    of the tuner if that is another process.
    """

    hypermodel: keras_tuner.HyperModel
    _compiling: Compiling
    _trials: Trials

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: not the search's own parts."""
        return {name: value for name, value in vars(self).items() if name not in _OF_THE_SEARCH}

    def _require_possible(self) -> None:
        """Raises TypeError if the class overrides what is never called here, or what is the toolkit's own."""
        for kind in own_tuner.own_classes(type(self)):
            for name in vars(kind):
                if name in REFUSED:
                    raise TypeError(f"`{name}` of {kind.__name__} would never be called: {REFUSED[name]}")
                if name in _toolkits_own(type(self)):
                    raise TypeError(f"`{name}` of {kind.__name__} is a name of the toolkit's own: give it another")

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Trains the trial: fast, recorded, and resumable. Only within a search.

        Returns:
            What `fit` gave in each execution.
        """
        return self._in_trial("run_trial").train(args, kwargs)

    def _build_and_fit_model(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        execution = self._in_trial("_build_and_fit_model").training.execution
        assert execution is not None
        return execution.build_and_fit(args, kwargs)

    def _in_trial(self, name: str) -> own_trial.OwnTrial:
        """The trial that runs, for the method `name`."""
        run = own_trial.current(self)
        if run is None:
            raise RuntimeError(f"{name} trains a trial of a search, and none runs: call search")
        return run

    def _try_build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        run = own_trial.current(self)
        execution = run.training.execution if run is not None and run.training.is_on else None
        if execution is not None and not execution.is_building:
            return execution.build()
        model = self._build_hypermodel(hp)
        if not isinstance(model, keras.Model):
            raise keras_tuner.errors.FatalTypeError(f"the hypermodel must return a Keras model, it returned {model!r}")
        return model

    def _build_hypermodel(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return self._compiling.applied(self.hypermodel).build(hp)

    def on_epoch_end(self, trial: Trial, model: Any, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Logs an epoch of a training loop in a `run_trial` of one's own, and keeps the weights of the best."""
        if (run := own_trial.current(self)) is not None:
            run.epoch_ends(model, epoch, logs)

    def on_trial_end(self, trial: Trial) -> None:
        """Ends the trial in the oracle, and saves."""
        self._trials.end(trial)
        if own_tuner.method(self, "save", "get_state"):
            self.save()

    def save_model(self, trial_id: str, model: keras.Model, step: int = 0) -> None:
        """Keeps the present weights of `model` as those of the trial, for `load_model`.

        Raises:
            InputError: They cannot be written.
        """
        run = own_trial.current(self)
        if run is not None and run.task.trial_id == trial_id:
            run.keep(model)
            return
        why = kept.weights(model, BestWeights(self.oracle.objective), Path(self.get_trial_dir(trial_id)))
        if why is not None:
            raise InputError(f"the weights of trial {trial_id} cannot be kept: {why}")

    @property
    def project_dir(self) -> str:
        """The run directory."""
        run = own_trial.current(self)
        return super().project_dir if run is None else str(run.task.directory.parent)


def _toolkits_own(kind: type) -> set[str]:
    """The names of what `kind` inherits from the toolkit, and Keras Tuner does not have."""
    parts = [part for part in kind.__mro__ if issubclass(part, Overridable) and part not in own_tuner.own_classes(kind)]
    methods = {name for part in parts for name in vars(part) if not name.startswith("__")}
    attributes = {name for part in parts for name in inspect.unwrap(part.__init__).__code__.co_names if name[0] == "_"}
    return (methods | attributes) - set(dir(keras_tuner.Tuner))
