"""The search of the command line: from options to a finished run directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import search_spaces
from results import reader, runs
from search_spaces import Hyperparameter, SearchSpace
from tuner import datasets, oracles, run_record, runtime
from tuner.datasets import Dataset, Split
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


def search(options: SearchOptions) -> Path:
    """Runs, or goes on with, the search that `options` ask for; returns the run directory.

    Everything is checked before TensorFlow is loaded or a file is written.

    Raises:
        InputError, search_spaces.SpaceError: The options are not possible.
        tuner.tuner.SearchError: Every trial fails the same way.
    """
    if options.trials < 1:
        raise InputError(f"--trials is {options.trials}: it must be at least 1")
    if options.seed < 0:
        raise InputError(f"--seed is {options.seed}: it must be 0 or more")
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
        return path
    _run(path, options, space, narrowed, dataset, data)
    return path


def _run(
    path: Path,
    options: SearchOptions,
    space: SearchSpace,
    narrowed: Sequence[Hyperparameter],
    dataset: Dataset,
    data: Split,
) -> None:
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
    Tuner(hypermodel, oracle, seed=options.seed, directory=path.parent, project_name=path.name).search(
        data.x_train, data.y_train, validation_data=(data.x_validation, data.y_validation)
    )
