"""Errors in the user's code: where they arose, and that they end no more than they must."""

import contextlib
import signal
import sysconfig
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from keras_search.results.text import error_line
from keras_search.search_spaces.space import SpaceError

_OURS = Path(__file__).resolve().parent.parent
_NOT_THE_USERS = (
    *(f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *(f"{_OURS / package}/" for package in ("commands", "keras_search", "results", "search_spaces", "tuner")),
    str(_OURS / "cli.py"),
)

_INSTALLED = ("/site-packages/", "/dist-packages/")  # there are others, as of `pip install --user`


def origin(error: BaseException) -> str:
    """` (FILE, line N)` of the last line of the user's code in the traceback of `error`; empty if there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if is_users(frame.filename):
            return f" ({frame.filename}, line {frame.lineno})"
    return ""


def is_users(file: str) -> bool:
    """Whether the Python file `file` is the user's own: of no installed package and not of this toolkit."""
    return not file.startswith((*_NOT_THE_USERS, "<")) and not any(name in file for name in _INSTALLED)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM. A plain KeyboardInterrupt was raised by the user's code and counts as an error in it."""


def is_interrupted(error: BaseException | None) -> bool:
    """Whether a signal caused `error`, even if the user's code has turned it into a SystemExit."""
    while error is not None and not isinstance(error, Interrupted):
        error = error.__cause__ or error.__context__
    return error is not None


@contextlib.contextmanager
def blamed(reference: str) -> Iterator[None]:
    """Runs code of the user's own space `reference`, whose errors become a single line that says where they arose.

    Raises:
        SpaceError: In place of any other error, including `SystemExit`.
    """
    with _signals_told():
        try:
            yield
        except SpaceError:
            raise
        except BaseException as error:
            if is_interrupted(error):
                raise Interrupted from error
            raise SpaceError(f"space {reference!r} fails: {error_line(error)}{origin(error)}") from error


@contextlib.contextmanager
def contained() -> Iterator[None]:
    """Runs the user's code; its errors are passed on, except those that would silently end the process.

    Raises:
        SpaceError: In place of `SystemExit` and everything else that is not an `Exception`.
    """
    with _signals_told():
        try:
            yield
        except Exception:
            raise
        except BaseException as error:
            if is_interrupted(error):
                raise Interrupted from error
            raise SpaceError(f"the hypermodel would end this process: {error_line(error)}{origin(error)}") from error


@contextlib.contextmanager
def _signals_told() -> Iterator[None]:
    """Makes Ctrl-C raise `Interrupted` rather than KeyboardInterrupt."""
    is_main = threading.current_thread() is threading.main_thread()  # only it may set signal handlers
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted
