"""The command line: parses, calls, prints. Heavy imports wait until a command needs them."""

from typing import Annotated

import typer

from keras_search.commands import best, data, export, predict, report, results, search
from keras_search.commands.shared import called
from keras_search.commands.usage import Command, Group, more
from keras_search.results import installed
from keras_search.results.text import command
from keras_search.tuner import backend

_BELOW = {"Keras": "keras", "Keras Tuner": "keras_tuner"}

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    epilog=more("install", "from-keras-tuner", "keras-tuner-names", "search", "your-own", "after-the-search"),
    add_completion=called() == ["keras-search"],  # shells complete only commands on their path
    pretty_exceptions_enable=False,
)
app.command("search", cls=Command, epilog=more("search", "your-own", "speed", "scale", "promises", "cluster"))(
    search.run_search
)
app.command("best", cls=Command, epilog=more("after-the-search"))(best.show_best)
app.command("baseline", cls=Command, epilog=more("baseline"))(best.train_baseline)
app.command("results", cls=Command, epilog=more("run-directory", "keras-tuner-projects", "after-the-search"))(
    results.show_results
)
app.command("compare", cls=Command, epilog=more("after-the-search"))(results.compare_runs)
app.command("plot", cls=Command, epilog=more("plots"))(results.plot_run)
app.command("export", cls=Command, epilog=more("after-the-search"))(export.export_run)
app.command("report", cls=Command, epilog=more("after-the-search"))(report.write_report)
app.command("predict", cls=Command, epilog=more("after-the-search"))(predict.classify_pictures)
app.command("samples", cls=Command, epilog=more("baseline"))(data.draw_samples)
app.command("spaces", cls=Command, epilog=more("search", "your-own"))(data.show_spaces)


def _show_version(is_asked: bool) -> None:
    if not is_asked:
        return
    packages = {**_BELOW, backend.title(): backend.name()}
    below = (f"{name} {installed.version(package) or 'of unknown version'}" for name, package in packages.items())
    print(f"keras-search {installed.version('keras_search')} ({', '.join(below)})")
    raise typer.Exit


@app.callback()
def describe(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and end.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Searches hyperparameters of Keras models, and says honestly how much better the best one is."""


def main() -> None:
    """The entry point of `python cli.py` and `keras-search`."""
    app(prog_name=command(*called()))
