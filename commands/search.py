"""`search`: tries configurations and keeps a record."""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from keras_search.commands import search_options
from keras_search.commands.shared import DatasetOption, Workers, errors, evaluate_command, make_console, option
from keras_search.results.errors import worded
from keras_search.results.text import command, one_line

if TYPE_CHECKING:
    from keras_search import results
    from keras_search.tuner.command.options import SearchOptions


def run_search(
    trials: search_options.Trials = None,
    space: search_options.Space = "baseline_cnn",
    dataset: DatasetOption = "auto",
    oracle: search_options.Oracle = None,
    pruner: search_options.Pruner = "none",
    objective: search_options.Objective = "val_accuracy",
    time_budget: search_options.TimeBudget = None,
    until_no_better: search_options.UntilNoBetter = None,
    warm_start: search_options.WarmStart = None,
    seed: search_options.Seed = 0,
    run: search_options.NewRun = None,
    train_samples: search_options.TrainSamples = None,
    overrides: search_options.Overrides = None,
    overwrite: search_options.Overwrite = False,
    workers: Workers = "auto",
    threads: search_options.Threads = 1,
    trials_per_gpu: search_options.TrialsPerGpu = 1,
    scheduler: search_options.Scheduler = None,
    retries: search_options.Retries = 1,
    trial_timeout: search_options.TrialTimeout = None,
    keep_weights: search_options.KeepWeights = 3,
    tensorboard: search_options.TensorBoard = False,
    explain_speed: search_options.ExplainSpeed = False,
    confirm: search_options.Confirm = False,
) -> None:
    """Try configurations and keep a record; the same command again goes on where it stopped.

    Exit code 0 if a trial has finished, 1 if none has, 2 if an option is refused, 130 after Ctrl-C.
    """
    # While TensorFlow loads, which takes seconds, SIGTERM ends the program as politely as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with errors(), worded(option):
        from keras_search.tuner.command.options import SearchOptions

        _search(
            SearchOptions(
                trials=trials,
                space=space,
                dataset=dataset,
                oracle=oracle,
                pruner=pruner,
                objective=objective,
                time_budget=time_budget,
                until_no_better=until_no_better,
                warm_start=warm_start or [],
                seed=seed,
                run=run,
                train_samples=train_samples,
                overrides=overrides or [],
                overwrite=overwrite,
                workers=workers,
                threads=threads,
                trials_per_gpu=trials_per_gpu,
                scheduler=scheduler,
                keep_weights=keep_weights,
                retries=retries,
                trial_timeout=trial_timeout,
                tensorboard=tensorboard,
                confirm=confirm,
            ),
            explain_speed,
        )


def _search(asked: "SearchOptions", explain_speed: bool) -> None:
    """Searches, then prints the outcome and what to do next."""
    from keras_search import search_spaces
    from keras_search.tuner.command.search import search
    from keras_search.tuner.errors import Stopped
    from keras_search.tuner.search.stop import outliving_the_terminal

    is_stopped = False
    try:
        with outliving_the_terminal():
            path = search(asked)
    except Stopped as stopped:
        path, is_stopped = stopped.path, True
    run = _print_outcome(path)
    if explain_speed:
        _print_speed(path)
    if is_stopped:
        print("Stopped: the same command goes on.", file=sys.stderr)
        raise typer.Exit(130)
    if run is None or run.finished.empty:
        print(f"Error: {_nothing_finished(run)}", file=sys.stderr)
        raise typer.Exit(1)
    print(f"Next: {evaluate_command(asked.run or path.name, search_spaces.is_custom(asked.space))}")


def _nothing_finished(run: "results.Run | None") -> str:
    """Why a search has no result, and what to do about it."""
    if run is None:
        return "no trial was begun before the time budget was used up: the same command with a longer one goes on"
    if run.failed.empty:
        return "no trial has finished in the time: the same command goes on"
    return f"no trial has finished: {run.failures}; mend that, and search anew with --overwrite"


def _print_outcome(path: Path) -> "results.Run | None":
    """Shows the best trials so far and where to find all; returns the run, or None if it has no trial."""
    from keras_search import results
    from keras_search.results import layout
    from keras_search.results.reading import trial_rows
    from keras_search.results.telling import sentences, tables

    if not trial_rows.trial_directories(path):
        return None
    run = results.read(path)
    console = make_console()
    console.print()
    if not run.finished.empty:
        console.print(tables.best_table(run))
        console.print(sentences.baseline_place(run))
        for sentence in filter(None, (sentences.prospect(run), sentences.confirmed(run))):
            console.print(sentence)
    # Not wrapped, so that paths and commands can be copied.
    files = f"All trials: {path / layout.SUMMARY}, learning curves: {path / layout.EPOCHS}"
    console.print(one_line(files), soft_wrap=True)
    if (path / layout.TENSORBOARD).is_dir():
        console.print(f"TensorBoard: {command('tensorboard', '--logdir', path)}", soft_wrap=True)
    return run


def _print_speed(path: Path) -> None:
    """Shows which accelerations were on for the trials so far, and why the others were not."""
    from keras_search.results.telling.speed import speed_table

    table = speed_table(path)
    print()
    if table is None:
        print("What made training faster is not known: no trial has recorded it.")
    else:
        make_console().print(table)
