"""The search of the command line: from options to a finished run directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import search_spaces
from results import reader, runs
from results.summary import SummaryWriter
from tuner import datasets, executors, oracles, run_record, runtime
from tuner.errors import InputError
from tuner.overrides import narrow


@dataclass(frozen=True)
class SearchOptions:
    """What is asked of a search; the fields are the options of `search` on the command line."""

    trials: int = 20
    space: str = "baseline_cnn"
    dataset: str = "auto"
    oracle: str = "random"
    seed: int = 0
    run: str | None = None
    train_samples: int | None = None
    overrides: Sequence[str] = ()
    overwrite: bool = False
    workers: int | str = "auto"
    trials_per_gpu: int = 1
    keep_weights: int = 3


def search(options: SearchOptions) -> Path:
    """Runs, or goes on with, the search that `options` ask for; returns the run directory.

    Everything is checked before a file is written; TensorFlow is loaded last, unless Keras must get the dataset.

    Raises:
        InputError, search_spaces.SpaceError: The options are not possible.
        tuner.SearchError: Every trial fails the same way.
    """
    if options.trials < 1:
        raise InputError(f"--trials is {options.trials}: it must be at least 1")
    if not 0 <= options.seed < 2**31:
        raise InputError(f"--seed is {options.seed}: it must be 0 or more, and less than 2147483648")
    if options.keep_weights < 0:
        raise InputError(f"--keep-weights is {options.keep_weights}: it must be 0 or more")
    if options.train_samples is not None and options.train_samples < 1:
        raise InputError(f"--train-samples is {options.train_samples}: give at least one image a class")
    executors.check_workers(options.workers, options.trials_per_gpu)
    space = search_spaces.get(options.space)
    oracles.check(options.oracle)
    narrowed = narrow(space.hyperparameters, options.overrides)
    path = None if options.run is None else runs.directory(options.run)
    dataset = datasets.load(options.dataset)
    data = datasets.split(dataset, options.seed, options.train_samples)
    if path is None:
        path = runs.ROOT / f"{dataset.name}-{space.name}-{options.oracle}-seed{options.seed}"
    asked = {
        "space": space.name,
        "dataset": f"{dataset.name} sha256:{dataset.fingerprint[:16]}",
        "oracle": options.oracle,
        "seed": options.seed,
        "train_samples": options.train_samples,
        "set": sorted(options.overrides),
    }
    details = {
        "objective": {"name": "val_accuracy", "direction": "max"},
        "baseline": space.baseline,
        "dataset": {
            "name": dataset.name,
            "source": dataset.source,
            "fingerprint": dataset.fingerprint,
            "training_images": len(data.x_train),
            "validation_images": len(data.x_validation),
            "notice": dataset.notice,
        },
    }
    run_record.open_run(path, asked, details, options.overwrite)
    if dataset.notice:
        print(f"NOTE: {dataset.notice}")
    print(f"{dataset.describe()}; {len(data.x_train):,} to train on, {len(data.x_validation):,} to validate on")

    if reader.count_ended(path) >= options.trials:
        print(f"all {options.trials} trials are done already")
        SummaryWriter(path).write()
        return path
    with executors.make(options.workers, options.trials_per_gpu) as executor:
        # The workers load it at the same time.
        runtime.load_tensorflow()
        import keras_tuner

        from tuner.tuner import Tuner

        hypermodel = space.hypermodel(dataset.input_shape, dataset.num_classes)
        declared = keras_tuner.HyperParameters()
        hypermodel.declare_hyperparameters(declared)
        oracle = oracles.make(
            options.oracle,
            keras_tuner.Objective("val_accuracy", "max"),
            options.trials,
            options.seed,
            oracles.sampled(declared, narrowed),
        )
        Tuner(
            hypermodel,
            oracle=oracle,
            seed=options.seed,
            executor=executor,
            keep_weights=options.keep_weights,
            directory=path.parent,
            project_name=path.name,
        ).search(data.x_train, data.y_train, validation_data=(data.x_validation, data.y_validation))
    return path
