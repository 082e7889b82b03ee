"""Where in a user's own code an error arose."""

import contextlib
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

from results.text import error_line
from search_spaces.space import SpaceError

_OURS = Path(__file__).resolve().parent.parent
_NOT_THE_USERS = (
    *(f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *(f"{_OURS / package}/" for package in ("search_spaces", "tuner", "results")),
    str(_OURS / "cli.py"),
)


def origin(error: BaseException) -> str:
    """` (FILE, line N)` for the last line of the user's that led to `error`; empty where there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((*_NOT_THE_USERS, "<")):
            return f" ({frame.filename}, line {frame.lineno})"
    return ""


@contextlib.contextmanager
def blamed(reference: str) -> Iterator[None]:
    """Runs the code of the user's own space `reference`; its errors become one line that says where in it they are.

    Raises:
        SpaceError: In place of any other error.
    """
    try:
        yield
    except SpaceError:
        raise
    except Exception as error:
        raise SpaceError(f"space {reference!r} fails: {error_line(error)}{origin(error)}") from error
