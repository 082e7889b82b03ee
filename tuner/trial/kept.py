"""What is kept of a trained model; what cannot be, for a reason of the model's own, fails no trial."""

import contextlib
from pathlib import Path
from typing import Any

import keras

from keras_search.results import files, layout
from keras_search.results.text import error_line
from keras_search.tuner import keras_private
from keras_search.tuner.trial.callbacks import BestWeights, optimizers
from keras_search.tuner.trial.checkpoint import build_from, save


def weights(model: Any, best: BestWeights, directory: Path) -> str | None:
    """Writes the weights of the best epoch and how the model was built; None, or why they cannot be kept.

    Raises:
        OSError: The disk is full, read-only or gone.
    """
    if not isinstance(model, keras.Model):
        return f"build returned no Keras model, but {type(model).__name__!r}"
    if best.failure is not None:
        return best.failure
    try:
        if not model.built and not model.weights:
            return "the model that build returned has not been built"
        was_built, model.built = model.built, True
        try:
            best.save(model, directory / layout.TRIAL_WEIGHTS)
        finally:
            model.built = was_built
    except Exception as error:
        files.require_disk(directory, error)
        return error_line(error)
    _build_config(model, directory)
    return None


def load_weights(model: keras.Model, path: Path) -> None:
    """Gives a fresh model of the same point the weights in `path`, beside which is how it is built.

    Raises:
        Exception: Whatever Keras, or a class of the user's own, has against it.
    """
    config = files.read_json(path.with_name(layout.TRIAL_BUILD_CONFIG))
    if not model.built and config:
        build_from(model, config)
    # Keras has nothing to do with one without a `call` else, as a GAN is, though its layers may all be built.
    model.built = model.built or bool(model.weights)
    keras_private.load_weights_only(model, path, objects_to_skip=optimizers(model))


def checkpoint(model: Any, epochs: int, path: Path) -> None:
    """Writes what the training of `model` has reached; nothing where that cannot be written.

    Raises:
        OSError: The disk is full, read-only or gone.
    """
    if not isinstance(model, keras.Model):
        return
    try:
        save(model, epochs, path)
    except Exception as error:
        files.require_disk(path.parent, error)


def _build_config(model: keras.Model, directory: Path) -> None:
    """Writes how a model without an input shape is built."""
    path = directory / layout.TRIAL_BUILD_CONFIG
    try:
        files.write_json(path, model.get_build_config())
    except Exception as error:
        files.require_disk(directory, error)
        # `build` may give the next one an input shape, or not need it.
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
