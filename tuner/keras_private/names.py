"""The private attributes that the toolkit uses, each with its purpose, and the methods that it overrides."""

import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType

import keras
import keras_tuner

from keras_search.tuner.errors import VersionError

# The attributes without which trials fail, by owner, each with its purpose.
ATTRIBUTES: dict[str, dict[str, str]] = {
    "keras.Layer": {"_flatten_layers": "all layers of a model; its `layers` are only the outermost"},
    "keras.Model": {"_initial_epoch": "the epoch with which `fit` begins when a trial is continued"},
    "keras.callbacks.Callback": {"_model": "the model, which is not the callback's own state"},
    "keras_tuner.engine.hyperparameters": dict.fromkeys(
        ("Boolean", "Choice", "Fixed", "Float", "Int"), "a class of hyperparameters"
    ),
    "keras_tuner.src.engine.objective": {"create_objective": "called for the objective of an oracle that a user makes"},
    "keras_tuner.HyperParameters": {
        "_register": "called for every hyperparameter that a model asks for",
        "_hps": "the hyperparameters by their names",
        "_space": "the hyperparameters in their order",
    },
    "keras_tuner.src.engine.hyperparameters.hp_types.numerical.Numerical": {
        "_get_n_values": "the number of values of a range with steps",
        "_get_value_by_index": "the value of a range at one of its steps",
    },
    "keras_tuner.Oracle": {
        "_project_dir": "the run directory",
        "_set_project_dir": "sets it",
        "_get_oracle_fname": "the path of `oracle.json`",
        "_get_trial_dir": "the directory of a trial",
        "_retry_queue": "the trials that will run again",
        "_run_times": "how often each trial has ended",
        "_id_to_hash": "the digest of each trial's point",
        "_tried_so_far": "the digests of all points that were tried",
        "_max_collisions": "the number of draws of points already tried after which the oracle gives up",
        "_seed_state": "the seed of the next random point",
    },
    "keras_tuner.oracles.BayesianOptimizationOracle": {
        "_nonfixed_space": "the hyperparameters with more than one value"
    },
    "keras_tuner.oracles.HyperbandOracle": {
        "_brackets": "the running brackets, with their rounds",
        "_current_bracket": "the number of the bracket that began last",
        "_current_iteration": "the number of complete passes over all brackets",
        "_increment_bracket_num": "moves to the number of the next bracket",
        "_start_new_bracket": "begins a bracket",
        "_random_trial": "a random point for the first round",
        "_get_size": "the number of trials of a round",
        "_get_epochs": "the number of epochs of a round",
    },
    "keras_tuner.Tuner": {
        "_configure_tensorboard_dir": "called where a subclass overrides it",
        "_get_tuner_fname": "the path of `tuner0.json`",
    },
}

# The same where TensorFlow is loaded.
OF_TENSORFLOW: dict[str, dict[str, str]] = {
    "tensorflow.data.Dataset": {"_inputs": "its input datasets, which may shuffle"},
    "tensorflow.python.eager.context.Context": {
        "_soft_device_placement": "the setting; its public getter looks for GPUs",
        "_optimizer_jit": "the setting; its public getter looks for GPUs",
        "_optimizer_experimental_options": "the setting; its public setter only adds options",
    },
    "tensorflow.python.eager.context": {"context": "the object with the settings of a thread"},
    "tensorflow.python.framework.ops": {
        "_dtype_conversion_mode": "the setting of NumPy's type promotion",
        "_numpy_style_slicing": "the setting of NumPy's indexing",
    },
}

# The attributes that faster training needs as well.
FOR_SPEED: dict[str, dict[str, str]] = {
    "keras.Model": {
        "_distribute_strategy": "the `tf.distribute` strategy of a model",
        "_compile_metrics": "the metrics that a model was compiled with",
        "_symbolic_build": "creates the variables of the metrics without data",
    },
    "keras.layers.MultiHeadAttention": {
        "_compute_attention": "overridden: what is computed between the projections",
        "_flash_attention": "whether another operation than Keras's formula is asked for",
    },
    "keras.src.trainers.compile_utils.CompileMetrics": {
        "build": "makes the metrics without data",
        "_user_metrics": "the metrics as the user gave them",
        "_user_weighted_metrics": "the weighted metrics as the user gave them",
    },
    "keras.src.trainers.data_adapters.data_adapter.DataAdapter": {
        "num_batches": "overridden: the number of calls of the training function in an epoch",
        "get_tf_dataset": "overridden: what `fit` iterates over",
    },
    "keras.src.trainers.data_adapters.array_data_adapter.ArrayDataAdapter": {
        "_inputs": "the arrays as a step has them"
    },
    "keras.optimizers.Adam": {
        "_get_variable_index": "the index of a weight's moments",
        "_momentums": "the first moments",
        "_velocities": "the second moments",
    },
    "keras.optimizers.Optimizer": {
        "_apply_weight_decay": "overridden: lets weights decay before they are updated",
        "_use_weight_decay": "whether a weight decays",
    },
    "keras.optimizers.SGD": {"_get_variable_index": "the index of a weight's velocity"},
    "keras.optimizers.RMSprop": {
        "_get_variable_index": "the index of a weight's averages",
        "_velocities": "the averages of the squared gradients",
        "_momentums": "the momenta",
    },
    "tensorflow.python.eager.polymorphic_function.concrete_function.ConcreteFunction": {
        "_call_flat": "calls a trace with the variables of another model"
    },
    "tensorflow.python.eager.context.Context": {
        "clear_kernel_cache": "called by `clear_session`; frees what was made of functions"
    },
    "tensorflow.python.data.ops.optional_ops._OptionalImpl": {
        "_element_spec": "the type of the element, which a loop does not know at first"
    },
}

