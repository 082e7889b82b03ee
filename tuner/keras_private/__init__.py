"""The private names of Keras and Keras Tuner that the toolkit uses: no module outside of this folder touches one.

Any release may drop or change a private name. If the installed versions lack a name without which trials would fail, or
silently do something else, the import of this module raises a `VersionError`. Names `FOR_SPEED` may be absent. Public
names that older versions lack are here as well. Those of TensorFlow, which Keras may do without, are in
`of_tensorflow.py`.
"""
# ruff: noqa: F401 - other modules import these names from here

import contextlib
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from keras_search.tuner.keras_private import names

try:
    # The settings that Keras keeps for each thread; their names are below.
    from keras.src.backend.common.global_state import get_global_attribute, set_global_attribute

    # Draws the seeds of layers and initializers that have none: a trial that is continued needs its state.
    from keras.src.random.seed_generator import global_seed_generator

    # The names of registered objects, which workers need too.
    from keras.src.saving.object_registration import GLOBAL_CUSTOM_NAMES

    # Models from open files, and weights without the optimizer's state: the public functions support neither.
    from keras.src.saving.saving_lib import load_model, load_weights_only, save_weights_only

    # Makes the default name of a layer out of its class: a script leaves such names out.
    from keras.src.utils.naming import to_snake_case

    # The classes of hyperparameters, each handled in its own way, and their base class.
    from keras_tuner.engine import hyperparameters as kinds
    from keras_tuner.engine.hyperparameters import HyperParameter

    # A trial, and its statuses as `trial.json` has them.
    from keras_tuner.engine.trial import Trial, TrialStatus

    # The module where Keras Tuner's oracles look up `create_objective`.
    from keras_tuner.src.engine import objective as _objective

    # Makes a hypermodel of a function.
    from keras_tuner.src.engine.hypermodel import get_hypermodel

    # The objectives of a `fit` that returns a number, and of several metrics.
    from keras_tuner.src.engine.objective import DefaultObjective, MultiObjective

    # What Keras Tuner makes of the results of a `fit`, and the form of a point in TensorBoard.
    from keras_tuner.src.engine.tuner_utils import (
        average_metrics_dicts,
        convert_hyperparams_to_hparams,
        convert_to_metrics_dict,
        validate_trial_results,
    )
except ImportError as error:
    raise names.refusal(str(error)) from error

try:
    # The base class of what `fit` iterates over: it accepts our adapter, with many steps per call, only as a subclass.
    from keras.src.trainers.data_adapters.data_adapter import DataAdapter
except ImportError:
    DataAdapter = object

# The modules of classes, of operations and of PyTorch's optimizers in the configuration of a model.
MODELS = "keras.src.models."
OPERATIONS = "keras.src.ops."
OPTIMIZERS = "keras.src.backend.torch.optimizers."
# The modules of layers and operations whose configuration tells all that they compute. (Other preprocessing learns
# from data, and a Lambda calls anything.)
CONFIGURED = (
    MODELS,
    OPERATIONS,
    *(
        f"keras.src.layers.{kind}."
        for kind in (
            "activations",
            "attention",
            "convolutional",
            "core.dense",
            "core.einsum_dense",
            "core.embedding",
            "core.identity",
            "core.input_layer",
            "core.masking",
            "merging",
            "normalization",
            "pooling",
            "preprocessing.image_preprocessing",
            "preprocessing.rescaling",
            "regularization",
            "reshaping",
            "rnn",
        )
    ),
)

# Names in Keras's global state: the dtype policy, the objects of a `custom_object_scope`, the generator of seeds, and
# settings that `clear_session` resets to None, their default.
DTYPE_POLICY = "dtype_policy"
CUSTOM_OBJECTS = "custom_objects_scope_dict"
SEED_GENERATOR = "global_seed_generator"
FORGOTTEN = ("flash_attention", "interactive_logging", "traceback_filtering", "safe_mode_saving")

# The attributes that Keras sets on every callback, which are not the callback's own state.
OF_CALLBACKS = ("_model", "params")

names.require(names.ATTRIBUTES, names.OVERRIDDEN)


def layers(model: keras.Model, include_self: bool = True) -> list[keras.Layer]:
    """The layers of `model`, including those inside other layers; `model` itself is the first if `include_self`."""
    return list(model._flatten_layers(include_self=include_self))


def operations(model: keras.Model) -> list[keras.Operation]:
    """The layers of `model`, including those inside other layers, and the operations between them."""
    found = layers(model, include_self=False)
    inside = [getattr(part, "operations", ()) for part in (model, *found)]
    return list({id(each): each for each in (*found, *(operation for part in inside for operation in part))}.values())


def begin_at(model: keras.Model, epoch: int | None) -> None:
    """Makes the next `fit` of `model` begin with `epoch` and ignore `initial_epoch`; None undoes this."""
    model._initial_epoch = epoch


def is_distributed(model: keras.Model) -> bool:
    """Whether `model` was made under a `tf.distribute` strategy."""
    return model._distribute_strategy is not None


def has_metrics(model: keras.Model) -> bool:
    """Whether `model` was compiled with metrics."""
    return model._compile_metrics is not None


def given_metrics(model: keras.Model) -> list[Any]:
    """The metrics that `model` was compiled with, nested as the user gave them."""
    metrics = model._compile_metrics
    return [] if metrics is None else [metrics._user_metrics, metrics._user_weighted_metrics]


