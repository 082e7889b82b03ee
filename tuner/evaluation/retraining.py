"""Trains configurations on all training images and tests them, in parallel on workers."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_search import search_spaces
from keras_search.results import files
from keras_search.results.evaluation import Training
from keras_search.search_spaces.origin import blamed
from keras_search.search_spaces.space import Value
from keras_search.tuner import runtime
from keras_search.tuner.data import datasets
from keras_search.tuner.data.datasets import Dataset
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.base import run_all

if TYPE_CHECKING:
    import keras

# Unpacked in calls, as a type checker takes `verbose` for a str, because of its default.
_TEST: dict[str, Any] = {"batch_size": 500, "verbose": 0}


@dataclass(frozen=True)
class TrainingTask:
    """All that a worker needs to train and test one model.

    Attributes:
        model: `baseline` or `best`.
        space: The search space's name.
        values: The point.
        epochs: The number of epochs; None if the hypermodel decides.
        seed: Seeds the weights, the dropout and the order of the images.
        data: What `data` returns, after `shared.Store`.
        save_to: Where the trained model is saved; None if it is not.
    """

    model: str
    space: str
    values: dict[str, Value]
    epochs: int | None
    seed: int
    data: tuple[Any, ...]
    save_to: Path | None = None


def data(dataset: Dataset, hold_back: int | None = None) -> tuple[Any, ...]:
    """The positional and the named arguments of `fit`, and the test images.

    Args:
        hold_back: The seed of the split that gives `validation_data`; None for none.
    """
    test = (dataset.x_test, dataset.y_test)
    if hold_back is None:
        return (dataset.x_train, dataset.y_train), {}, test
    part = datasets.split(dataset, hold_back)
    return (part.x_train, part.y_train), {"validation_data": (part.x_validation, part.y_validation)}, test


def tasks(
    model: str, space: str, values: dict[str, Value], epochs: int | None, seeds: Sequence[int]
) -> list[TrainingTask]:
    """The trainings of one point, one for each seed, without their data."""
    return [TrainingTask(model, space, values, epochs, seed, ()) for seed in seeds]


def train(tasks: Sequence[TrainingTask], data: tuple[Any, ...], run: Path, workers: int | str) -> Iterator[Training]:
    """Runs `tasks` on `data` and yields each training as it ends. A folder in `run` holds the arrays meanwhile.

    Args:
        workers: As for a search (`executors.choice.make`).
    """
    with choice.make(workers) as executor:
        runtime.load_keras()
        from keras_search.tuner.data import shared
        from keras_search.tuner.fast import patches, versions

        versions.tell(print)
        patches.prepare(print)
        with shared.folder(run) as folder:
            stored = shared.Store(folder, in_place=executor.is_local).all(data)
            yield from run_all(executor, _train_one, [replace(task, data=stored) for task in tasks])


def _train_one(task: TrainingTask) -> Training:
    runtime.load_keras()
    import keras_tuner

    from keras_search.tuner.data import shared
    from keras_search.tuner.fast import patches
    from keras_search.tuner.trial import bars
    from keras_search.tuner.trial.callbacks import EpochCount
    from keras_search.tuner.trial.models import fresh_model

    (x_train, y_train), fit_kwargs, (x_test, y_test) = shared.load(task.data)
    shape, classes = x_train.shape[1:], int(y_train.max()) + 1
    hypermodel = search_spaces.load(task.space, shape, classes).hypermodel(shape, classes)
    hp = keras_tuner.HyperParameters()
    hp.values = dict(task.values)
    if task.epochs is not None:
        fit_kwargs = fit_kwargs | {"epochs": task.epochs}
    count = EpochCount()
    began = time.monotonic()
    code = blamed(task.space) if search_spaces.is_custom(task.space) else contextlib.nullcontext()
    with code, bars.absent():
        model = fresh_model(hypermodel, hp, task.seed)
        hypermodel.fit(hp, model, x_train, y_train, callbacks=[count], **fit_kwargs)
        seconds = round(time.monotonic() - began, 3)
        accuracy, loss = test(model, x_test, y_test)
    patches.restore(model)
    if task.save_to is not None:
        with files.replacing(task.save_to) as temporary:
            model.save(temporary)
    return Training(task.model, task.seed, count.epochs or None, accuracy, loss, seconds)


def test(model: "keras.Model", x_test: np.ndarray, y_test: np.ndarray) -> tuple[float, float | None]:
    """Accuracy and mean loss on the test images; None for the loss if the model's `evaluate` gives none."""
    loss = None
    # A user's own model may be compiled without a loss, or not at all, or have a `test_step` of its own.
    with contextlib.suppress(ValueError, KeyError):
        loss = float(model.evaluate(x_test, y_test, **_TEST, return_dict=True)["loss"])
    predicted = model.predict(x_test, **_TEST)
    classes = predicted.argmax(axis=-1) if predicted.shape[-1] > 1 else predicted[:, 0] > 0.5
    return float(np.mean(classes == y_test)), loss
