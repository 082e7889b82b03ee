"""`report`: a run as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from commands.shared import errors, make_console, read


def write_report(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A name under runs/, or a path: of a run, or of any Keras Tuner project; the latest run by default."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; report.html in the run's folder by default.", metavar="FILE")
    ] = None,
) -> None:
    """Write a report on a run: one HTML file with verdict, plots, trials and the best configuration."""
    with errors():
        from results import export, files, layout, report, runs
        from results.text import one_line
        from tuner import predictions

        found = read(runs.find(run))
        path = out or found.path / layout.REPORT
        export.check("out", path)
        pictures = report.draw(found, predictions.predict)
        files.write_text(path, report.html(found, pictures))
        console = make_console()
        for note in pictures.notes:
            console.print(f"NOTE: {note}")
        for reason, kinds in pictures.left_out.items():
            console.print(f"Left out {' and '.join(kinds)}: {reason}")
        console.print(f"Written: {one_line(str(path))}")
