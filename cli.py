"""The command line: parses, calls, prints. Nothing heavy is imported before a command needs it."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from commands import best, data, export, predict, report, results, search
from results import streams


class _Commands(TyperGroup):
    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Runs a command, to its end though nobody reads what it prints."""
        with streams.unfailing():
            printed = sys.stdout
            try:
                return super().main(*args, **kwargs)
            finally:
                _check(printed)


def _check(printed: streams.Unfailing | None) -> None:
    """Ends with an error where what was printed is lost though it is wanted: a full disk."""
    if printed is None:
        return
    printed.flush()
    if printed.failure is not None and printed.has_reader:
        printed.drop()
        print(f"Error: standard output cannot be written: {printed.failure}", file=sys.stderr)
        raise SystemExit(2)


app = typer.Typer(
    cls=_Commands,
    help="Searches hyperparameters of Keras models, and says honestly how much better the best one is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("search")(search.run_search)
app.command("best")(best.show_best)
app.command("baseline")(best.train_baseline)
app.command("results")(results.show_results)
app.command("compare")(results.compare_runs)
app.command("plot")(results.plot_run)
app.command("export")(export.export_run)
app.command("report")(report.write_report)
app.command("predict")(predict.classify_pictures)
app.command("samples")(data.draw_samples)
app.command("spaces")(data.show_spaces)

if __name__ == "__main__":
    app()
