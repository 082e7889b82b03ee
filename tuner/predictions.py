"""What the evaluated model of a run says of the test images."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import results
import search_spaces
from results import files, layout
from results.plots import Predictions
from search_spaces import SpaceError
from tuner import evaluation, runtime
from tuner.errors import InputError

if TYPE_CHECKING:
    from tuner.datasets import Dataset

_BATCH_SIZE = 500


def predict(run: results.Run) -> Predictions:
    """Lets `best_model.keras` of `run`, which `best --evaluate` left there, classify the test images.

    Raises:
        results.RunError: `run` has not been evaluated, or its data, its space or the model are no longer to be had.
    """
    if run.dataset is None:
        raise results.RunError(
            f"run {str(run.path)!r} has no dataset recorded, on which its best model could be tested"
        )
    path = run.path / layout.BEST_MODEL
    evaluated = files.read_json(run.path / layout.EVALUATION_JSON)
    if not path.is_file() or not isinstance(evaluated, dict):
        raise results.RunError(
            f"run {str(run.path)!r} has no evaluated model: `python cli.py best --run {run.path} --evaluate` makes it"
        )
    try:
        dataset = evaluation.load_dataset(run)
        if search_spaces.is_custom(run.info["asked"]["space"]):
            # Keras reads a layer of the user's own only where its code has been run.
            evaluation.load_space(run, dataset)
        probabilities = _probabilities(path, dataset)
    except (InputError, SpaceError) as error:
        raise results.RunError(str(error)) from error
    except OSError as error:
        raise results.RunError(f"{error.strerror or error}: {error.filename or path}") from error
    title = (
        f"{path.name} of {run.path.resolve().name} (trial {evaluated['trial_id']})\n"
        f"on the {len(dataset.x_test):,} test images of {dataset.name}"
    )
    return Predictions(title, dataset.x_test, dataset.y_test, probabilities)


def _probabilities(path: Path, dataset: "Dataset") -> np.ndarray:
    from scipy import special

    runtime.load_tensorflow()
    import keras

    try:
        model = keras.models.load_model(path, safe_mode=True, compile=False)
    except (TypeError, ValueError) as error:
        raise results.RunError(
            f"{str(path)!r} cannot be read back ({str(error).splitlines()[0]}): evaluate the run again"
        ) from error
    predicted = model.predict(dataset.x_test, batch_size=_BATCH_SIZE, verbose=0).astype(float)
    if predicted.shape[1] == 1:
        return np.hstack([1 - predicted, predicted])
    # A user's own model may leave the softmax to its loss.
    is_normalised = np.allclose(predicted.sum(axis=1), 1, atol=1e-3) and predicted.min() >= 0
    return predicted if is_normalised else special.softmax(predicted, axis=1)
