"""The command line: parses, calls, prints. Nothing heavy is imported before a command needs it."""

import contextlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import results
    from search_spaces import SearchSpace
    from tuner.retraining import Training

app = typer.Typer(
    help="Searches hyperparameters of Keras models, and says honestly how much better the best one is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_WIDTH_IN_A_FILE = 160
_MOST_SHOWN = 100
_MOST_PROBLEMS = 20

Run = Annotated[str | None, typer.Option("--run", help="A name under runs/, or a path; the latest run by default.")]
DatasetOption = Annotated[
    str,
    typer.Option(
        "--dataset",
        help="auto (MNIST, else digits), mnist, fashion_mnist, digits, or the path of an .npz file with "
        "x_train, y_train, x_test, y_test.",
    ),
]
Workers = Annotated[
    str,
    typer.Option(
        "--workers",
        help="Processes that train at once: auto (one a core, or one a GPU), a number, or 0 for this process, for a "
        "debugger. Scores are the same for any number of workers on the CPU, but not for 0, which uses all cores for "
        "one trial and so adds in another order.",
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", help="How often to train from scratch, each time with another seed.")]


@app.command("search")
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
    with _errors():
        import results
        from results import layout, tables
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
        console = _console()
        console.print()
        if not found.finished.empty:
            console.print(tables.best_table(found))
            console.print(tables.baseline_place(found))
        console.print(f"All trials: {path / layout.SUMMARY}, learning curves: {path / layout.EPOCHS}")
        if not found.finished.empty:
            console.print(f"Next: python cli.py best --run {run or path.name} --evaluate")


@app.command("best")
def show_best(
    run: Run = None,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Retrain it and the baseline on all training images, and test them.")
    ] = False,
    seeds: Seeds = 3,
    workers: Workers = "auto",
) -> None:
    """Show the best configuration; with --evaluate, test it against the baseline."""
    with _errors():
        from results import layout, runs, tables
        from results.text import one_line
        from tuner import evaluation, executors

        evaluation.check_seeds(seeds)
        executors.check_workers(workers)
        found = _read(runs.find(run))
        if evaluate:
            evaluation.check_recorded(found)
        trial = found.best
        console = _console()
        data = f" on {found.dataset['name']}" if found.dataset else ""
        console.print(
            f"The best of {len(found.finished)} finished trials of {one_line(str(found.path))}{data}: "
            f"trial {one_line(trial['trial_id'])}"
        )
        _print_notice(console, found)
        console.print(tables.configuration_table(evaluation.configuration(found)))
        console.print(tables.best_sentence(found))
        if place := tables.baseline_place(found):
            console.print(place)
        if not evaluate:
            return
        dataset = evaluation.load_dataset(found)
        space = evaluation.load_space(found, dataset)
        images = f"all {len(dataset.x_train):,} training images of {dataset.name}"
        if space.needs_validation_data:
            images += " but a sixth, held back as the validation_data that its `fit` needs"
        console.print(
            f"\nRetraining it and the baseline on {images}, on {_count(seeds, 'seed')} each, "
            f"and testing on {len(dataset.x_test):,} images"
        )
        outcome = evaluation.evaluate(found, dataset, space, seeds, workers, _report)
        epochs = {training.model: training.epochs for training in outcome.trainings}
        console.print(tables.verdict_table(outcome.verdict, epochs))
        for sentence in tables.verdict_sentences(outcome.verdict, outcome.most_frequent_class, outcome.same):
            console.print(sentence)
        console.print()
        console.print(
            f"{found.path / layout.BEST_MODEL}, read back from disk: {tables.percent(outcome.reloaded_accuracy)}\n"
            f"Every figure: {found.path / layout.EVALUATION_CSV}, {found.path / layout.EVALUATION_JSON}"
        )


@app.command("baseline")
def train_baseline(dataset: DatasetOption = "auto", seeds: Seeds = 3, workers: Workers = "auto") -> None:
    """Build, compile, train and test the documented CNN, alone."""
    with _errors():
        import search_spaces
        from results import tables, verdict
        from tuner import datasets, evaluation, executors

        evaluation.check_seeds(seeds)
        executors.check_workers(workers)
        space = search_spaces.get("baseline_cnn")
        data = datasets.load(dataset)
        console = _console()
        if data.notice:
            console.print(f"NOTE: {data.notice}")
        console.print(data.describe())
        console.print(evaluation.describe_baseline(space, data))
        trainings = evaluation.train_baseline(space, data, seeds, workers, _report)
        interval = verdict.mean([training.test_accuracy for training in trainings])
        console.print(f"Mean test accuracy: {tables.percent(interval.mean)}, 95% interval {tables.between(interval)}")
        if data.documented_accuracy is not None:
            console.print(f"Documented: {tables.percent(data.documented_accuracy)}")
            console.print(tables.documented_sentence(data.documented_accuracy, *evaluation.most_frequent_class(data)))
        else:
            console.print(tables.NOT_COMPARABLE)


@app.command("results")
def show_results(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A name under runs/, or a path: of a run, of any Keras Tuner project, or of a folder of several; the "
            "latest run by default."
        ),
    ] = None,
    top: Annotated[int | None, typer.Option(help="Only the first N.", metavar="N")] = None,
    sort: Annotated[str, typer.Option(help="A column of summary.csv.", metavar="COLUMN")] = "score",
    csv: Annotated[Path | None, typer.Option(help="Also write them, with every column, to a file.")] = None,
    json: Annotated[Path | None, typer.Option(help="The same, as an array of objects.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="The same, as a table without the empty columns.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="The same, as Parquet; needs pyarrow.")] = None,
) -> None:
    """Show the trials of a run, or of any Keras Tuner project."""
    with _errors():
        from results import export, projects, runs, tables
        from results.text import one_line

        asked = {"csv": csv, "json": json, "markdown": markdown, "parquet": parquet}
        files = {option: path for option, path in asked.items() if path is not None}
        path = runs.find(run)
        console = _console()
        if not files and len(several := projects.inside(path)) > 1:
            console.print(f"{one_line(str(path))} holds {len(several)} projects; give the path of one for its trials")
            console.print(tables.projects_table([(str(one.relative_to(path)), _readable(one)) for one in several]))
            return
        found = _read(path)
        trials = tables.ordered(found, sort, top)
        for option, file in files.items():
            export.check(option, file)
        for option, file in files.items():
            export.FORMATS[option](trials, file)
        finished = f"{len(found.finished):,} finished of {_count(len(found.trials), 'trial')}"
        console.print(f"{one_line(str(found.path))}: {finished}; objective: {tables.objective(found)}")
        _print_notice(console, found)
        shown = trials.head(_MOST_SHOWN if top is None else top)
        console.print(tables.trials_table(shown))
        if len(shown) < len(trials):
            console.print(f"The first {len(shown)} of {len(trials):,}: --top N shows more, --csv FILE has all.")
        for file in files.values():
            console.print(f"Written: {one_line(str(file))}")


