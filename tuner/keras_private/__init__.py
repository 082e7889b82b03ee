"""The private names of Keras, Keras Tuner and TensorFlow that the toolkit uses: no other module imports or touches one.

None of them is promised to stay. Where the installed versions lack one without which trials fail, or do silently
something else, the import of this module raises a `VersionError`, of one line; the names `FOR_SPEED` may be absent.
What is public, but absent in older versions, is here as well.
"""
# ruff: noqa: F401 - other modules import these names from here

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import keras_tuner
import tensorflow as tf

from keras_search.tuner.errors import VersionError
from keras_search.tuner.keras_private import names

try:
    # The settings that Keras keeps for each thread; the names of those that are needed stand below.
    from keras.src.backend.common.global_state import get_global_attribute, set_global_attribute

    # Draws for layers and initializers without a seed: a trial that goes on needs its state.
    from keras.src.random.seed_generator import global_seed_generator

    # The names of registered objects, which workers need as well.
    from keras.src.saving.object_registration import GLOBAL_CUSTOM_NAMES

    # A model from an open file, and weights without the optimizer's state: the public functions take neither.
    from keras.src.saving.saving_lib import load_model, load_weights_only, save_weights_only

    # The name that Keras makes of a class for its layers: a script leaves such names out.
    from keras.src.utils.naming import to_snake_case

    # The kinds of hyperparameters, each of which is handled in a way of its own, and their parent.
    from keras_tuner.engine import hyperparameters as kinds
    from keras_tuner.engine.hyperparameters import HyperParameter

    # A trial and its statuses, as `trial.json` has them.
    from keras_tuner.engine.trial import Trial, TrialStatus

    # The module, in which Keras Tuner's oracles find `create_objective`.
    from keras_tuner.src.engine import objective as _objective

    # The hypermodel that a function stands for.
    from keras_tuner.src.engine.hypermodel import get_hypermodel

    # The objectives of a `fit` that returns a number, and of several metrics.
    from keras_tuner.src.engine.objective import DefaultObjective, MultiObjective

    # What a `fit` may return and what Keras Tuner makes of it, and a point as TensorBoard has it.
    from keras_tuner.src.engine.tuner_utils import (
        average_metrics_dicts,
        convert_hyperparams_to_hparams,
        convert_to_metrics_dict,
        validate_trial_results,
    )

    # Settings of TensorFlow that the public functions make, but do not read or put back.
    from tensorflow.python.eager import context as _eager
    from tensorflow.python.framework import ops as _ops
    from tensorflow.python.framework.config import disable_op_determinism, is_op_determinism_enabled
    from tensorflow.python.ops.numpy_ops.np_dtypes import is_prefer_float32, set_prefer_float32
except ImportError as error:
    raise VersionError(str(error), keras.__version__, keras_tuner.__version__, tf.__version__) from error

try:
    # The data that `fit` iterates over: ours take many steps in one call. Absent, `fit` would refuse them.
    from keras.src.trainers.data_adapters.data_adapter import DataAdapter
except ImportError:
    DataAdapter = object

# Where the configuration of a model says that its classes and operations are.
MODELS = "keras.src.models."
OPERATIONS = "keras.src.ops."

# Names in Keras's global state: the policy, the objects of a `custom_object_scope`, and the settings that
# `clear_session` forgets, of which None is the default.
DTYPE_POLICY = "dtype_policy"
CUSTOM_OBJECTS = "custom_objects_scope_dict"
FORGOTTEN = ("flash_attention", "interactive_logging", "traceback_filtering", "safe_mode_saving")

# What Keras gives every callback: none of it is the callback's own state.
OF_CALLBACKS = ("_model", "params")

# The methods in which Keras Tuner's own tuners run a trial: those of a subclass of ours are never called.
RUNS_A_TRIAL = ("run_trial", "_build_and_fit_model")

for _names in (names.ATTRIBUTES, names.OVERRIDDEN):
    if _absent := names.absent(_names):
        _lack = f"there is no {' and no '.join(_absent)}"
        raise VersionError(_lack, keras.__version__, keras_tuner.__version__, tf.__version__)


def layers(model: keras.Model, include_self: bool = True) -> list[keras.Layer]:
    """The layers of `model`, those within other layers as well, after `model` itself where `include_self` is set."""
    return list(model._flatten_layers(include_self=include_self))


def begin_at(model: keras.Model, epoch: int | None) -> None:
    """Makes the next `fit` of `model` begin with `epoch`, whatever it is told; None lets it be told again."""
    model._initial_epoch = epoch


def is_distributed(model: keras.Model) -> bool:
    """Whether `model` was made under a `tf.distribute` strategy."""
    return model._distribute_strategy is not None


def has_metrics(model: keras.Model) -> bool:
    """Whether `model` was compiled with metrics."""
    return model._compile_metrics is not None


def given_metrics(model: keras.Model) -> list[Any]:
    """The metrics that `model` was compiled with, as the user gave them, in any nesting."""
    metrics = model._compile_metrics
    return [] if metrics is None else [metrics._user_metrics, metrics._user_weighted_metrics]


