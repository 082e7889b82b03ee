"""The command line: parses, calls, prints. Nothing heavy is imported before a command needs it."""

import typer

from keras_search.commands import best, data, export, predict, report, results, search
from keras_search.commands.usage import Command, Group

app = typer.Typer(
    cls=Group,
    help="Searches hyperparameters of Keras models, and says honestly how much better the best one is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("search", cls=Command)(search.run_search)
app.command("best", cls=Command)(best.show_best)
app.command("baseline", cls=Command)(best.train_baseline)
app.command("results", cls=Command)(results.show_results)
app.command("compare", cls=Command)(results.compare_runs)
app.command("plot", cls=Command)(results.plot_run)
app.command("export", cls=Command)(export.export_run)
app.command("report", cls=Command)(report.write_report)
app.command("predict", cls=Command)(predict.classify_pictures)
app.command("samples", cls=Command)(data.draw_samples)
app.command("spaces", cls=Command)(data.show_spaces)


def main() -> None:
    """What `python cli.py` and `keras-search` run."""
    app()
