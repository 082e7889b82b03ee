"""`best` and `baseline`: retrain and test the best configuration and the documented one."""

import codecs
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from keras_search.commands.shared import (
    DatasetOption,
    Run,
    RunCode,
    Seeds,
    Workers,
    count,
    errors,
    make_console,
    option,
    print_notice,
    read,
    report_training,
)
from keras_search.results.errors import worded
from keras_search.results.text import one_line

if TYPE_CHECKING:
    from keras_search import results


def show_best(
    run: Run = None,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Retrain it and the baseline on all training images, and test them.")
    ] = False,
    code: Annotated[
        bool, typer.Option("--code", help="Print it as a plain Keras script instead, which runs without this toolkit.")
    ] = False,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm",
            help="First train the best five once more on two fresh seeds each, and choose by all of their scores.",
        ),
    ] = False,
    seeds: Seeds = 3,
    workers: Workers = "auto",
    run_code: RunCode = False,
) -> None:
    """Show the best configuration; with --evaluate, test it against the baseline."""
    if code:
        _print_script(run, evaluate or confirm, run_code)
        return
    with errors():
        from keras_search.results.reading import runs
        from keras_search.tuner.evaluation import comparison
        from keras_search.tuner.executors.workers import check_workers

        comparison.check_seeds(seeds)
        check_workers(workers)
        loaded = read(runs.find(run))
        if evaluate or confirm:
            comparison.check_recorded(loaded)
            comparison.check_code(loaded, run_code)
        if confirm:
            loaded = _confirm(loaded, workers)
        console = make_console()
        _print_best(console, loaded)
        if evaluate:
            _evaluate(console, loaded, seeds, workers, run_code)


def _print_best(console: Console, run: "results.Run") -> None:
    from keras_search.results.telling import sentences, tables

    data = f" on {one_line(run.dataset['name'])}" if run.dataset else ""
    finished = count(len(run.finished), "finished trial")
    trial = one_line(run.best["trial_id"])
    console.print(f"The best of {finished} of {one_line(str(run.path))}{data}: trial {trial}", soft_wrap=True)
    print_notice(console, run)
    console.print(tables.configuration_table(run.configuration))
    console.print(sentences.best_trial(run))
    for sentence in filter(None, (sentences.confirmed(run), sentences.baseline_place(run))):
        console.print(sentence)


def _confirm(run: "results.Run", workers: str) -> "results.Run":
    """Confirms the best of `run`, and reads it again."""
    from keras_search.tuner.command.search import confirm

    with worded(option):
        confirm(run, workers)
    return read(run.path)


def _evaluate(console: Console, run: "results.Run", seeds: int, workers: str, run_code: bool) -> None:
    from keras_search.results import layout
    from keras_search.results.telling import sentences, tables
    from keras_search.tuner.evaluation import comparison
    from keras_search.tuner.record.lock import locked

    dataset = comparison.load_dataset(run)
    space = comparison.load_space(run, dataset, run_code)
    retrained, often = ("it", "") if sentences.is_baseline(run.best) else ("it and the baseline", " each")
    images = f"all {len(dataset.x_train):,} training images of {one_line(dataset.name)}"
    if space.needs_validation_data:
        images += " but a sixth, held back as the validation_data that its `fit` needs"
    with locked(run.path, "evaluation"):
        console.print(
            f"\nRetraining {retrained} on {images}, on {count(seeds, 'seed')}{often}, "
            f"and testing on {len(dataset.x_test):,} images"
        )
        outcome = comparison.evaluate(run, dataset, space, seeds, workers, report_training)
    console.print(tables.verdict_table(outcome.verdict, outcome.epochs_trained, outcome.same))
    for sentence in sentences.verdict(outcome.verdict, outcome.most_frequent_class, outcome.same):
        console.print(sentence)
    console.print()
    path = Path(one_line(str(run.path)))  # safe to print
    console.print(
        f"{path / layout.BEST_MODEL}, read back from disk: {sentences.percent(outcome.reloaded_accuracy)}\n"
        f"Every figure: {path / layout.EVALUATION_CSV}, {path / layout.EVALUATION_JSON}",
        soft_wrap=True,
    )


def _print_script(run: str | None, trains: bool, run_code: bool) -> None:
    with errors():
        from keras_search.results.reading import runs
        from keras_search.results.text import escaped
        from keras_search.tuner import script
        from keras_search.tuner.errors import InputError

        if trains:
            raise InputError("--code prints a script, and --confirm and --evaluate train: give --code alone")
        text = script.write(read(runs.find(run)), run_code)
        if codecs.lookup(sys.stdout.encoding or "utf-8").name != "utf-8":
            # The script may be saved as it is printed, and Python reads scripts as UTF-8.
            text = escaped(text, "ascii")
        # A console would wrap the lines.
        print(text, end="")


def train_baseline(dataset: DatasetOption = "auto", seeds: Seeds = 3, workers: Workers = "auto") -> None:
    """Build, compile, train and test the documented CNN, alone."""
    with errors():
        from keras_search import search_spaces
        from keras_search.results import verdict
        from keras_search.results.telling import sentences
        from keras_search.tuner.data import datasets
        from keras_search.tuner.evaluation import comparison
        from keras_search.tuner.executors.workers import check_workers

        comparison.check_seeds(seeds)
        check_workers(workers)
        space = search_spaces.get("baseline_cnn")
        data = datasets.load(dataset)
        console = make_console()
        if data.notice:
            console.print(f"NOTE: {data.notice}")
        console.print(data.describe())
        console.print(comparison.describe_baseline(space, data))
        trainings = comparison.train_baseline(space, data, seeds, workers, report_training)
        interval = verdict.mean([training.test_accuracy for training in trainings])
        console.print(
            f"Mean test accuracy: {sentences.percent(interval.mean)}, 95% interval {sentences.between(interval)}"
        )
        if data.documented_accuracy is not None:
            console.print(f"Documented: {sentences.percent(data.documented_accuracy)}")
            console.print(sentences.documented(data.documented_accuracy, *datasets.most_frequent(data.y_test)))
        else:
            console.print(sentences.NOT_COMPARABLE)
            console.print(sentences.most_frequent(*datasets.most_frequent(data.y_test), "test images"))
