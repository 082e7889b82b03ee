"""`samples` and `spaces`: what is trained on, and what may be tried."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from commands.shared import DatasetOption, errors, make_console

if TYPE_CHECKING:
    from search_spaces import SearchSpace


def draw_samples(
    dataset: DatasetOption = "auto",
    out: Annotated[Path, typer.Option(help="The picture to write; its ending is its format.")] = Path("samples.png"),
) -> None:
    """Draw the first sixteen training images in a 4x4 grid."""
    with errors():
        from tuner import datasets
        from tuner.samples import check_picture, save_samples

        check_picture(out)
        data = datasets.load(dataset)
        save_samples(data, out)
        console = make_console()
        if data.notice:
            console.print(f"NOTE: {data.notice}")
        console.print(f"{data.describe()}\nWritten: {out}")


def show_spaces() -> None:
    """Show every search space: hyperparameters, ranges and baseline values."""
    import search_spaces

    console = make_console()
    for space in search_spaces.SPACES.values():
        console.print(f"{space.name}: {space.summary}")
        console.print(_space_table(space))


def _space_table(space: "SearchSpace") -> Table:
    table = Table("hyperparameter", "type", "range", "baseline", box=SIMPLE_HEAD, pad_edge=False)
    has_conditions = any(one.conditions for one in space.hyperparameters)
    if has_conditions:
        table.add_column("only with")
    for one in space.hyperparameters:
        conditions = ", ".join(f"{parent}={'/'.join(map(str, values))}" for parent, values in one.conditions)
        default = str(space.baseline.get(one.name, ""))
        table.add_row(one.name, one.kind, one.range, default, *([conditions] if has_conditions else []))
    return table
