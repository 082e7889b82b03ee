"""Retrains the best configuration and the baseline on several seeds, and compares them on the test images."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_search import results, search_spaces
from keras_search.results import layout, verdict
from keras_search.results.errors import Parameter
from keras_search.results.evaluation import EvaluatedData, Evaluation, Training, accuracies, write_trainings
from keras_search.search_spaces import SearchSpace
from keras_search.search_spaces.epochs import whole
from keras_search.tuner import runtime
from keras_search.tuner.data import datasets
from keras_search.tuner.data.datasets import Dataset
from keras_search.tuner.errors import InputError
from keras_search.tuner.evaluation import retraining
from keras_search.tuner.record import run_record

if TYPE_CHECKING:
    from keras_search.search_spaces.custom import CustomSpace

_RELOADED_TOLERANCE = 1.5  # test images: how far the accuracy of a saved model may differ when it is read back


def check_recorded(run: results.Run) -> None:
    """Raises InputError if `run` does not record its search space and its data."""
    if run.dataset is None or "asked" not in run.info:
        raise InputError(
            f"run {str(run.path)!r} has no dataset recorded, as the command line does in {layout.RUN}: train its "
            "best configuration with your own script, on your own data"
        )


def load_dataset(run: results.Run) -> Dataset:
    """Loads the data that `run` searched on.

    Raises:
        InputError: They cannot be loaded any more, or have changed.
    """
    asked = run.info["dataset"]
    dataset = datasets.load(asked["source"])
    if dataset.fingerprint != asked["fingerprint"]:
        raise InputError(
            f"dataset {asked['source']!r} has changed since run {str(run.path)!r} was made: "
            "put the old file back, or search anew"
        )
    return dataset


def check_code(run: results.Run, run_code: bool) -> None:
    """Raises InputError if the space of `run` is code named in its record, and `run_code` is not set."""
    name = run.info["asked"]["space"]
    if search_spaces.is_custom(name) and not run_code:
        raise InputError(
            f"run {str(run.path)!r} builds its models by code of its author's, {search_spaces.code(name)}: look at it "
            "and give ",
            Parameter("run_code=True"),
            " to have it run",
        )


def load_space(run: results.Run, dataset: Dataset, run_code: bool) -> "SearchSpace | CustomSpace":
    """Loads the space that `run` searched.

    Args:
        run_code: Whether the code that `run` names may be run.

    Raises:
        InputError: The space is the user's own code, which may not be run or has changed.
        search_spaces.SpaceError: It cannot be loaded any more, or does not work.
    """
    asked = run.info["asked"]
    name = asked["space"]
    check_code(run, run_code)
    if search_spaces.is_custom(name):
        search_spaces.check(name)
        if search_spaces.fingerprint(name) != asked.get("space_code"):
            raise InputError(
                f"space {name!r} has changed since run {str(run.path)!r} was made: "
                "put the old file back, or search anew"
            )
        runtime.load_keras()
    return search_spaces.load(name, dataset.input_shape, dataset.num_classes)


def check_seeds(seeds: int) -> None:
    """Raises InputError if `seeds` is no number of seeds to train on."""
    if seeds < 1:
        raise InputError(Parameter("seeds"), f" is {seeds}: it must be at least 1")


def train_baseline(
    space: SearchSpace, dataset: Dataset, seeds: int, workers: int | str, report: Callable[[Training], None]
) -> list[Training]:
    """Trains the documented point of `space` on all training images, once per seed, and tests it."""
    with tempfile.TemporaryDirectory() as folder:
        tasks = retraining.tasks("baseline", space.name, space.baseline, int(space.baseline["epochs"]), range(seeds))
        trainings = []
        for training in retraining.train(tasks, retraining.data(dataset), Path(folder), workers):
            report(training)
            trainings.append(training)
    return trainings


def evaluate(
    run: results.Run,
    dataset: Dataset,
    space: "SearchSpace | CustomSpace",
    seeds: int,
    workers: int | str,
    report: Callable[[Training], None],
) -> Evaluation:
    """Retrains the best configuration of `run` and the baseline on all training images, and compares them.

    The best configuration is trained for as many epochs as its trial needed to reach its best validation score, the
    baseline for its documented number. If the two are the same point, it is trained once. A hypermodel whose own `fit`
    needs `validation_data` gets those of the search, and is trained on the other images.

    Writes `evaluation.csv` after every training; `best_model.keras`, the best configuration's model of the first seed
    (no seed is chosen by its test score); and, at the end, `evaluation.json`.

    The caller holds the lock of the run: a search or another evaluation in it would write to the same files, and
    compete for the cores.

    Args:
        seeds: The number of seeds; the run's own is the first.
        workers: As for a search (`executors.choice.make`).
        report: Called with each training as it ends.

    Raises:
        results.RunError: No trial of the run has finished.
        InputError: A folder in the run directory is a link.
    """
    run_record.check_links(run.path)
    first = run.info["asked"]["seed"]
    chosen = range(first, first + seeds)
    same = bool(run.best["is_baseline"])
    model_path = run.path.resolve() / layout.BEST_MODEL
    name = run.info["asked"]["space"]
    tasks = retraining.tasks("best", name, run.configuration, epochs(run), chosen)
    tasks[0] = replace(tasks[0], save_to=model_path)
    if not same:
        tasks += retraining.tasks("baseline", name, space.baseline, whole(space.baseline.get("epochs")), chosen)
    data = retraining.data(dataset, first if space.needs_validation_data else None)

    (run.path / layout.EVALUATION_JSON).unlink(missing_ok=True)
    trainings: list[Training] = []
    for training in retraining.train(tasks, data, run.path, workers):
        trainings += [training, replace(training, model="baseline")] if same else [training]
        trainings.sort(key=lambda training: (training.model, training.seed))
        write_trainings(run.path, trainings)
        report(training)
    evaluation = _judged(run, dataset, len(data[0][0]), trainings)
    evaluation.write(run.path)
    return evaluation


def _judged(run: results.Run, dataset: Dataset, images: int, trainings: list[Training]) -> Evaluation:
    """Judges the best and the baseline by `trainings` on `images` images."""
    tested = accuracies(trainings)
    return Evaluation(
        dataset=EvaluatedData(dataset.name, dataset.fingerprint, images, run.info["dataset"]["notice"]),
        trial_id=run.best["trial_id"],
        hyperparameters=run.configuration,
        epochs=next(training.epochs for training in trainings if training.model == "best"),
        trainings=trainings,
        verdict=verdict.judge(tested["baseline"], tested["best"], dataset.documented_accuracy),
        most_frequent_class=datasets.most_frequent(dataset.y_test),
        reloaded_accuracy=_retest(run.path.resolve() / layout.BEST_MODEL, dataset, tested["best"][0]),
        same=bool(run.best["is_baseline"]),
    )


def describe_baseline(space: SearchSpace, dataset: Dataset) -> str:
    """The documented model as Keras prints it, and how it is compiled and trained."""
    runtime.load_keras()
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


def epochs(run: results.Run) -> int | None:
    """The epochs to train the best for: up to its best score, or all of its trial's if that epoch is not known.

    If it was confirmed, its best scores there count.
    """
    best = run.best.dropna()
    tuned = f"{layout.HYPERPARAMETER_PREFIX}epochs"
    if tuned not in best:
        return None
    if run.confirmation and run.confirmed and (confirmed := run.confirmation.epoch(run.confirmed)):
        return confirmed
    return whole(next(best[name] for name in ("best_epoch", layout.NOTED_EPOCHS, tuned) if name in best))


def _retest(path: Path, dataset: Dataset, before: float) -> float:
    """Reads a saved model back and tests it again, to make sure that the model on disk is the one that was tested."""
    import keras

    model = keras.models.load_model(path, safe_mode=True)
    assert isinstance(model, keras.Model)
    accuracy, _ = retraining.test(model, np.asarray(dataset.x_test), dataset.y_test)
    # Two classes that are nearly equally probable may change places with another number of threads.
    if abs(accuracy - before) * len(dataset.y_test) > _RELOADED_TOLERANCE:
        raise RuntimeError(f"{path} scores {accuracy} when read back, {before} before it was saved")
    return accuracy
