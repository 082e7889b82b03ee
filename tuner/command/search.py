"""The command line's search, from its options to a finished run directory."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from keras_search import results, search_spaces
from keras_search.results.reading import trial_rows
from keras_search.results.telling import sentences
from keras_search.search_spaces.origin import blamed
from keras_search.tuner import oracles, runtime
from keras_search.tuner.command import plan
from keras_search.tuner.command.options import SearchOptions
from keras_search.tuner.command.overrides import sampled
from keras_search.tuner.command.plan import Plan
from keras_search.tuner.data import datasets
from keras_search.tuner.errors import Stopped
from keras_search.tuner.executors import choice
from keras_search.tuner.executors.base import Executor
from keras_search.tuner.record import run_record
from keras_search.tuner.record.lock import locked
from keras_search.tuner.record.summary import SummaryWriter

if TYPE_CHECKING:
    from keras_search.tuner.tuner import Tuner

# The options that a run keeps, by their names there.
_SAME = ("space", "objective", "oracle", "pruner", "seed", "threads", "train_samples")


def search(options: SearchOptions) -> Path:
    """Runs the search that `options` ask for, or goes on with it; returns the run directory.

    Checks everything before a file is written; loads TensorFlow last, unless `plan.make` needs it.

    Raises:
        InputError, search_spaces.SpaceError: The options are not possible.
        tuner.SearchError: Every trial fails the same way, none can work, or the run directory cannot be used.
        tuner.errors.Stopped: Ctrl-C or SIGTERM.
    """
    planned = plan.make(options)
    path, data, asked = planned.path, planned.data, planned.asked()
    run_record.check(path, asked, options.overwrite)
    if planned.warm_start:
        _check_warm_start(planned)
    cluster = None
    if options.scheduler is not None:  # if it does not answer, that is said before a file is written
        cluster = choice.make(options.workers, options.trials_per_gpu, options.scheduler)
    with locked(path):
        run_record.open_run(path, asked, planned.details(), options.overwrite)
        _describe(planned)
        # To count the trials that have ended, all are read.
        trials = planned.trials
        if trials is not None and len(trial_rows.trial_directories(path)) >= trials <= trial_rows.count_ended(path):
            print(sentences.all_done(trials))
            SummaryWriter(path).write()
        else:
            with cluster or _executor(options) as executor:
                # At the same time as the workers.
                runtime.load_keras()
                tuner = _tuner(planned, executor)
                try:
                    tuner.search(data.x_train, data.y_train, validation_data=(data.x_validation, data.y_validation))
                except KeyboardInterrupt:
                    raise Stopped(path) from None
        if options.confirm and _has_finished(path):
            _confirm(planned)
    return path


def confirm(run: results.Run, workers: int | str) -> None:
    """Trains the best trials of `run`, which `search` has made, once more on fresh seeds (`Tuner.confirm`).

    Args:
        workers: As for a search.

    Raises:
        InputError, search_spaces.SpaceError: Its data or its space have changed or are gone, or no trial has finished.
        tuner.SearchError, tuner.errors.Stopped: As for a search.
    """
    asked = run.info["asked"]
    named = {"overrides": asked.get("set", ()), "dataset": run.info["dataset"]["source"]}
    same = {name: asked[name] for name in _SAME if name in asked}
    options = SearchOptions(trials=len(run.trials), run=str(run.path.resolve()), workers=workers, **named, **same)
    planned = replace(plan.make(options), path=run.path)
    run_record.check(run.path, planned.asked(), overwrite=False)
    with locked(run.path, "confirmation"):
        _confirm(planned)


def _has_finished(path: Path) -> bool:
    """Whether a trial of the run in the directory `path` has finished well."""
    rows = map(trial_rows.read_trial, trial_rows.trial_directories(path))
    return any(row["status"] == "COMPLETED" for row in rows)


def _confirm(planned: Plan) -> None:
    data = planned.data
    with _executor(planned.options) as executor:
        runtime.load_keras()
        tuner = _tuner(planned, executor)
        try:
            tuner.confirm(data.x_train, data.y_train, validation_data=(data.x_validation, data.y_validation))
        except KeyboardInterrupt:
            raise Stopped(planned.path) from None


def _executor(options: SearchOptions) -> Executor:
    return choice.make(options.workers, options.trials_per_gpu, options.scheduler, options.threads)


def _describe(planned: Plan) -> None:
    data = planned.data
    if planned.dataset.notice:
        print(f"NOTE: {planned.dataset.notice}")
    images = f"{len(data.x_train):,} to train on, {len(data.x_validation):,} to validate on"
    print(f"{planned.dataset.describe()}; {images}")
    print(sentences.most_frequent(*datasets.most_frequent(data.y_validation), "validation images"))


def _check_warm_start(planned: Plan) -> None:
    """Raises InputError if the earlier runs cannot be used; a run that has taken over from them needs them no more."""
    runtime.load_keras()
    import keras_tuner

    from keras_search.search_spaces.declared import declared
    from keras_search.tuner.record import warm_start

    hypermodel = planned.space.hypermodel(planned.dataset.input_shape, planned.dataset.num_classes)
    with _blamed(planned):
        hp = declared(hypermodel, sampled(declared(hypermodel), planned.narrowed))
    space = warm_start.Space(hp, hp.values, hypermodel)
    objective = keras_tuner.Objective(planned.objective, planned.direction)
    warm_start.taken(planned.warm_start, planned.path, planned.options.overwrite, objective, space)


def _blamed(planned: Plan) -> contextlib.AbstractContextManager:
    return blamed(planned.options.space) if search_spaces.is_custom(planned.options.space) else contextlib.nullcontext()


def _tuner(planned: Plan, executor: Executor) -> "Tuner":
    import keras_tuner

    from keras_search.search_spaces.declared import declared
    from keras_search.tuner.tuner import Tuner

    options = planned.options
    hypermodel = planned.space.hypermodel(planned.dataset.input_shape, planned.dataset.num_classes)
    oracle = oracles.make(
        planned.oracle,
        keras_tuner.Objective(planned.objective, planned.direction),
        planned.trials,
        options.seed,
        sampled(declared(hypermodel), planned.narrowed),
    )
    with _blamed(planned):
        return Tuner(
            hypermodel,
            oracle=oracle,
            seed=options.seed,
            executor=executor,
            keep_weights=options.keep_weights,
            pruner=options.pruner,
            time_budget=planned.time_budget,
            until_no_better=options.until_no_better,
            warm_start=planned.warm_start,
            retries=options.retries,
            trial_timeout=planned.trial_timeout,
            tensorboard=options.tensorboard,
            directory=planned.path.parent,
            project_name=planned.path.name,
        )
