"""What a script has to repeat: a point's model, and how its hypermodel trains it."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import keras_tuner
import numpy as np

from keras_search.search_spaces.losses import SmoothedCrossentropy
from keras_search.search_spaces.space import Value
from keras_search.search_spaces.space_hypermodel import SpaceHyperModel
from keras_search.tuner import keras_private
from keras_search.tuner.data.images import Images
from keras_search.tuner.script.configurations import is_same
from keras_search.tuner.script.literals import NoPlainCode

_FEW = 32  # images: enough to compare the predictions of two models
_UNLIKE = "something that makes its model predict or score otherwise than its configuration tells"


@dataclass(frozen=True)
class Fit:
    """The arguments of `model.fit`.

    Attributes:
        batch_size, epochs, shuffle: As in Keras.
        schedule: One of the toolkit's functions from the epoch to the learning rate, with its other arguments; None for
            a constant rate.
    """

    batch_size: int
    epochs: int
    shuffle: bool
    schedule: partial[float] | None


def build(hypermodel: keras_tuner.HyperModel, values: Mapping[str, Value], seed: int) -> keras.Model:
    """The model of the point `values`, with a loss of Keras's own in place of the toolkit's."""
    keras.utils.clear_session()
    keras_private.set_random_seed(seed)
    model = hypermodel.build(_hyperparameters(values))
    if isinstance(hypermodel, SpaceHyperModel) and isinstance(model.loss, SmoothedCrossentropy):
        # The same loss, for labels that are one-hot vectors.
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=model.loss.smoothing)
        model.compile(model.optimizer, loss, metrics=["accuracy"])
    return model


def takes_vectors(model: keras.Model) -> bool:
    """Whether the labels of `model`, which `build` has built, are one-hot vectors."""
    return isinstance(model.loss, keras.losses.CategoricalCrossentropy)


def fit(
    hypermodel: keras_tuner.HyperModel,
    values: Mapping[str, Value],
    model: keras.Model,
    data: tuple[np.ndarray, np.ndarray],
    epochs: int | None,
) -> Fit:
    """The arguments with which the `fit` of `hypermodel` calls `model.fit`, which is not run.

    Args:
        data: A few images and their labels.
        epochs: The number of epochs; None if the hypermodel decides.

    Raises:
        NoPlainCode: It does more than call `model.fit` once, or passes arguments that `Fit` lacks.
    """
    x, y = data
    calls: list[dict[str, Any]] = []
    signature = inspect.signature(model.fit)
    history = keras.callbacks.History()

    def note(*args: Any, **kwargs: Any) -> keras.callbacks.History:
        calls.append(signature.bind(*args, **kwargs).arguments)
        return history

    before = _state(model)
    model.fit = note
    more = NoPlainCode("a `fit` of its hypermodel that does more than to call `model.fit`")
    try:
        outcome = hypermodel.fit(
            _hyperparameters(values), model, x, y, callbacks=[], **({} if epochs is None else {"epochs": epochs})
        )
    except Exception as error:  # it may expect a trained model
        raise more from error
    finally:
        del model.fit
    if outcome is not history or len(calls) != 1 or not _is_same_state(before, _state(model)):
        raise more
    given = {name: value for name, value in calls[0].items() if value is not None}
    if given.pop("x", None) is not x or given.pop("y", None) is not y:
        raise NoPlainCode("a `fit` of its hypermodel that trains on other arrays than it is given")
    given.pop("verbose", None)
    schedules = [_schedule(callback) for callback in given.pop("callbacks", [])]
    if len(schedules) > 1:
        raise NoPlainCode("several schedules of the learning rate")
    asked = Fit(
        given.pop("batch_size", 32),
        given.pop("epochs", 1),
        given.pop("shuffle", True),
        schedules[0] if schedules else None,
    )
    if given:
        raise NoPlainCode(f"a `fit` of its hypermodel that passes {next(iter(given))} to `model.fit`")
    return asked


def check(model: keras.Model, again: keras.Model, copy: keras.Model, data: tuple[np.ndarray, np.ndarray]) -> None:
    """Raises NoPlainCode unless `copy` is like `model` even where a configuration does not tell.

    With the same weights, both must predict and score alike, and no weight may be loaded instead of initialized.

    Args:
        again: The model of the same point with another seed.
        data: A few images and their labels.
    """
    x, y = data
    models = (model, again, copy)
    for each in models:
        each.predict_on_batch(x)  # some models are only built by a batch
    drawn, others, fresh = (each.get_weights() for each in models)
    if [weights.shape for weights in drawn] != [weights.shape for weights in fresh]:
        raise NoPlainCode(_UNLIKE)
    for weight, values, other, own in zip(model.weights, drawn, others, fresh):
        if np.array_equal(values, other) and not np.array_equal(values, own):
            raise NoPlainCode(f"weights that were not drawn by an initializer, {weight.path!r}")
    copy.set_weights(drawn)
    labels = keras.utils.to_categorical(y, model.output_shape[-1]) if takes_vectors(model) else y
    answers = []
    for each in (model, copy):
        keras_private.set_random_seed(0)
        answers.append((each.predict_on_batch(x), each.test_on_batch(x, labels)))
    if not all(np.allclose(answer, other, rtol=1e-4, atol=1e-5) for answer, other in zip(*answers)):
        raise NoPlainCode(_UNLIKE)


def few(x: Images | np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x[:_FEW], y[:_FEW]


def _hyperparameters(values: Mapping[str, Value]) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return hp


def _schedule(callback: keras.callbacks.Callback) -> partial[float]:
    schedule = getattr(callback, "schedule", None)
    is_keras_own = type(callback) is keras.callbacks.LearningRateScheduler
    if (
        is_keras_own
        and isinstance(schedule, partial)
        and schedule.func.__module__.startswith("keras_search.search_spaces.")
    ):
        return schedule
    raise NoPlainCode(f"the callback {type(callback).__name__}")


def _state(model: keras.Model) -> tuple[Any, ...]:
    return model.get_config(), model.get_compile_config(), model.get_weights()


def _is_same_state(state: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return is_same(state[:2], other[:2]) and all(map(np.array_equal, state[2], other[2]))
