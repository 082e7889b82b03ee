"""Classifies the test images, or the user's pictures, with the evaluated model of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_search import results, search_spaces
from keras_search.results import evaluation, layout
from keras_search.results.errors import EvaluateIt
from keras_search.results.plots import Predictions
from keras_search.results.text import telling_line
from keras_search.search_spaces import SpaceError
from keras_search.tuner.data import handwriting, pictures
from keras_search.tuner.errors import InputError
from keras_search.tuner.evaluation import comparison, saved_model

if TYPE_CHECKING:
    import keras

    from keras_search.tuner.data.datasets import Dataset

# Unpacked in calls, as a type checker takes `verbose` for a str, because of its default.
_PREDICT: dict[str, Any] = {"batch_size": 500, "verbose": 0}
_RANGES = [(0, 1), (-1, 1), (0, 255)]  # of the values of images


@dataclass(frozen=True)
class Classified:
    """The model's prediction for a picture.

    Attributes:
        path: The picture's file.
        image: The picture in the form that the model was given, uint8 (height, width) or (height, width, channels).
        probabilities: The probability of each class, (classes,).
    """

    path: Path
    image: np.ndarray
    probabilities: np.ndarray

    def top(self, count: int) -> list[tuple[int, float]]:
        """The `count` most probable classes with their probabilities, the most probable first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(int(label), float(self.probabilities[label])) for label in order]


def predict(run: results.Run, run_code: bool = False) -> Predictions:
    """Classifies the test images with `best_model.keras`, which an evaluation of `run` has written.

    Args:
        run_code: Whether the code of the search space, which `run` names, may be run if the model needs it.

    Raises:
        results.RunError: `run` has not been evaluated, or its data, its space or the model cannot be loaded any more.
    """
    trial_id = _evaluated_trial(run)
    try:
        dataset = comparison.load_dataset(run)
        images = np.asarray(dataset.x_test)
        probabilities = _probabilities(run, dataset, images, run_code)
    except (InputError, SpaceError) as error:
        raise results.RunError(*error.args) from error
    except OSError as error:
        raise results.RunError(f"{error.strerror or error}: {error.filename or _path(run)}") from error
    title = (
        f"{layout.BEST_MODEL} of {run.path.resolve().name} (trial {trial_id})\n"
        f"on the {len(images):,} test images of {dataset.name}"
    )
    return Predictions(title, images, dataset.y_test, probabilities)


def classify(run: results.Run, paths: Sequence[Path], run_code: bool = False) -> list[Classified]:
    """Classifies PNG and JPEG pictures with `best_model.keras`, which an evaluation of `run` has written.

    If the run was on MNIST or scikit-learn's digits, the digit in a picture is converted to their form (see
    `data.handwriting`). For other data, the whole picture is resized, and its values are scaled to the range of theirs.

    Args:
        run_code: As for `predict`.

    Raises:
        results.RunError: `run` has not been evaluated, or the model cannot be loaded any more.
        search_spaces.SpaceError: The run's space is the user's own, and does not work.
        InputError: A picture is missing, cannot be read or shows no digit; or the data of the run cannot be loaded any
            more, or have a form to which no picture can be converted.
    """
    _evaluated_trial(run)
    read = [pictures.read(path) for path in paths]
    name = run.info["dataset"]["name"]
    if handwriting.is_known(name):
        images = [_digit(path, handwriting.digit(picture, name)) for path, picture in zip(paths, read)]
        dataset, (low, high) = comparison.load_dataset(run), (0, 1)
    else:
        dataset = comparison.load_dataset(run)
        low, high = _range(dataset)
        images = [pictures.resized(picture, dataset.input_shape) for picture in read]
    seen = np.stack(images).reshape(-1, *dataset.input_shape).astype("float32")
    probabilities = _probabilities(run, dataset, low + seen / 255 * (high - low), run_code)
    return [Classified(*parts) for parts in zip(paths, images, probabilities)]


def _evaluated_trial(run: results.Run) -> str:
    if run.dataset is None:
        raise results.RunError(
            f"run {str(run.path)!r} has no dataset recorded, on which its best model could be tested"
        )
    trial_id = evaluation.read_trial_id(run.path)
    if trial_id is None or not _path(run).is_file():
        raise results.RunError(f"run {str(run.path)!r} has no evaluated model: ", EvaluateIt(run.path))
    return trial_id


def _path(run: results.Run) -> Path:
    return run.path / layout.BEST_MODEL


def _digit(path: Path, digit: np.ndarray | None) -> np.ndarray:
    if digit is None:
        raise InputError(f"{str(path)!r} shows no digit: nothing in it stands out from its background")
    return digit


def _range(dataset: "Dataset") -> tuple[int, int]:
    """The values of black and white in the images of `dataset`."""
    channels = dataset.input_shape[-1]
    if channels not in (1, 3):
        raise InputError(f"a picture has no {channels} channels, as the images of {dataset.name} have")
    lowest, highest = float(dataset.x_train.min()), float(dataset.x_train.max())
    for low, high in _RANGES:
        if low <= lowest and highest <= high:
            return low, high
    raise InputError(
        f"the images of {dataset.name} have values from {lowest:g} to {highest:g}: what a picture would be among them "
        "is not known, only for 0 to 1, -1 to 1 and 0 to 255"
    )


def _model(run: results.Run, dataset: "Dataset", run_code: bool) -> "keras.Model":
    is_custom = search_spaces.is_custom(run.info["asked"]["space"])
    if is_custom and run_code:
        # Keras reads a layer of the user's own only after the code that defines it has run.
        comparison.load_space(run, dataset, run_code)
    path = _path(run)
    try:
        return saved_model.load(path, may_be_foreign=is_custom and run_code)
    except saved_model.ForeignCode as error:
        comparison.check_code(run, run_code)
        raise results.RunError(f"{str(path)!r} is not read: {error}") from error
    except ValueError as error:
        raise results.RunError(
            f"{str(path)!r} cannot be read back ({telling_line(str(error))}): evaluate the run again"
        ) from error


def _probabilities(run: results.Run, dataset: "Dataset", images: np.ndarray, run_code: bool) -> np.ndarray:
    from scipy import special

    model = _model(run, dataset, run_code)
    try:
        predicted = model.predict(images, **_PREDICT).astype(float)
        if predicted.ndim != 2 or max(predicted.shape[1], 2) < dataset.num_classes:
            raise ValueError(
                f"it gives {predicted.shape[1:]} for each of them, which have {dataset.num_classes} classes"
            )
    except Exception as error:  # the user's model may raise anything
        raise results.RunError(
            f"{str(_path(run))!r} is no model for {dataset.name} ({telling_line(str(error))}): evaluate the run again"
        ) from error
    # A user's own model may leave sigmoid or softmax to its loss.
    if predicted.shape[1] == 1:
        is_probability = predicted.min() >= 0 and predicted.max() <= 1
        positive = predicted if is_probability else special.expit(predicted)
        return np.hstack([1 - positive, positive])
    is_normalised = np.allclose(predicted.sum(axis=1), 1, atol=1e-3) and predicted.min() >= 0
    return predicted if is_normalised else special.softmax(predicted, axis=1)
