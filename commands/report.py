"""`report`: a run as one HTML file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.shared import errors, make_console, read

if TYPE_CHECKING:
    import results


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
        files.write_text(path, report.html(found, pictures, _script(found)))
        console = make_console()
        for note in pictures.notes:
            console.print(f"NOTE: {note}")
        for reason, kinds in pictures.left_out.items():
            console.print(f"Left out {' and '.join(kinds)}: {reason}")
        console.print(f"Written: {one_line(str(path))}")


def _script(run: "results.Run") -> str | None:
    """The best configuration as a plain Keras script, of an evaluated run; None where it cannot be written."""
    from results import RunError, layout
    from search_spaces import SpaceError
    from tuner import script
    from tuner.errors import InputError

    # TensorFlow writes it, and is at work already where there is a model whose mistakes are shown.
    if not (run.path / layout.EVALUATION_JSON).is_file():
        return None
    try:
        return script.write(run)
    except (InputError, RunError, SpaceError):
        return None
