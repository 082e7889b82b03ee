"""`search`: try configurations and keep a record."""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_search.commands.shared import DatasetOption, Workers, called, errors, make_console
from keras_search.results.text import command, one_line

if TYPE_CHECKING:
    from keras_search import results


def run_search(
    trials: Annotated[int, typer.Option(help="How many configurations to try, the baseline included.")] = 20,
    space: Annotated[
        str,
        typer.Option(
            help="The search space; `spaces` shows them. Or your own, whose code is then run: FILE.py:NAME or "
            "MODULE:NAME, a keras_tuner.HyperModel or a function build(hp)."
        ),
    ] = "baseline_cnn",
    dataset: DatasetOption = "auto",
    oracle: Annotated[
        str,
        typer.Option(
            help="What proposes configurations: random, grid, bayesian, hyperband (epochs are its budget), and with "
            "Optuna installed tpe, cmaes, qmc, gp. All but random and grid learn from the trials that have ended, so "
            "their points depend on how many run at once."
        ),
    ] = "random",
    pruner: Annotated[
        str,
        typer.Option(
            help="What ends trials that fall behind the others: none, median or asha. With one, scores depend on how "
            "many run at once."
        ),
    ] = "none",
    objective: Annotated[
        str, typer.Option(help="What is optimised: a metric of the model, or NAME:min, NAME:max.")
    ] = "val_accuracy",
    time_budget: Annotated[
        str | None,
        typer.Option(help="Begin no further trial after so long, such as 30m or 1h30m.", metavar="TIME"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides the configurations, the split and every trial's training.")] = 0,
    run: Annotated[
        str | None,
        typer.Option(help="A name under runs/, or a path; by default named from dataset, space, oracle and seed."),
    ] = None,
    train_samples: Annotated[
        int | None, typer.Option(help="Search on a stratified part of the training images.", metavar="N")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Narrow what is sampled: NAME=VALUE, NAME=LOW:HIGH[:STEP] or NAME=a,b,c; may be repeated. "
            "The baseline trial keeps its documented values.",
            metavar="NAME=...",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Delete the run of that name first.")] = False,
    workers: Workers = "auto",
    trials_per_gpu: Annotated[int, typer.Option(help="How many of auto's workers share a GPU.", metavar="K")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Train on the Dask cluster of this scheduler, tls://HOST:PORT or tcp://HOST:PORT, on at most "
            "--workers at once (docs/cluster.md).",
            metavar="ADDRESS",
        ),
    ] = None,
    retries: Annotated[
        int,
        typer.Option(help="Begin a trial again, from its last epoch, N times if its process dies.", metavar="N"),
    ] = 1,
    trial_timeout: Annotated[
        str | None, typer.Option(help="A trial that takes longer fails, such as 30m or 2h.", metavar="TIME")
    ] = None,
    keep_weights: Annotated[int, typer.Option(help="Keep the weights of the best N trials.", metavar="N")] = 3,
    tensorboard: Annotated[
        bool,
        typer.Option("--tensorboard", help="Also write every epoch and the HParams tab for TensorBoard."),
    ] = False,
    explain_speed: Annotated[
        bool,
        typer.Option("--explain-speed", help="In the end, show what made training faster, and why something did not."),
    ] = False,
) -> None:
    """Try configurations and keep a record; the same command again goes on where it stopped.

    Exit code 0 where a trial has finished, 1 where none has, 2 for options that are refused, 130 after Ctrl-C.
    """
    # TensorFlow takes seconds to load, in which a signal is to end all as politely.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with errors():
        from keras_search import search_spaces
        from keras_search.tuner.command.search import SearchOptions, search
        from keras_search.tuner.errors import Stopped
        from keras_search.tuner.search.stop import outliving_the_terminal

        options = SearchOptions(
            trials=trials,
            space=space,
            dataset=dataset,
            oracle=oracle,
            pruner=pruner,
            objective=objective,
            time_budget=time_budget,
            seed=seed,
            run=run,
            train_samples=train_samples,
            overrides=overrides or [],
            overwrite=overwrite,
            workers=workers,
            trials_per_gpu=trials_per_gpu,
            scheduler=scheduler,
            keep_weights=keep_weights,
            retries=retries,
            trial_timeout=trial_timeout,
            tensorboard=tensorboard,
        )
        is_stopped = False
        try:
            with outliving_the_terminal():
                path = search(options)
        except Stopped as stopped:
            path, is_stopped = stopped.path, True
        found = _print_outcome(path)
        if explain_speed:
            _print_speed(path)
        if is_stopped:
            print("Stopped: the same command goes on.", file=sys.stderr)
            raise typer.Exit(130)
        if found is None or found.finished.empty:
            print(f"Error: {_nothing_finished(found)}", file=sys.stderr)
            raise typer.Exit(1)
        name = run or path.name
        named = [f"--run={name}"] if name.startswith("-") else ["--run", name]
        own_code = ["--run-code"] if search_spaces.is_custom(space) else []
        print(f"Next: {command(*called(), 'best', *named, '--evaluate', *own_code)}")


def _nothing_finished(run: "results.Run | None") -> str:
    """Why a search has no result, and what to do about it."""
    if run is None:
        return "no trial was begun before the time budget was used up: the same command with a longer one goes on"
    return f"no trial has finished: {run.failures}; mend that, and search anew with --overwrite"


def _print_outcome(path: Path) -> "results.Run | None":
    """Shows the best trials so far, and where all of them are; returns the run, None where it has no trial."""
    from keras_search import results
    from keras_search.results import layout
    from keras_search.results.reading import trial_rows
    from keras_search.results.telling import sentences, tables

    if not trial_rows.trial_directories(path):
        return None
    found = results.read(path)
    console = make_console()
    console.print()
    if not found.finished.empty:
        console.print(tables.best_table(found))
        console.print(sentences.baseline_place(found))
    # Paths and commands stay whole, to be copied.
    files = f"All trials: {path / layout.SUMMARY}, learning curves: {path / layout.EPOCHS}"
    console.print(one_line(files), soft_wrap=True)
    if (path / layout.TENSORBOARD).is_dir():
        console.print(f"TensorBoard: {command('tensorboard', '--logdir', path)}", soft_wrap=True)
    return found


def _print_speed(path: Path) -> None:
    """Shows which accelerations the trials so far were trained with, and why not with the others."""
    from keras_search.results.telling.speed import speed_table

    table = speed_table(path)
    print()
    if table is None:
        print("What made training faster is not known: no trial has told of it.")
    else:
        make_console().print(table)
