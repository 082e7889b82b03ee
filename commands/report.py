"""`report`: a run as a single HTML file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_search.commands.shared import (
    RunCode,
    errors,
    evaluate_command,
    make_console,
    predictor,
    read,
    run_name,
    told,
)

if TYPE_CHECKING:
    from keras_search import results


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
    run_code: RunCode = False,
) -> None:
    """Write a report on a run: one HTML file with verdict, plots, trials and the best configuration."""
    with errors():
        from keras_search.results import files, layout, outputs, report
        from keras_search.results.reading import runs
        from keras_search.results.text import escaped, listed, one_line

        loaded = read(runs.find(run))
        _tell_damage(loaded)
        path = out or loaded.path / layout.REPORT
        outputs.check("out", path)
        pictures = report.draw(loaded, predictor(run_code))
        code, why_not = _script(loaded, run_code)
        page = escaped(report.html(loaded, pictures, code, evaluate_command(run_name(loaded.path))))
        if out is None:
            files.write_text(path, page)
        else:
            outputs.write(path, page.encode())
        console = make_console()
        for note in pictures.notes:
            console.print(f"NOTE: {note}")
        for reason, kinds in pictures.left_out.items():
            console.print(f"Left out {listed(kinds)}: {reason}", soft_wrap=True)
        if why_not:
            console.print(
                f"NOTE: the page has no script of the best configuration: {one_line(why_not)}", soft_wrap=True
            )
        console.print(f"Written: {one_line(str(path))}", soft_wrap=True)


def _tell_damage(run: "results.Run") -> None:
    """Warns on standard error if the evaluation cannot be read; the page says so as well."""
    from keras_search.results import evaluation
    from keras_search.results.errors import DamagedFile
    from keras_search.results.text import one_line

    try:
        evaluation.read(run.path)
    except DamagedFile as error:
        print(f"Warning: {one_line(str(error))}", file=sys.stderr)


def _script(run: "results.Run", run_code: bool) -> tuple[str | None, str]:
    """The best configuration of an evaluated run as a plain Keras script; if there is none, None and why."""
    from keras_search.results import RunError, layout
    from keras_search.search_spaces import SpaceError
    from keras_search.tuner import script
    from keras_search.tuner.errors import InputError

    # Writing the script loads TensorFlow, which is loaded anyway to show the mistakes of an evaluated model.
    if not (run.path / layout.EVALUATION_JSON).is_file():
        return None, ""
    try:
        return script.write(run, run_code), ""
    except (InputError, RunError, SpaceError) as error:
        return None, told(error)
