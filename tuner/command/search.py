"""The search of the command line: from options to a finished run directory."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keras_search import search_spaces
from keras_search.results.errors import Parameter
from keras_search.results.reading import runs, trial_rows
from keras_search.results.reading.summary import SummaryWriter
from keras_search.results.run_info import Asked, RunInfo
from keras_search.results.telling import sentences
from keras_search.search_spaces.origin import blamed
from keras_search.tuner import objectives, oracles, runtime
from keras_search.tuner.command import durations
from keras_search.tuner.command.overrides import narrow, sampled
from keras_search.tuner.data import datasets
from keras_search.tuner.errors import InputError, Stopped
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.workers import check_workers
from keras_search.tuner.record import run_record
from keras_search.tuner.record.lock import locked
from keras_search.tuner.trial import pruners


@dataclass(frozen=True)
class SearchOptions:
    """What is asked of a search; the fields are the options of `search` on the command line."""

    trials: int = 20
    space: str = "baseline_cnn"
    objective: str = "val_accuracy"
    dataset: str = "auto"
    oracle: str = "random"
    pruner: str = "none"
    time_budget: str | None = None
    seed: int = 0
    run: str | None = None
    train_samples: int | None = None
    overrides: Sequence[str] = ()
    overwrite: bool = False
    workers: int | str = "auto"
    trials_per_gpu: int = 1
    scheduler: str | None = None
    keep_weights: int = 3
    retries: int = 1
    trial_timeout: str | None = None
    tensorboard: bool = False


def search(options: SearchOptions) -> Path:
    """Runs, or goes on with, the search that `options` ask for; returns the run directory.

    Everything is checked before a file is written; TensorFlow is loaded last, unless Keras must get the dataset.

    Raises:
        InputError, search_spaces.SpaceError: The options are not possible.
        tuner.SearchError: Every trial fails the same way, or none can work; or the run directory cannot be used.
        tuner.errors.Stopped: Ctrl-C or SIGTERM.
    """
    if options.trials < 1:
        raise InputError(Parameter("max_trials"), f" is {options.trials}: it must be at least 1")
    if not 0 <= options.seed < 2**31:
        raise InputError(Parameter("seed"), f" is {options.seed}: it must be 0 or more, and less than 2147483648")
    if options.keep_weights < 0:
        raise InputError(Parameter("keep_weights"), f" is {options.keep_weights}: it must be 0 or more")
    if options.train_samples is not None and options.train_samples < 1:
        raise InputError(Parameter("samples"), f" is {options.train_samples}: give at least two images a class")
    if options.retries < 0:
        raise InputError(Parameter("retries"), f" is {options.retries}: it must be 0 or more")
    in_this_process = check_workers(options.workers, options.trials_per_gpu) == 0
    if in_this_process and options.trial_timeout is not None:
        timeout, workers = Parameter("trial_timeout"), Parameter("workers")
        raise InputError(timeout, " ends the process of a trial, and ", workers, " 0 has none: give ", workers, " 1")
    search_spaces.check(options.space)
    custom = search_spaces.is_custom(options.space)
    if not custom:  # a user's own space may need the data
        narrow(search_spaces.get(options.space).hyperparameters, options.overrides)
    oracles.check(options.oracle)
    pruners.get(options.pruner)
    objective, direction = objectives.parse(options.objective)
    time_budget = None if options.time_budget is None else durations.parse("time_budget", options.time_budget)
    trial_timeout = None
    if options.trial_timeout is not None:
        trial_timeout = durations.parse("trial_timeout", options.trial_timeout)
    path = None if options.run is None else runs.directory(options.run)
    dataset = datasets.load(options.dataset)
    data = datasets.split(dataset, options.seed, options.train_samples)
    if custom:
        runtime.load_tensorflow()
    space = search_spaces.load(options.space, dataset.input_shape, dataset.num_classes)
    narrowed = narrow(space.hyperparameters, options.overrides)
    if custom:
        space.check_epochs(narrowed)
    oracles.check(options.oracle, [one.name for one in narrowed])
    if path is None:
        path = runs.ROOT / f"{dataset.name}-{space.name}-{options.oracle}-seed{options.seed}"
    asked: Asked = {
        "space": search_spaces.resolved(options.space),
        "space_code": search_spaces.fingerprint(options.space),
        "dataset": f"{dataset.name} sha256:{dataset.fingerprint[:16]}",
        "objective": f"{objective}:{direction}",
        "oracle": options.oracle,
        "pruner": options.pruner,
        "seed": options.seed,
        "train_samples": options.train_samples,
        "set": sorted(options.overrides),
    }
    details: RunInfo = {
        "objective": {"name": objective, "direction": direction},
        "baseline": space.baseline,
        "dataset": {
            "name": dataset.name,
            "source": dataset.source,
            "fingerprint": dataset.fingerprint,
            "training_images": len(data.x_train),
            "validation_images": len(data.x_validation),
            "notice": dataset.notice,
            "most_frequent_class": datasets.most_frequent(data.y_validation),
        },
    }
    run_record.check(path, asked, options.overwrite)
    cluster = None
    if options.scheduler is not None:  # one that does not answer is refused before a file is written
        cluster = choice.make(options.workers, options.trials_per_gpu, options.scheduler)
    with locked(path):
        run_record.open_run(path, asked, details, options.overwrite)
        if dataset.notice:
            print(f"NOTE: {dataset.notice}")
        print(f"{dataset.describe()}; {len(data.x_train):,} to train on, {len(data.x_validation):,} to validate on")
        print(sentences.most_frequent(*datasets.most_frequent(data.y_validation), "validation images"))
        if trial_rows.count_ended(path) >= options.trials:
            print(sentences.all_done(options.trials))
            SummaryWriter(path).write()
            return path
        with cluster or choice.make(options.workers, options.trials_per_gpu) as executor:
            # The workers load it at the same time.
            runtime.load_tensorflow()
            import keras_tuner

            from keras_search.search_spaces.declared import declared
            from keras_search.tuner.tuner import Tuner

            hypermodel = search_spaces.hypermodel(space, dataset.input_shape, dataset.num_classes)
            oracle = oracles.make(
                options.oracle,
                keras_tuner.Objective(objective, direction),
                options.trials,
                options.seed,
                sampled(declared(hypermodel), narrowed),
            )
            with blamed(options.space) if custom else contextlib.nullcontext():
                tuner = Tuner(
                    hypermodel,
                    oracle=oracle,
                    seed=options.seed,
                    executor=executor,
                    keep_weights=options.keep_weights,
                    pruner=options.pruner,
                    time_budget=time_budget,
                    retries=options.retries,
                    trial_timeout=trial_timeout,
                    tensorboard=options.tensorboard,
                    directory=path.parent,
                    project_name=path.name,
                )
            try:
                tuner.search(data.x_train, data.y_train, validation_data=(data.x_validation, data.y_validation))
            except KeyboardInterrupt:
                raise Stopped(path) from None
    return path