@app.command("compare")
def compare_runs(
    names: Annotated[list[str], typer.Argument(metavar="RUN RUN ...", help="Names under runs/, or paths.")],
    out: Annotated[Path, typer.Option(help="The picture to write, .png or .svg.")] = Path("compare.png"),
) -> None:
    """Compare runs: their scores and costs, and a plot of the best score so far of each."""
    with _errors():
        from results import comparison, plots, runs

        plots.check_file(out)
        found = comparison.read([runs.find(name) for name in names])
        figure = plots.comparison(found)
        plots.save(figure, out)
        console = _console()
        if caution := comparison.caution(found):
            console.print(f"NOTE: {caution}")
        console.print(comparison.table(found))
        console.print(f"Written: {out}")


@app.command("plot")
def plot_run(
    run: Annotated[str | None, typer.Argument(help="A name under runs/, or a path; the latest run by default.")] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            help="history, curves, slices, parallel, importance, tradeoff, confusion or mistakes; may be repeated. "
            "All that the run has enough for by default.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to write to; plots in the run's by default.")] = None,
) -> None:
    """Plot a run: its history, learning curves, hyperparameters, costs and the best model's mistakes."""
    with _errors():
        import results
        from results import layout, plots, runs
        from results.text import one_line
        from tuner import predictions

        plots.check_kinds(kinds or [])
        found = _read(runs.find(run))
        folder = out or found.path / layout.PLOTS
        plots.check_folder(folder)
        left_out: dict[str, list[str]] = {}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", results.RunWarning)
            if kinds:
                figures = plots.draw(found, kinds, predictions.predict)
            else:
                figures, left_out = plots.draw_possible(found, predictions.predict)
        written = plots.save_all(figures, folder)
        console = _console()
        for warning in caught:
            console.print(f"NOTE: {warning.message}")
        for reason, missing in left_out.items():
            console.print(f"Left out {' and '.join(missing)}: {reason}")
        for path in written:
            console.print(f"Written: {one_line(str(path))}, .svg")


