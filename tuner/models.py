"""The model of a point, made the same way wherever it is trained."""

import gc

import keras
import keras_tuner

from tuner import settings
from tuner.fast_fit import accelerate


def fresh_model(hypermodel: keras_tuner.HyperModel, hp: keras_tuner.HyperParameters, seed: int) -> keras.Model:
    """The hypermodel's model of the point `hp`, as though it were the first of its process, with a fast `fit`.

    Raises:
        keras_tuner.errors.FatalTypeError: The hypermodel did not return a Keras model.
    """
    settings.clear_session()
    gc.collect()
    keras.utils.set_random_seed(seed)
    model = hypermodel.build(hp)
    if not isinstance(model, keras.Model):
        raise keras_tuner.errors.FatalTypeError(
            f"the hypermodel must return a Keras model, it returned {model!r} of {type(model).__name__}"
        )
    accelerate(model, seed)
    return model