def make_metrics(model: keras.Model, batch: Any) -> None:
    """Makes the variables of the metrics of `model` for a symbolic `batch`."""
    model._symbolic_build(data_batch=batch)


def max_epochs() -> int | None:
    """The most epochs of a `fit`, a setting that Keras has from 3.10 on."""
    return getattr(keras.config, "max_epochs", lambda: None)()


def set_max_epochs(number: int | None) -> None:
    keras.config.set_max_epochs(number)


def max_steps_per_epoch() -> int | None:
    """The most steps of an epoch, a setting that Keras has from 3.10 on."""
    return getattr(keras.config, "max_steps_per_epoch", lambda: None)()


def set_max_steps_per_epoch(number: int | None) -> None:
    keras.config.set_max_steps_per_epoch(number)


def validation_split(arrays: tuple[Any, ...], share: float) -> tuple[Any, Any]:
    """`arrays` in two, as `fit` splits them by its `validation_split`."""
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split

    return train_validation_split(arrays, validation_split=share)


def packed(x: Any, y: Any, sample_weight: Any, class_weight: dict[int, float] | None) -> Any:
    """Arrays as `fit` packs them for its steps.

    Raises:
        ValueError: Their lengths differ, or the weights do not fit.
    """
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    return keras.tree.lists_to_tuples(ArrayDataAdapter(x, y, sample_weight, class_weight=class_weight)._inputs)


def moments(optimizer: keras.optimizers.Adam, variable: tf.Variable) -> tuple[tf.Variable, tf.Variable]:
    """The first and the second moment of `variable`."""
    index = optimizer._get_variable_index(variable)
    return optimizer._momentums[index].value, optimizer._velocities[index].value


def is_compiled_by_xla(graph: tf.Graph) -> bool:
    """Whether `graph`, which is being traced, is for XLA."""
    from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

    return GraphOrParentsInXlaContext(graph)


def set_element_spec(optional: Any, like: tf.experimental.Optional) -> None:
    """Declares the element of `optional`, which a loop knows only as it is traced, to be of the kind of `like`'s."""
    optional._element_spec = like.element_spec


def inputs(dataset: tf.data.Dataset) -> list[tf.data.Dataset]:
    """The datasets that `dataset` is made of."""
    return dataset._inputs()


def _context() -> Any:
    return _eager.context()


def soft_device_placement() -> bool:
    return _context()._soft_device_placement is not False


def jit() -> bool:
    return bool(_context()._optimizer_jit)


def graph_options() -> dict[str, Any]:
    """What `tf.config.optimizer.set_experimental_options` has set."""
    return dict(_context()._optimizer_experimental_options)


def set_graph_options(options: dict[str, Any]) -> None:
    """Sets `options`, and takes back what else is set."""
    _context()._optimizer_experimental_options = dict(options)
    tf.config.optimizer.set_experimental_options({})


def numpy_promotion() -> Any:
    """How the types of operands are promoted, as TensorFlow has it."""
    return _ops._dtype_conversion_mode


def set_numpy_promotion(mode: Any) -> None:
    _ops._dtype_conversion_mode = mode


def numpy_slicing() -> bool:
    return _ops._numpy_style_slicing


def set_numpy_slicing(is_on: bool) -> None:
    if is_on:
        from tensorflow.python.ops.numpy_ops.np_math_ops import enable_numpy_methods_on_tensor

        enable_numpy_methods_on_tensor()
    _ops._numpy_style_slicing = is_on


def save_trial(oracle: keras_tuner.Oracle, trial: Trial) -> None:
    """Writes the file of `trial`."""
    oracle._save_trial(trial)


def to_be_retried(oracle: keras_tuner.Oracle) -> list[str]:
    """The ids of the trials that `oracle` is to give out again."""
    return oracle._retry_queue


def number_of_steps(hp: kinds.Int | kinds.Float) -> int:
    """How many values a range with steps has."""
    return hp._get_n_values()


def value_at_step(hp: kinds.Int | kinds.Float, place: int) -> Any:
    """The value of a range with steps at `place`, counted from 0."""
    return hp._get_value_by_index(place)


@contextlib.contextmanager
def watched(hyperparameters: keras_tuner.HyperParameters, asked: Callable[[], None]) -> Iterator[None]:
    """Calls `asked` whenever a hyperparameter is asked for in the block."""
    register = hyperparameters._register

    def registering(*args: Any, **kwargs: Any) -> Any:
        value = register(*args, **kwargs)
        asked()
        return value

    hyperparameters._register = registering
    try:
        yield
    finally:
        del hyperparameters._register


def objective_maker() -> Callable[[Any], keras_tuner.Objective]:
    """What Keras Tuner's oracles make their objectives with."""
    return _objective.create_objective


def set_objective_maker(maker: Callable[[Any], keras_tuner.Objective]) -> None:
    _objective.create_objective = maker
