"""`samples` and `spaces`: show the training images and the search spaces."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_search.commands.shared import DatasetOption, errors, make_console

if TYPE_CHECKING:
    from keras_search.results.telling.fitted import FittedTable
    from keras_search.search_spaces import SearchSpace


def draw_samples(
    dataset: DatasetOption = "auto",
    out: Annotated[Path, typer.Option(help="The picture to write; its ending is its format.")] = Path("samples.png"),
) -> None:
    """Draw the first sixteen training images in a 4x4 grid."""
    with errors():
        from keras_search.results.text import one_line
        from keras_search.tuner.data import datasets
        from keras_search.tuner.data.samples import check_picture, save_samples

        check_picture(out)
        data = datasets.load(dataset)
        save_samples(data, out)
        console = make_console()
        if data.notice:
            console.print(f"NOTE: {data.notice}")
        console.print(data.describe())
        console.print(f"Written: {one_line(str(out))}", soft_wrap=True)


def show_spaces() -> None:
    """Show every search space: hyperparameters, ranges and baseline values."""
    from keras_search import search_spaces

    console = make_console()
    for space in search_spaces.SPACES.values():
        console.print(f"{space.name}: {space.summary}")
        console.print(_space_table(space))


def _space_table(space: "SearchSpace") -> "FittedTable":
    from keras_search.results.telling.fitted import Column, FittedTable

    hyperparameters, baseline = space.hyperparameters, space.baseline
    conditions = [
        ", ".join(f"{parent}={'/'.join(map(str, values))}" for parent, values in hyperparameter.conditions)
        for hyperparameter in hyperparameters
    ]
    names = [hyperparameter.name for hyperparameter in hyperparameters]
    columns = [
        Column("hyperparameter", names, is_id=True),
        Column("type", [hyperparameter.kind for hyperparameter in hyperparameters], goes=3, is_text=True),
        Column("range", [hyperparameter.range for hyperparameter in hyperparameters], is_text=True),
        Column("baseline", [str(baseline.get(name, "")) for name in names], goes=1, is_text=True),
    ]
    if any(conditions):
        columns.append(Column("only with", conditions, goes=2, is_text=True))
    return FittedTable(columns)
