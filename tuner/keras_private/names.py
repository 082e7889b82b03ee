"""The private attributes that the toolkit uses, each with what it is for, and the methods that it overrides."""

import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType

# By their owners, the attributes without which trials fail, and what each is for.
ATTRIBUTES: dict[str, dict[str, str]] = {
    "keras.Layer": {"_flatten_layers": "all layers of a model; `layers` are the outermost alone"},
    "keras.Model": {"_initial_epoch": "the epoch with which `fit` begins where a trial goes on"},
    "keras.callbacks.Callback": {"_model": "the model, which is no part of a callback's state"},
    "tensorflow.data.Dataset": {"_inputs": "the datasets that it is made of, of which one may shuffle"},
    "tensorflow.python.eager.context.Context": {
        "_soft_device_placement": "the setting; its public getter looks for GPUs",
        "_optimizer_jit": "the setting; its public getter looks for GPUs",
        "_optimizer_experimental_options": "the setting, to which the public setter only adds",
    },
    "tensorflow.python.eager.context": {"context": "where TensorFlow keeps the settings of a thread"},
    "tensorflow.python.framework.ops": {
        "_dtype_conversion_mode": "the setting of NumPy's promotion of types",
        "_numpy_style_slicing": "the setting of NumPy's indices",
    },
    "keras_tuner.engine.hyperparameters": dict.fromkeys(
        ("Boolean", "Choice", "Fixed", "Float", "Int"), "a kind of hyperparameters"
    ),
    "keras_tuner.src.engine.objective": {"create_objective": "called for the objective of an oracle that a user makes"},
    "keras_tuner.HyperParameters": {"_register": "called for every hyperparameter that a model asks for"},
    "keras_tuner.src.engine.hyperparameters.hp_types.numerical.Numerical": {
        "_get_n_values": "how many values a range with steps has",
        "_get_value_by_index": "the value at one of its steps",
    },
    "keras_tuner.Oracle": {
        "_project_dir": "the run directory",
        "_get_oracle_fname": "the path of `oracle.json`",
        "_get_trial_dir": "the directory of a trial",
        "_retry_queue": "the trials that are to be run again",
        "_id_to_hash": "the digest of each trial's point",
        "_tried_so_far": "the digests of the points that were tried",
        "_max_collisions": "how many points that were tried may be drawn before the oracle gives up",
        "_seed_state": "the seed of the next random point",
    },
    "keras_tuner.oracles.BayesianOptimizationOracle": {"_nonfixed_space": "the hyperparameters that have a choice"},
    "keras_tuner.oracles.HyperbandOracle": {
        "_brackets": "the brackets that are under way, with their rounds",
        "_current_bracket": "the number of the last bracket that was begun",
        "_current_iteration": "how many times all brackets were gone through",
        "_increment_bracket_num": "goes to the next number",
        "_start_new_bracket": "begins a bracket",
        "_random_trial": "a random point for the first round",
        "_get_size": "how many trials a round has",
        "_get_epochs": "how many epochs a round trains",
    },
    "keras_tuner.Tuner": {
        "_build_and_fit_model": "refused in a subclass: trials run elsewhere",
        "_get_tuner_fname": "the path of `tuner0.json`",
    },
}

# Those that the faster training needs beside them.
FOR_SPEED: dict[str, dict[str, str]] = {
    "keras.Model": {
        "_distribute_strategy": "the strategy under which a model was made",
        "_compile_metrics": "the metrics that a model was compiled with",
        "_symbolic_build": "makes the variables of the metrics without data",
    },
    "keras.src.trainers.compile_utils.CompileMetrics": {
        "_user_metrics": "the metrics as the user gave them",
        "_user_weighted_metrics": "the same of the weighted ones",
    },
    "keras.src.trainers.data_adapters.data_adapter.DataAdapter": {
        "num_batches": "overridden: how many calls of a step an epoch takes",
        "get_tf_dataset": "overridden: what `fit` iterates over",
    },
    "keras.src.trainers.data_adapters.array_data_adapter.ArrayDataAdapter": {
        "_inputs": "the arrays as a step has them"
    },
    "keras.optimizers.Adam": {
        "_get_variable_index": "the place of a weight's moments",
        "_momentums": "the first moments",
        "_velocities": "the second moments",
    },
    "tensorflow.python.data.ops.optional_ops._OptionalImpl": {
        "_element_spec": "of what kind the element is, which in a loop is not there at first"
    },
}

# The methods that our classes override, public ones too: were one renamed, ours would silently never be called.
OVERRIDDEN: dict[str, tuple[str, ...]] = {
    "keras.callbacks.Callback": ("set_params", "on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"),
    "keras.losses.Loss": ("call", "get_config"),
    "keras_tuner.HyperModel": ("declare_hyperparameters", "build", "fit"),
    "keras_tuner.Oracle": (
        "populate_space", "get_state", "set_state", "reload", "save", "_save_trial", "_random_values", "_duplicate",
        "_record_values", "_compute_values_hash",
    ),
    "keras_tuner.oracles.BayesianOptimizationOracle": ("_vectorize_trials", "_vector_to_values", "_get_hp_bounds"),
    "keras_tuner.oracles.HyperbandOracle": ("_remove_completed_brackets",),
    "keras_tuner.Tuner": ("search", "get_best_models", "load_model", "reload", "save", "_populate_initial_space"),
}  # fmt: skip


def absent(names: Mapping[str, Iterable[str]]) -> list[str]:
    """Those of the `names` by owner that the installed versions lack."""
    return [f"{owner}.{name}" for owner, named in names.items() for name in named if not _is_there(owner, name)]


def _is_there(owner: str, name: str) -> bool:
    """Whether the module or class `owner` has `name`, or methods of the class use it, as those do that set it."""
    try:
        thing = pkgutil.resolve_name(owner)
    except (ImportError, AttributeError):
        return False
    return hasattr(thing, name) or (
        inspect.isclass(thing) and any(name in code.co_names for kind in thing.__mro__ for code in _codes(kind))
    )


def _codes(kind: type) -> Iterator[CodeType]:
    for member in vars(kind).values():
        function = inspect.unwrap(getattr(member, "fget", None) or getattr(member, "__func__", member))
        if inspect.isfunction(function):
            yield function.__code__
