"""Writes and loads what is kept of a trained model; a model that cannot be written does not fail its trial."""

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
    """Writes the best weights and how the model was built; returns why they cannot be kept, None if they are.

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
    """Loads the weights in `path` into a fresh model of the same point, built as the file beside them tells.

    Raises:
        Exception: Whatever Keras or the user's own model class raises.
    """
    config = files.read_json(path.with_name(layout.TRIAL_BUILD_CONFIG))
    if not model.built and config:
        build_from(model, config)
    # Keras refuses a model without a `call`, such as a GAN, as not built, even if all its layers are.
    model.built = model.built or bool(model.weights)
    keras_private.load_weights_only(model, path, objects_to_skip=optimizers(model))


def checkpoint(model: Any, epochs: int, path: Path) -> None:
    """Writes the checkpoint of `model`; nothing if its state cannot be written.

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
    """Writes how to build a model that declares no input shape."""
    path = directory / layout.TRIAL_BUILD_CONFIG
    try:
        files.write_json(path, model.get_build_config())
    except Exception as error:
        files.require_disk(directory, error)
        # An older file would mislead; without one, `build` may still give the model an input shape.
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
