"""Lines that are rewritten while a search runs: by rich on a terminal, in an IPython display in a notebook."""

import contextlib
import contextvars
import sys
import threading
from collections.abc import Callable, Iterator

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from keras_search.results import streams
from keras_search.results.text import one_line

_REFRESHES_PER_SECOND = 4
# Every refresh goes to the browser, or into the notebook's file if that is run without a browser.
_NOTEBOOK_REFRESH_S = 1.0
_NOTEBOOK_WIDTH = 100


def make_console(silent: bool = False) -> Console:
    """The console of a search: it wraps no lines, and prints plain text in a notebook."""
    # A terminal that cannot encode a character, or has hung up, must not end the search.
    file = None if sys.stdout is None else streams.Unfailing("stdout")
    plain = {"file": file, "highlight": False, "markup": False, "soft_wrap": True, "quiet": silent}
    if not in_notebook():
        return Console(**plain)
    # A notebook's standard output claims to be a terminal, but its lines cannot be rewritten.
    return Console(**plain, force_terminal=False, force_jupyter=False, width=_NOTEBOOK_WIDTH)


def in_notebook() -> bool:
    """Whether this is a kernel of IPython: Jupyter's, Colab's, Kaggle's or an editor's."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def width(console: Console) -> int | None:
    """How many characters of a line can be seen; None in a file or a pipe, where lines stay whole."""
    return console.width if console.is_terminal or in_notebook() else None


def cut(line: str, width: int | None) -> str:
    """`line` on one line, cut off with `…` if it is longer than `width`."""
    line = one_line(line)
    if width is None or cell_len(line) <= width:
        return line
    return f"{set_cell_size(line, max(width - 1, 0)).rstrip()}…"


@contextlib.contextmanager
def shown(console: Console, lines: Callable[[], list[str]]) -> Iterator[None]:
    """Shows what `lines` returns while the block runs, refreshed again and again; removes it afterwards."""
    if console.quiet:
        yield
    elif console.is_terminal:
        with Live(
            get_renderable=lambda: Group(*(Text(line, style="dim", no_wrap=True) for line in lines())),
            console=console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
        ):
            yield
    elif in_notebook():
        with _display(lambda: "\n".join(lines())):
            yield
    else:
        yield


@contextlib.contextmanager
def _display(text: Callable[[], str]) -> Iterator[None]:
    from IPython.display import display  # pyright: ignore[reportMissingImports]

    now = text()
    handle = display({"text/plain": now}, raw=True, display_id=True)
    over = threading.Event()

    def refresh(last: str) -> None:
        while not over.wait(_NOTEBOOK_REFRESH_S):
            if (now := text()) != last:
                handle.update({"text/plain": now}, raw=True)
                last = now

    # The context tells the kernel to which cell an output belongs.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(refresh, now), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        handle.update({"text/plain": ""}, raw=True)
