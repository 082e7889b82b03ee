"""Tables that keep what matters whole on a narrow terminal: they leave out columns rather than cut them to nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from keras_search.results.text import shortened

_BETWEEN = 2  # columns of the terminal, from one to the next
_EDGES = 2
_LEAST = 12  # of a column whose texts may be broken into lines
_MOST_LINES = 3


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: What stands above it.
        cells: One a row.
        goes: When it is left out where there is no room: those with the largest number first, never those with 0.
        is_text: Whether it stands on the left, and may be broken into lines.
        narrowest: How narrow it may then be, but for its heading.
        is_long: Whether a terminal shows no more than the first lines of such a text.
        is_id: Whether it stands on the left, and is whole.
    """

    heading: str
    cells: Sequence[str]
    goes: int = 0
    is_text: bool = False
    is_id: bool = False
    narrowest: int = _LEAST
    is_long: bool = False

    @property
    def width(self) -> int:
        return max(cell_len(line) for text in (self.heading, *self.cells) for line in text.split("\n"))

    @property
    def least(self) -> int:
        return min(self.width, max(self.narrowest, cell_len(self.heading))) if self.is_text else self.width

    def lines(self) -> list[str]:
        """Each cell with its heading before it, nothing for one that is empty."""
        return [f"{self.heading} {text}".strip() if text else "" for text in self.cells]


@dataclass(frozen=True)
class FittedTable:
    """A table as wide as the terminal allows; where not even what must stay has room, a line for each cell."""

    columns: Sequence[Column]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        columns = list(self.columns)
        room = options.max_width - _EDGES
        while needed(columns) > room and (going := max(columns, key=lambda one: one.goes)).goes:
            columns.remove(going)
        if needed(columns) > options.max_width:
            rows = zip(*(column.lines() for column in self.columns))
            yield Text("\n\n".join("\n".join(filter(None, lines)) for lines in rows))
            return
        table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_edge=needed(columns) <= room)
        spare = max(room - needed(columns), 0) // max(sum(column.is_text for column in columns), 1)
        for column in columns:
            side = "left" if column.is_text or column.is_id else "right"
            table.add_column(column.heading, justify=side, no_wrap=not column.is_text, overflow="fold")
        cut = [_cut(console, column, column.least + spare) for column in columns]
        for row in zip(*cut):
            table.add_row(*row)
        yield table


def needed(columns: Sequence[Column]) -> int:
    """How wide a table of `columns` is at least, without its edges."""
    return sum(column.least for column in columns) + _BETWEEN * (len(columns) - 1)


def _cut(console: Console, column: Column, width: int) -> Sequence[str]:
    """The cells of `column`, of long ones on a terminal the first lines of `width`."""
    if not (column.is_long and console.is_terminal):
        return column.cells
    wrapped = [Text(text).wrap(console, width, overflow="fold") for text in column.cells]
    return [
        text if len(lines) <= _MOST_LINES else shortened(text, sum(len(line) for line in lines[:_MOST_LINES]))
        for text, lines in zip(column.cells, wrapped)
    ]
