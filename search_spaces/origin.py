"""Where in a user's own code an error arose, and that no such error ends more than it must."""

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


def origin(error: BaseException) -> str:
    """` (FILE, line N)` for the last line of the user's that led to `error`; empty where there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((*_NOT_THE_USERS, "<")):
            return f" ({frame.filename}, line {frame.lineno})"
    return ""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM, which ends what runs; a KeyboardInterrupt that the user's code raises is an error of it."""


def is_interrupted(error: BaseException | None) -> bool:
    """Whether `error` comes of a signal, be it that the user's code has made a SystemExit of it."""
    while error is not None and not isinstance(error, Interrupted):
        error = error.__cause__ or error.__context__
    return error is not None


@contextlib.contextmanager
def blamed(reference: str) -> Iterator[None]:
    """Runs the code of the user's own space `reference`; its errors become one line that says where in it they are.

    Raises:
        SpaceError: In place of any other error, `SystemExit` and its like among them.
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
    """Runs code of the user's whose errors go to the caller, but for those that would end the process without a word.

    Raises:
        SpaceError: In place of `SystemExit` and its like.
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
    """Lets Ctrl-C raise `Interrupted` where it would raise KeyboardInterrupt."""
    is_main = threading.current_thread() is threading.main_thread()  # no other may set a signal's handler
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
