"""What several commands share: options, errors and warnings, the console."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from keras_search.results.numbers import number
from keras_search.results.text import command, count, one_line

if TYPE_CHECKING:
    from keras_search import results
    from keras_search.results.errors import EvaluateIt, Parameter
    from keras_search.results.evaluation import Training
    from keras_search.results.plots import Predictions

_WIDTH_IN_A_FILE = 160
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
        "debugger. On the CPU the scores are the same for any number of workers; with 0 a trial uses all cores, and "
        "rounding differs.",
    ),
]
RunCode = Annotated[
    bool,
    typer.Option(
        "--run-code",
        help="Allow the Python code that the run names, that of a search space of your own, to be run where models "
        "must be built. Without this option, reading a run never runs its code.",
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", help="How often to train from scratch, each time with another seed.")]


# Parameters of the library whose options have other names.
_OPTIONS = {
    "executor": "--workers",
    "kinds": "--kind",
    "max_trials": "--trials",
    "overrides": "--set",
    "path": "--out",
    "project_name": "--run",
    "samples": "--train-samples",
    "url": "--optuna",
}


def told(error: ValueError) -> str:
    """The message of `error`, with the names of options in place of parameters."""
    from keras_search.results.errors import Refusal

    return error.told(_said) if isinstance(error, Refusal) else str(error)


def _said(part: "Parameter | EvaluateIt") -> str:
    from keras_search.results.errors import EvaluateIt

    if isinstance(part, EvaluateIt):
        return f"`{evaluate_command(run_name(part.run))}` makes it"
    return option(part)


def option(parameter: str) -> str:
    """The option for the library's `parameter`: `--keep-weights` for `keep_weights`."""
    name = parameter.removesuffix("=True")  # a flag, which takes no value
    return _OPTIONS.get(name, f"--{name.replace('_', '-')}")


def called() -> list[str]:
    """How the user called this program, as words: `python cli.py`, `keras-search` or `python -m keras_search`."""
    path = Path(sys.argv[0])
    if path.name == "__main__.py":
        return ["python", "-m", path.parent.name]
    return ["python", sys.argv[0]] if path.suffix == ".py" else ["keras-search"]


def run_name(path: Path) -> str:
    """The name by which a command finds the run in the directory `path`."""
    from keras_search.results.reading import runs

    return path.name if path.parent == runs.ROOT else str(path)


def evaluate_command(run: str, run_code: bool = False) -> str:
    """The command that evaluates a run.

    Args:
        run: The name or the path of the run.
        run_code: Whether its models are built by the user's own code.
    """
    named = [f"--run={run}"] if run.startswith("-") else ["--run", run]
    return command(*called(), "best", *named, "--evaluate", *(["--run-code"] if run_code else []))


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Turns errors that the user can mend into a line on standard error and an exit code."""
    from keras_search.results import RunError
    from keras_search.search_spaces import SpaceError
    from keras_search.tuner.errors import InputError, SearchError

    try:
        yield
    except (InputError, RunError, SpaceError) as error:
        print(f"Error: {one_line(told(error))}", file=sys.stderr)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        raise typer.Exit(130) from None
    except OSError as error:
        about = one_line(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
        print(f"Error: {about}", file=sys.stderr)
        raise typer.Exit(2) from None
    except SearchError as error:
        print(f"Error: {one_line(str(error))}", file=sys.stderr)
        raise typer.Exit(1) from None


def read(path: Path) -> "results.Run":
    """Reads a run, and prints a line on standard error for each thing that cannot be read."""
    from keras_search import results

    run = results.read(path)
    for problem in run.problems[:_MOST_PROBLEMS]:
        print(f"Warning: {problem}", file=sys.stderr)
    if len(run.problems) > _MOST_PROBLEMS:
        print(f"Warning: {len(run.problems) - _MOST_PROBLEMS:,} more like these", file=sys.stderr)
    return run


def predictor(run_code: bool) -> "Callable[[results.Run], Predictions]":
    """A function that returns the predictions of a run's evaluated model, or raises RunError in terms of options."""
    from keras_search.results import RunError
    from keras_search.tuner.evaluation import predictions

    def predict(run: "results.Run") -> "Predictions":
        try:
            return predictions.predict(run, run_code)
        except RunError as error:
            raise RunError(told(error)) from error

    return predict


def print_notice(console: Console, run: "results.Run") -> None:
    if run.dataset and run.dataset["notice"]:
        console.print(f"NOTE: {one_line(run.dataset['notice'])}")


class _InAFile(Console):
    """A console for files and pipes: it never wraps text, so that paths stay whole."""

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:
        if soft_wrap is None:
            soft_wrap = all(isinstance(part, str) for part in objects)
        super().print(*objects, soft_wrap=soft_wrap, **options)


def make_console() -> Console:
    console = Console(highlight=False, markup=False)
    if console.is_terminal:
        return console
    is_told = os.environ.get("COLUMNS", "").isdecimal()
    return _InAFile(highlight=False, markup=False, width=None if is_told else _WIDTH_IN_A_FILE)


def report_training(training: "Training") -> None:
    trained = "trained" if training.epochs is None else count(training.epochs, "epoch")
    loss = "" if training.test_loss is None else f", loss {number(training.test_loss)}"
    print(
        f"{training.model}, seed {training.seed}: {trained} in {training.train_s:.1f} s, "
        f"test accuracy {training.test_accuracy:.4f}{loss}",
        flush=True,
    )
