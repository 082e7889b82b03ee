"""`predict`: classifies pictures with the evaluated model."""

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from keras_search.commands.shared import Run, RunCode, errors, make_console, print_notice, read

_TOP = 3


def classify_pictures(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="PNG or JPEG files.")],
    run: Run = None,
    saw: Annotated[
        Path | None, typer.Option(help="A folder, to which what the model saw of each picture is written.")
    ] = None,
    run_code: RunCode = False,
) -> None:
    """Let the evaluated model of a run classify pictures, such as photographs of digits."""
    with errors():
        from keras_search.results import layout
        from keras_search.results.reading import runs
        from keras_search.results.telling import sentences
        from keras_search.results.text import one_line
        from keras_search.tuner.data import pictures
        from keras_search.tuner.evaluation import predictions

        if saw is not None:
            pictures.check_folder(saw)
        loaded = read(runs.find(run))
        classified = predictions.classify(loaded, images, run_code)
        written = pictures.save({picture.path: picture.image for picture in classified}, saw) if saw is not None else []
        console = make_console()
        console.print(
            f"{one_line(str(loaded.path / layout.BEST_MODEL))}, trained on {one_line(loaded.dataset['name'])}",
            soft_wrap=True,
        )
        print_notice(console, loaded)
        table = Table("picture", "first", "second", "third", box=SIMPLE_HEAD, pad_edge=False)
        for picture in classified:
            answers = [f"{number} {sentences.percent(probability):>7}" for number, probability in picture.top(_TOP)]
            table.add_row(one_line(str(picture.path)), *answers)
        console.print(table)
        for path in written:
            console.print(f"Written: {one_line(str(path))}", soft_wrap=True)
