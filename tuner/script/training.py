"""A point's model, and how its hypermodel trains it: what a script has to repeat."""

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
from keras_search.tuner.script.literals import NoPlainCode
from keras_search.tuner.script.model import is_same

_FEW = 32  # images, enough to see whether two models answer alike
_UNLIKE = "something that makes its model predict or score otherwise than its configuration tells"


@dataclass(frozen=True)
class Fit:
    """The arguments of `model.fit`.

    Attributes:
        batch_size, epochs, shuffle: Keras's own.
        schedule: The learning rate of an epoch, a function of this project with its other arguments; None for none.
    """

    batch_size: int
    epochs: int
    shuffle: bool
    schedule: partial[float] | None


def build(hypermodel: keras_tuner.HyperModel, values: Mapping[str, Value], seed: int) -> keras.Model:
    """The model of the point `values`, with one of Keras's own losses in place of this project's."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model = hypermodel.build(_hyperparameters(values))
    if isinstance(hypermodel, SpaceHyperModel) and isinstance(model.loss, SmoothedCrossentropy):
        # The same for labels that are one-hot vectors.
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=model.loss.smoothing)
        model.compile(model.optimizer, loss, metrics=["accuracy"])
    return model


def takes_vectors(model: keras.Model) -> bool:
    """Whether `model`, built here, is trained on one-hot vectors for labels."""
    return isinstance(model.loss, keras.losses.CategoricalCrossentropy)


def fit(
    hypermodel: keras_tuner.HyperModel,
    values: Mapping[str, Value],
    model: keras.Model,
    data: tuple[np.ndarray, np.ndarray],
    epochs: int | None,
) -> Fit:
    """What the `fit` of `hypermodel` asks of `model.fit`, which is not run.

    Args:
        data: A few images and their labels.
        epochs: For how many epochs to train; None where the hypermodel decides for itself.

    Raises:
        NoPlainCode: It does more than to call `model.fit` once, or with more than `Fit` has.
    """
    x, y = data
    asked: list[dict[str, Any]] = []
    signature = inspect.signature(model.fit)
    history = keras.callbacks.History()

    def note(*args: Any, **kwargs: Any) -> keras.callbacks.History:
        asked.append(signature.bind(*args, **kwargs).arguments)
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
    if outcome is not history or len(asked) != 1 or not _is_same_state(before, _state(model)):
        raise more
    given = {name: value for name, value in asked[0].items() if value is not None}
    if given.pop("x", None) is not x or given.pop("y", None) is not y:
        raise NoPlainCode("a `fit` of its hypermodel that trains on other arrays than it is given")
    given.pop("verbose", None)
    schedules = [_schedule(one) for one in given.pop("callbacks", [])]
    if len(schedules) > 1:
        raise NoPlainCode("several schedules of the learning rate")
    found = Fit(
        given.pop("batch_size", 32),
        given.pop("epochs", 1),
        given.pop("shuffle", True),
        schedules[0] if schedules else None,
    )
    if given:
        raise NoPlainCode(f"a `fit` of its hypermodel that passes {next(iter(given))} to `model.fit`")
    return found


def check(model: keras.Model, again: keras.Model, copy: keras.Model, data: tuple[np.ndarray, np.ndarray]) -> None:
    """Raises NoPlainCode unless `copy` is like `model` in what a configuration does not tell.

    Both must answer alike with the same weights, and none of these may have been loaded.

    Args:
        again: The model of the same point, with another seed.
        data: A few images and their labels.
    """
    x, y = data
    for one in (model, again, copy):
        one.predict_on_batch(x)  # some are only built by a batch
    drawn, others, fresh = (one.get_weights() for one in (model, again, copy))
    if [weights.shape for weights in drawn] != [weights.shape for weights in fresh]:
        raise NoPlainCode(_UNLIKE)
    for weight, values, other, own in zip(model.weights, drawn, others, fresh):
        if np.array_equal(values, other) and not np.array_equal(values, own):
            raise NoPlainCode(f"weights that were not drawn by an initializer, {weight.path!r}")
    copy.set_weights(drawn)
    labels = keras.utils.to_categorical(y, model.output_shape[-1]) if takes_vectors(model) else y
    answers = []
    for one in (model, copy):
        keras.utils.set_random_seed(0)
        answers.append((one.predict_on_batch(x), one.test_on_batch(x, labels)))
    if not all(np.allclose(one, other, rtol=1e-4, atol=1e-5) for one, other in zip(*answers)):
        raise NoPlainCode(_UNLIKE)


def few(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x[:_FEW], y[:_FEW]


def _hyperparameters(values: Mapping[str, Value]) -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return hp


def _schedule(callback: keras.callbacks.Callback) -> partial[float]:
    schedule = getattr(callback, "schedule", None)
    is_ours = isinstance(schedule, partial) and schedule.func.__module__.startswith("keras_search.search_spaces.")
    if type(callback) is not keras.callbacks.LearningRateScheduler or not is_ours:
        raise NoPlainCode(f"the callback {type(callback).__name__}")
    return schedule


def _state(model: keras.Model) -> tuple[Any, ...]:
    return model.get_config(), model.get_compile_config(), model.get_weights()


def _is_same_state(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return is_same(one[:2], other[:2]) and all(map(np.array_equal, one[2], other[2]))
