"""What several commands share: options, how errors and warnings are shown, the console."""

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
        "debugger. Scores are the same for any number of workers on the CPU, but not for 0, which uses all cores for "
        "one trial and so adds in another order.",
    ),
]
RunCode = Annotated[
    bool,
    typer.Option(
        "--run-code",
        help="Let the Python code of a search space of one's own, which the run names, be run where its models must "
        "be built; without it, reading a run runs nobody's code.",
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", help="How often to train from scratch, each time with another seed.")]


# Where an option is not called as the parameter that it is handed to.
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
    """The message of `error` in the words of the command line: with the names of options."""
    from keras_search.results.errors import Refusal

    return error.told(_said) if isinstance(error, Refusal) else str(error)


def _said(part: "Parameter | EvaluateIt") -> str:
    from keras_search.results.errors import EvaluateIt

    if isinstance(part, EvaluateIt):
        return f"`{evaluate_command(run_name(part.run))}` makes it"
    return option(part)


def option(parameter: str) -> str:
    """What the command line calls the library's `parameter`: `--keep-weights` for `keep_weights`."""
    name = parameter.removesuffix("=True")  # a flag, which takes no value
    return _OPTIONS.get(name, f"--{name.replace('_', '-')}")


def called() -> list[str]:
    """How the user called this program, as the words that call it again: `python cli.py`, or `keras-search`."""
    path = Path(sys.argv[0])
    if path.name == "__main__.py":
        return ["python", "-m", path.parent.name]
    return ["python", sys.argv[0]] if path.suffix == ".py" else ["keras-search"]


def run_name(path: Path) -> str:
    """By what name a command finds the run in the directory `path`."""
    from keras_search.results.reading import runs

    return path.name if path.parent == runs.ROOT else str(path)


def evaluate_command(run: str, run_code: bool = False) -> str:
    """The command that evaluates a run.

    Args:
        run: Its name, or its path.
        run_code: Whether its models are built by code of the user's own.
    """
    named = [f"--run={run}"] if run.startswith("-") else ["--run", run]
    return command(*called(), "best", *named, "--evaluate", *(["--run-code"] if run_code else []))


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Turns what the user can mend into one line on standard error, and exit code 2."""
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
    """Reads a run; what of it cannot be read is told on standard error, a line each."""
    from keras_search import results

    run = results.read(path)
    for problem in run.problems[:_MOST_PROBLEMS]:
        print(f"Warning: {problem}", file=sys.stderr)
    if len(run.problems) > _MOST_PROBLEMS:
        print(f"Warning: {len(run.problems) - _MOST_PROBLEMS:,} more like these", file=sys.stderr)
    return run


def predictor(run_code: bool) -> "Callable[[results.Run], Predictions]":
    """What says which classes the evaluated model of a run gives the test images, or why there is none."""
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
    """A console that wraps no sentence: whoever reads a file, or what a pipe brings, finds a path in it whole."""

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