# The attributes by which models and iterators go to other processes with what they are connected to.
FOR_TRAVEL: dict[str, dict[str, str]] = {
    "keras.Layer": {"_trainable": "whether it is trained, without its layers"},
    "keras.Model": {"_compile_config": "the arguments of `compile` as the user gave them"},
    "keras.Sequential": {"_layers": "the layers with the input layer", "_functional": "the model of these"},
    "keras.src.ops.function.Function": {
        "_inputs_struct": "the inputs, nested as the user gave them",
        "_outputs_struct": "the outputs, nested as the user gave them",
    },
    "keras.src.ops.node.Node": {"_keras_history": "the call that gives a symbolic tensor"},
    "keras.src.ops.operation.Operation": {"_inbound_nodes": "the calls of an operation"},
    "keras.src.legacy.preprocessing.image.Iterator": {"_flow_index": "begins the order of the images"},
}

# The methods that our classes override, public ones too: if one were renamed, ours would silently never be called.
OVERRIDDEN: dict[str, tuple[str, ...]] = {
    "keras.callbacks.Callback": (
        "set_params", "on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end", "on_train_batch_begin",
        "on_train_batch_end",
    ),
    "keras.losses.Loss": ("call", "get_config"),
    "keras_tuner.HyperModel": ("declare_hyperparameters", "build", "fit"),
    "keras_tuner.Oracle": (
        "populate_space", "get_state", "set_state", "reload", "save", "_save_trial", "_random_values", "_duplicate",
        "_record_values", "_compute_values_hash", "_retry", "_check_consecutive_failures", "create_trial",
    ),
    "keras_tuner.oracles.BayesianOptimizationOracle": ("_vectorize_trials", "_vector_to_values", "_get_hp_bounds"),
    "keras_tuner.oracles.HyperbandOracle": ("_remove_completed_brackets",),
    "keras_tuner.Tuner": (
        "search", "get_best_models", "load_model", "save_model", "reload", "save", "_populate_initial_space",
        "run_trial", "_build_and_fit_model", "_try_build", "_build_hypermodel", "on_epoch_end", "on_trial_end",
        "project_dir",
    ),
}  # fmt: skip


def require(*tables: Mapping[str, Iterable[str]]) -> None:
    """Raises VersionError if the installed versions lack a name in `tables`."""
    for table in tables:
        if lacking := absent(table):
            raise refusal(f"there is no {' and no '.join(lacking)}")


def refusal(lack: str) -> VersionError:
    """The error for installed versions that `lack` something."""
    backend = keras.config.backend()
    version = getattr(sys.modules.get(backend), "__version__", "of unknown version")
    return VersionError(lack, keras.__version__, keras_tuner.__version__, backend, version)


def absent(names: Mapping[str, Iterable[str]]) -> list[str]:
    """The names that the installed versions lack.

    Args:
        names: Names by their owners.
    """
    return [f"{owner}.{name}" for owner, named in names.items() for name in named if not _is_there(owner, name)]


def _is_there(owner: str, name: str) -> bool:
    """Whether the module or class `owner` has `name`, or a method of the class uses it: instances get it from there."""
    try:
        resolved = pkgutil.resolve_name(owner)
    except (ImportError, AttributeError):
        return False
    return hasattr(resolved, name) or (
        inspect.isclass(resolved) and any(name in code.co_names for kind in resolved.__mro__ for code in _codes(kind))
    )


def _codes(kind: type) -> Iterator[CodeType]:
    for member in vars(kind).values():
        function = inspect.unwrap(getattr(member, "fget", None) or getattr(member, "__func__", member))
        if inspect.isfunction(function):
            yield function.__code__
