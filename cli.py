"""The command line: parses, calls, prints. Nothing heavy is imported before a command needs it."""

import typer

from commands import best, data, export, predict, report, results, search

app = typer.Typer(
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
