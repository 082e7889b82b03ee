"""`search`: try configurations and keep a record."""

import sys
from typing import Annotated

import typer

from commands.shared import DatasetOption, Workers, errors, make_console


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
    keep_weights: Annotated[int, typer.Option(help="Keep the weights of the best N trials.", metavar="N")] = 3,
) -> None:
    """Try configurations and keep a record; the same command again goes on where it stopped."""
    with errors():
        import results
        from results import layout, sentences, tables
        from tuner.search import SearchOptions, search

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
            keep_weights=keep_weights,
        )
        try:
            path = search(options)
        except KeyboardInterrupt:
            print("Stopped. Finished trials are kept: the search goes on where it is asked for again.", file=sys.stderr)
            raise typer.Exit(130) from None
        found = results.read(path)
        console = make_console()
        console.print()
        if not found.finished.empty:
            console.print(tables.best_table(found))
            console.print(sentences.baseline_place(found))
        console.print(f"All trials: {path / layout.SUMMARY}, learning curves: {path / layout.EPOCHS}")
        if not found.finished.empty:
            console.print(f"Next: python cli.py best --run {run or path.name} --evaluate")
