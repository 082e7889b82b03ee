"""Retrains configurations on all training images, on several seeds, and tests them: the only use of the test images."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import results
import search_spaces
from results import files, layout, verdict
from search_spaces import SearchSpace
from search_spaces.space import Value
from tuner import datasets, runtime
from tuner.datasets import Dataset
from tuner.errors import InputError

if TYPE_CHECKING:
    import keras

_TEST_BATCH_SIZE = 500
_RELOADED_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Training:
    """One model trained and tested: a line of `evaluation.csv`.

    Attributes:
        model: `baseline` or `best`.
        seed: Seeds its weights, its dropout and the order of the images.
        epochs: How many it was trained for.
        test_accuracy: Share of the test images it gets right.
        test_loss: Its mean loss on them.
        train_s: Seconds the training took.
    """

    model: str
    seed: int
    epochs: int
    test_accuracy: float
    test_loss: float
    train_s: float


@dataclass(frozen=True)
class Evaluation:
    """What `best --evaluate` found.

    Attributes:
        trainings: Baseline and best, one of each a seed.
        verdict: How they compare.
        most_frequent_class: The share of the most frequent class among the test images, and that class.
        reloaded_accuracy: The test accuracy of `best_model.keras`, read back from disk.
        same: Whether the best configuration is the baseline itself.
    """

    trainings: list[Training]
    verdict: verdict.Verdict
    most_frequent_class: tuple[float, int]
    reloaded_accuracy: float
    same: bool


def load_dataset(run: results.Run) -> Dataset:
    """The data that `run` searched on.

    Raises:
        InputError: They are no longer to be had, or no longer the same.
    """
    asked = run.info["dataset"]
    dataset = datasets.load(asked["source"])
    if dataset.fingerprint != asked["fingerprint"]:
        raise InputError(
            f"dataset {asked['source']!r} has changed since run {str(run.path)!r} was made: "
            "put the old file back, or search anew"
        )
    return dataset


def check_seeds(seeds: int) -> None:
    """Raises InputError if one cannot train on `seeds` seeds."""
    if seeds < 1:
        raise InputError(f"--seeds is {seeds}: it must be at least 1")


def train_baseline(
    space: SearchSpace, dataset: Dataset, seeds: Sequence[int], report: Callable[[Training], None]
) -> list[Training]:
    """Trains the documented point of `space` on all training images, once a seed, and tests it."""
    trainings = []
    for training, _ in _trainings("baseline", space, space.baseline, None, dataset, seeds):
        report(training)
        trainings.append(training)
    return trainings


def evaluate(run: results.Run, dataset: Dataset, seeds: int, report: Callable[[Training], None]) -> Evaluation:
    """Retrains the best configuration of `run` and the baseline on all training images, and compares them.

    The best is trained for as many epochs as its trial needed to reach its best validation score, the baseline for
    its documented number; where the two are the same, they are trained once. Writes `evaluation.csv` after every
    training, then `best_model.keras` - the best configuration's model of the first seed, no seed being picked by its
    test score - and `evaluation.json`.

    Args:
        seeds: How many seeds, counted up from the run's.
        report: Called with each training as it ends.

    Raises:
        results.RunError: No trial of the run has finished.
    """
    space = search_spaces.get(run.info["asked"]["space"])
    best = run.best
    values = configuration(run)
    first = run.info["asked"]["seed"]
    chosen = range(first, first + seeds)
    trainings: list[Training] = []

    def keep(training: Training) -> None:
        trainings.append(training)
        files.write_csv(run.path / layout.EVALUATION_CSV, layout.EVALUATION_COLUMNS, map(asdict, trainings))
        report(training)

    same = bool(best["is_baseline"])
    if not same:
        for training, _ in _trainings("baseline", space, space.baseline, None, dataset, chosen):
            keep(training)
    for training, model in _trainings("best", space, values, int(best["best_epoch"]), dataset, chosen):
        if same:
            keep(replace(training, model="baseline"))
        keep(training)
        if training.seed == first:
            reloaded = _save_and_test(model, run.path / layout.BEST_MODEL, dataset, training)
    accuracies = {
        name: [training.test_accuracy for training in trainings if training.model == name]
        for name in ("baseline", "best")
    }
    evaluation = Evaluation(
        trainings=trainings,
        verdict=verdict.judge(accuracies["baseline"], accuracies["best"], dataset.documented_accuracy),
        most_frequent_class=most_frequent_class(dataset),
        reloaded_accuracy=reloaded,
        same=same,
    )
    files.write_json(
        run.path / layout.EVALUATION_JSON,
        {
            "dataset": {
                "name": dataset.name,
                "fingerprint": dataset.fingerprint,
                "notice": run.info["dataset"]["notice"],
            },
            "trial_id": best["trial_id"],
            "hyperparameters": values,
            "epochs": int(best["best_epoch"]),
            **asdict(evaluation),
        },
    )
    return evaluation


def most_frequent_class(dataset: Dataset) -> tuple[float, int]:
    """The share of the most frequent class among the test images, and that class."""
    shares = np.bincount(dataset.y_test) / len(dataset.y_test)
    return float(shares.max()), int(shares.argmax())


def describe_baseline(space: SearchSpace, dataset: Dataset) -> str:
    """The documented model as Keras prints it, and how it is compiled and trained."""
    runtime.load_tensorflow()
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    hp.values = dict(space.baseline)
    model = space.hypermodel(dataset.input_shape, dataset.num_classes).build(hp)
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    return "\n".join(lines) + (
        f"\nCompiled with {model.optimizer.name}, {model.loss}, metric accuracy; trained for "
        f"{space.baseline['epochs']} epoch in batches of {space.batch_size}"
    )


def configuration(run: results.Run) -> dict[str, Value]:
    """The hyperparameters of the best trial of `run`."""
    prefix = layout.HYPERPARAMETER_PREFIX
    best = run.best.dropna()
    return {
        name.removeprefix(prefix): value.item() if hasattr(value, "item") else value
        for name, value in best.items()
        if name.startswith(prefix)
    }


def _trainings(
    name: str,
    space: SearchSpace,
    values: dict[str, Value],
    epochs: int | None,
    dataset: Dataset,
    seeds: Sequence[int],
) -> "Iterator[tuple[Training, keras.Model]]":
    """Trains the point `values` from scratch for each seed, on all training images; `epochs` overrides the point's."""
    runtime.load_tensorflow()
    import keras_tuner

    from tuner.trial import fresh_model

    hypermodel = space.hypermodel(dataset.input_shape, dataset.num_classes)
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    epochs = epochs or int(values["epochs"])
    for seed in seeds:
        began = time.monotonic()
        model = fresh_model(hypermodel, hp, seed)
        hypermodel.fit(hp, model, dataset.x_train, dataset.y_train, epochs=epochs, verbose=0)
        seconds = round(time.monotonic() - began, 3)
        accuracy, loss = _test(model, dataset)
        yield Training(name, seed, epochs, accuracy, loss, seconds), model


def _test(model: "keras.Model", dataset: Dataset) -> tuple[float, float]:
    """Accuracy and mean loss on the test images."""
    scores: dict[str, Any] = model.evaluate(
        dataset.x_test, dataset.y_test, batch_size=_TEST_BATCH_SIZE, verbose=0, return_dict=True
    )
    return float(scores["accuracy"]), float(scores["loss"])


def _save_and_test(model: "keras.Model", path: Path, dataset: Dataset, training: Training) -> float:
    """Saves the model, reads it back and tests it again: what is on disk is what was measured."""
    import keras

    temporary = path.with_name(f".{path.name}")
    model.save(temporary)
    temporary.replace(path)
    accuracy, _ = _test(keras.models.load_model(path, safe_mode=True), dataset)
    if abs(accuracy - training.test_accuracy) > _RELOADED_TOLERANCE:
        raise RuntimeError(f"{path} scores {accuracy} when read back, {training.test_accuracy} before")
    return accuracy
