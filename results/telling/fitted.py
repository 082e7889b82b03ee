"""Tables for narrow terminals: they leave out the less important columns rather than cut all of them short."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from keras_search.results.text import shortened

_BETWEEN = 2  # characters between two columns
_EDGES = 2  # characters
_LEAST = 12  # characters: the width of a column whose texts may be wrapped
_MOST_LINES = 3


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: Its heading.
        cells: One per row.
        goes: When it is left out for lack of room: the column with the largest number first, one with 0 never.
        is_text: Whether it is aligned to the left and may be wrapped.
        is_id: Whether it is aligned to the left and never wrapped.
        narrowest: How narrow a text may be wrapped; never narrower than the heading.
        is_long: Whether a terminal shows only the first lines of a text.
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
        """Each cell after its heading; an empty text for an empty cell."""
        return [f"{self.heading} {text}".strip() if text else "" for text in self.cells]


@dataclass(frozen=True)
class FittedTable:
    """A table as wide as the terminal allows; if even the essential columns do not fit, a line per cell."""

    columns: Sequence[Column]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        columns = list(self.columns)
        room = options.max_width - _EDGES
        while needed(columns) > room and (going := max(columns, key=lambda column: column.goes)).goes:
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
    """The least width of a table of `columns`, without its edges."""
    return sum(column.least for column in columns) + _BETWEEN * (len(columns) - 1)


def _cut(console: Console, column: Column, width: int) -> Sequence[str]:
    """The cells of `column`; on a terminal, long texts are cut to their first lines of `width` characters."""
    if not (column.is_long and console.is_terminal):
        return column.cells
    wrapped = [Text(text).wrap(console, width, overflow="fold") for text in column.cells]
    return [
        text if len(lines) <= _MOST_LINES else shortened(text, sum(len(line) for line in lines[:_MOST_LINES]))
        for text, lines in zip(column.cells, wrapped)
    ]