@app.command("samples")
def draw_samples(
    dataset: DatasetOption = "auto",
    out: Annotated[Path, typer.Option(help="The picture to write; its ending is its format.")] = Path("samples.png"),
) -> None:
    """Draw the first sixteen training images in a 4x4 grid."""
    with _errors():
        from tuner import datasets
        from tuner.samples import check_picture, save_samples

        check_picture(out)
        data = datasets.load(dataset)
        save_samples(data, out)
        console = _console()
        if data.notice:
            console.print(f"NOTE: {data.notice}")
        console.print(f"{data.describe()}\nWritten: {out}")


@app.command("spaces")
def show_spaces() -> None:
    """Show every search space: hyperparameters, ranges and baseline values."""
    import search_spaces

    console = _console()
    for space in search_spaces.SPACES.values():
        console.print(f"{space.name}: {space.summary}")
        console.print(_space_table(space))


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Turns what the user can mend into one line on standard error, and exit code 2."""
    from results import RunError
    from search_spaces import SpaceError
    from tuner.errors import InputError, SearchError

    try:
        yield
    except (InputError, RunError, SpaceError) as error:
        print(f"Error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        raise typer.Exit(130) from None
    except OSError as error:
        print(f"Error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        raise typer.Exit(2) from None
    except SearchError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


def _read(path: Path) -> "results.Run":
    """Reads a run; what of it cannot be read is told on standard error, a line each."""
    import results

    run = results.read(path)
    for problem in run.problems[:_MOST_PROBLEMS]:
        print(f"Warning: {problem}", file=sys.stderr)
    if len(run.problems) > _MOST_PROBLEMS:
        print(f"Warning: {len(run.problems) - _MOST_PROBLEMS:,} more like these", file=sys.stderr)
    return run


def _readable(path: Path) -> "results.Run | None":
    import results

    try:
        return results.read(path)
    except results.RunError:
        return None


def _print_notice(console: Console, run: "results.Run") -> None:
    if run.dataset and run.dataset["notice"]:
        console.print(f"NOTE: {run.dataset['notice']}")


def _console() -> Console:
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=_WIDTH_IN_A_FILE)


def _space_table(space: "SearchSpace") -> Table:
    table = Table("hyperparameter", "type", "range", "baseline", box=SIMPLE_HEAD, pad_edge=False)
    has_conditions = any(one.conditions for one in space.hyperparameters)
    if has_conditions:
        table.add_column("only with")
    for one in space.hyperparameters:
        conditions = ", ".join(f"{parent}={'/'.join(map(str, values))}" for parent, values in one.conditions)
        default = str(space.baseline.get(one.name, ""))
        table.add_row(one.name, one.kind, one.range, default, *([conditions] if has_conditions else []))
    return table


def _report(training: "Training") -> None:
    print(
        f"{training.model}, seed {training.seed}: {_count(training.epochs, 'epoch')} in {training.train_s:.1f} s, "
        f"test accuracy {training.test_accuracy:.4f}, loss {training.test_loss:.4f}",
        flush=True,
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


if __name__ == "__main__":
    app()
