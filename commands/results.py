"""`results`, `compare` and `plot`: show what happened in runs."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_search.commands.shared import RunCode, count, errors, make_console, predictor, print_notice, read

if TYPE_CHECKING:
    from keras_search import results

_MOST_SHOWN = 100


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
    with errors():
        from keras_search.results.export import formats
        from keras_search.results.reading import projects, runs
        from keras_search.results.telling import sentences, tables
        from keras_search.results.text import one_line

        asked = {"csv": csv, "json": json, "markdown": markdown, "parquet": parquet}
        files = {option: path for option, path in asked.items() if path is not None}
        path = runs.find(run)
        console = make_console()
        several = projects.inside(path)
        is_one = projects.is_project(path)
        if not files and not is_one and len(several) > 1:
            console.print(f"{one_line(str(path))} holds {len(several)} projects; give the path of one for its trials")
            console.print(
                tables.projects_table([(str(project.relative_to(path)), _readable(project)) for project in several])
            )
            return
        loaded = read(path)
        trials = tables.ordered(loaded, sort, top)
        formats.check_all(files)
        for option, file in files.items():
            formats.FORMATS[option](trials, file)
        console.print(loaded.headline, soft_wrap=True)
        print_notice(console, loaded)
        shown = trials.head(_MOST_SHOWN if top is None else top)
        console.print(tables.trials_table(shown))
        if len(shown) < len(trials):
            console.print(f"The first {len(shown)} of {len(trials):,}: --top N shows more, --csv FILE has all.")
        for sentence in filter(None, (sentences.prospect(loaded), sentences.confirmed(loaded))):
            console.print(sentence)
        if is_one and several:
            names = projects.named(path, several)
            console.print(f"It holds {count(len(several), 'further project')}: {one_line(names)}")
        for file in files.values():
            console.print(f"Written: {one_line(str(file))}", soft_wrap=True)


def compare_runs(
    names: Annotated[list[str], typer.Argument(metavar="RUN", help="Names under runs/, or paths.")],
    out: Annotated[Path, typer.Option(help="The picture to write, .png or .svg.")] = Path("compare.png"),
) -> None:
    """Compare runs: their scores and costs, and a plot of the best score so far of each."""
    with errors():
        from keras_search.results import plots
        from keras_search.results.reading import runs
        from keras_search.results.telling import comparison
        from keras_search.results.text import one_line

        plots.check_file(out)
        compared = comparison.read([runs.find(name) for name in names])
        figure = plots.comparison(compared)
        plots.save(figure, out)
        console = make_console()
        if caution := comparison.caution(compared):
            console.print(f"NOTE: {one_line(caution)}")
        console.print(comparison.table(compared))
        console.print(f"Written: {one_line(str(out))}", soft_wrap=True)


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
    run_code: RunCode = False,
) -> None:
    """Plot a run: its history, learning curves, hyperparameters, costs and the best model's mistakes."""
    with errors():
        from keras_search import results
        from keras_search.results import layout, plots
        from keras_search.results.reading import runs
        from keras_search.results.text import listed, one_line

        plots.check_kinds(kinds or [])
        loaded = read(runs.find(run))
        folder = out or loaded.path / layout.PLOTS
        plots.check_folder(folder, is_named=out is not None)
        predict = predictor(run_code)
        left_out: dict[str, list[str]] = {}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", results.RunWarning)
            if kinds:
                figures = plots.draw(loaded, kinds, predict)
            else:
                figures, left_out = plots.draw_possible(loaded, predict)
        written = plots.save_all(figures, folder)
        console = make_console()
        for warning in caught:
            console.print(f"NOTE: {one_line(str(warning.message))}")
        for reason, missing in left_out.items():
            console.print(f"Left out {listed(missing)}: {one_line(reason)}", soft_wrap=True)
        for path in written:
            console.print(f"Written: {one_line(str(path))}, .svg", soft_wrap=True)


def _readable(path: Path) -> "results.Run | None":
    from keras_search import results

    try:
        return results.read(path)
    except results.RunError:
        return None
