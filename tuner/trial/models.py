"""The hypermodel, the space that it declares, and the model of a point, built the same way wherever it is trained."""

import contextlib
import gc
from collections.abc import Callable, Iterator
from typing import Any

import keras
import keras_tuner

from keras_search.search_spaces import declared as declaration
from keras_search.search_spaces.custom import fits_itself
from keras_search.search_spaces.origin import contained
from keras_search.tuner import keras_private
from keras_search.tuner.fast import patches
from keras_search.tuner.keras_private import HyperParameter, get_hypermodel
from keras_search.tuner.transport import settings
from keras_search.tuner.trial import bars


class NoModel(keras_tuner.HyperModel):
    """The hypermodel of a tuner that has none, as its own `run_trial` needs none."""

    def build(self, hp: keras_tuner.HyperParameters) -> Any:
        return None

    def fit(self, hp: keras_tuner.HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        raise keras_tuner.errors.FatalValueError("the tuner has no hypermodel: give it one, or train in run_trial")


def hypermodel(given: Any) -> keras_tuner.HyperModel:
    """`given` if it is a hypermodel, or the hypermodel that it builds if it is a function.

    Raises:
        ValueError: It is neither.
    """
    is_class = isinstance(given, type) and issubclass(given, keras_tuner.HyperModel)
    if is_class or isinstance(given, keras.Model) or not (isinstance(given, keras_tuner.HyperModel) or callable(given)):
        told = f"the class {given.__name__}, and no object of it" if is_class else repr(given)
        raise ValueError(
            f"hypermodel is {told}: give a keras_tuner.HyperModel, or a function that takes hyperparameters and "
            "returns a compiled model"
        )
    made: Any = get_hypermodel(given)
    return made


@contextlib.contextmanager
def building() -> Iterator[None]:
    """For running the hypermodel in this process: restores settings, hides bars, and lets nothing end the process."""
    with contained(), settings.kept(), bars.absent():
        yield


def declared(
    hypermodel: keras_tuner.HyperModel,
    known: keras_tuner.HyperParameters | None,
    saved: keras_tuner.HyperParameters | None,
) -> tuple[keras_tuner.HyperParameters, list[HyperParameter], Exception | None]:
    """The baseline with its space, the part of the space that the hypermodel declares, and why it cannot be built.

    An existing run can be read with a hypermodel that declares nothing or cannot be built, such as `lambda: None`: the
    space is then that of the run.

    Args:
        known: The space that the oracle already has.
        saved: The space of the existing run; None if there is none.
    """
    error = None
    try:
        hp = declaration.declared(hypermodel, known)
    except Exception as raised:
        if saved is None:
            raise
        error = raised
    else:
        if hp.space or saved is None:
            return hp, list(hp.space), None
    saved.values = declaration.completed({}, saved.space)
    return saved, [], error


def fresh_model(
    hypermodel: keras_tuner.HyperModel,
    hp: keras_tuner.HyperParameters,
    seed: int,
    build: Callable[[keras_tuner.HyperParameters], keras.Model] | None = None,
) -> keras.Model:
    """Builds the model of the point `hp` as if it were the first of its process, with an accelerated `fit`.

    `patches.restore` undoes the acceleration before users get the model. A hypermodel with a `fit` of its own may build
    anything.

    Args:
        build: Builds the model in place of the hypermodel's `build`.

    Raises:
        keras_tuner.errors.FatalTypeError: The hypermodel did not return a Keras model.
    """
    begin_process(seed)
    model = (build or hypermodel.build)(hp)
    if isinstance(model, keras.Model):
        patches.accelerate(model, seed)
    elif not fits_itself(hypermodel):
        told = "None" if model is None else f"{model!r} of {type(model).__name__}"
        raise keras_tuner.errors.FatalTypeError(f"the hypermodel must return a Keras model, it returned {told}")
    return model


def begin_process(seed: int) -> None:
    """Makes what follows as reproducible as if it were the first in its process, and frees the models before it."""
    with patches.traces_kept():
        settings.clear_session()
    gc.collect()
    keras_private.set_random_seed(seed)