def make_metrics(model: keras.Model, batch: Any) -> None:
    """Creates the variables of the metrics of `model` for a symbolic `batch`."""
    _, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    outputs = getattr(model, "outputs", None) or []
    if len(outputs) == 1 and not keras.tree.is_nested(y) and all(map(_has_variables, _flat_metrics(model))):
        # As Keras does, but without a trace of the model and of the metrics.
        model._compile_metrics.build(y, keras.KerasTensor(outputs[0].shape, outputs[0].dtype))
    else:
        model._symbolic_build(data_batch=batch)


def _flat_metrics(model: keras.Model) -> list[Any]:
    return [metric for metric in keras.tree.flatten(given_metrics(model)) if metric is not None]


def _has_variables(given: Any) -> bool:
    """Whether a metric, as the user gave it, has its variables once it is made, before it sees data."""
    if given in ("accuracy", "acc", "crossentropy", "ce"):
        return True
    metric = keras.metrics.get(given) if isinstance(given, str) else given
    if isinstance(metric, keras.metrics.Metric):
        return type(metric).__module__.startswith("keras.") and bool(metric.variables)
    return str(getattr(metric, "__module__", "")).startswith("keras.")  # a function, of which Keras makes a mean


def max_epochs() -> int | None:
    """The limit on the epochs of a `fit`, a setting that Keras has from 3.10 on."""
    return getattr(keras.config, "max_epochs", lambda: None)()


def set_max_epochs(number: int | None) -> None:
    keras.config.set_max_epochs(number)


def max_steps_per_epoch() -> int | None:
    """The limit on the steps of an epoch, a setting that Keras has from 3.10 on."""
    return getattr(keras.config, "max_steps_per_epoch", lambda: None)()


def set_max_steps_per_epoch(number: int | None) -> None:
    keras.config.set_max_steps_per_epoch(number)


def set_random_seed(seed: int) -> None:
    """Does what `keras.utils.set_random_seed` does, but neither loads TensorFlow nor PyTorch; if they are, seeds them.

    Data may come from a `tf.data.Dataset` or a `DataLoader` under any backend.
    """
    if keras.config.backend() == "tensorflow":
        keras.utils.set_random_seed(seed)
    else:
        set_global_attribute("global_random_seed", seed)
        set_global_attribute(SEED_GENERATOR, None)
        random.seed(seed)
        np.random.seed(seed)
        if "tensorflow" in sys.modules:
            sys.modules["tensorflow"].random.set_seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def is_renormalized(layer: keras.layers.BatchNormalization) -> bool:
    """Whether `layer` is a batch renormalisation, which Keras has from 3.14 on."""
    return bool(getattr(layer, "renorm", False))


def validation_split(arrays: tuple[Any, ...], share: float) -> tuple[Any, Any]:
    """Splits `arrays` in two, as `fit` does for its `validation_split`."""
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split

    return train_validation_split(arrays, validation_split=share)


def packed(x: Any, y: Any, sample_weight: Any, class_weight: dict[int, float] | None) -> Any:
    """The arrays as `fit` packs them for its steps.

    Raises:
        ValueError: Their lengths differ, or the weights do not fit.
    """
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    return keras.tree.lists_to_tuples(ArrayDataAdapter(x, y, sample_weight, class_weight=class_weight)._inputs)


def set_project(oracle: keras_tuner.Oracle, run: Path) -> None:
    """Makes `run` the directory in which `oracle` keeps its files."""
    oracle._set_project_dir(str(run.parent), run.name)


def save_trial(oracle: keras_tuner.Oracle, trial: Trial) -> None:
    """Writes the file of `trial`."""
    oracle._save_trial(trial)


def to_be_retried(oracle: keras_tuner.Oracle) -> list[str]:
    """The ids of the trials that `oracle` will hand out again."""
    return oracle._retry_queue


def point(space: keras_tuner.HyperParameters, values: Mapping[str, Any]) -> keras_tuner.HyperParameters:
    """A point of `space` with these values; it shares the hyperparameters, which nobody changes, and not their list."""
    made = keras_tuner.HyperParameters()
    made._space = list(space._space)
    for name, hyperparameters in space._hps.items():
        made._hps[name] = list(hyperparameters)
    made.values = dict(values)
    return made


def number_of_steps(hp: kinds.Int | kinds.Float) -> int:
    """The number of values of a range with steps."""
    return hp._get_n_values()


def value_at_step(hp: kinds.Int | kinds.Float, place: int) -> Any:
    """The value of a range with steps at `place`, counted from 0."""
    return hp._get_value_by_index(place)


def configure_tensorboard(tuner: keras_tuner.Tuner, callbacks: list[Any], trial: Trial, execution: int) -> None:
    """Makes each `TensorBoard` among the `callbacks` write where the `tuner` says."""
    tuner._configure_tensorboard_dir(callbacks, trial, execution)


@contextlib.contextmanager
def watched(hyperparameters: keras_tuner.HyperParameters, asked: Callable[[], None]) -> Iterator[None]:
    """Calls `asked` whenever the block asks for a hyperparameter."""
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
    """The function with which Keras Tuner's oracles make their objectives."""
    return _objective.create_objective


def set_objective_maker(maker: Callable[[Any], keras_tuner.Objective]) -> None:
    _objective.create_objective = maker
