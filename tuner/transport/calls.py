"""A call that runs in another process, under the settings of the script that makes it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from keras_search.results.text import error_line
from keras_search.tuner.transport import custom_objects, parcels, settings


class LacksCode(ImportError):
    """The call names code that this process cannot import."""


class Spoiled(Exception):
    """The call cannot be unpacked in this process, though its code is there; its argument says why, in one line."""

    def __str__(self) -> str:
        return f"what was sent to another process cannot be unpacked there: {self.args[0]}"


def pack(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], root: Path | None = None
) -> tuple[bytes, set[str]]:
    """The packed call with the settings of this thread, and the names of its paths below `root` (`parcels.pack`)."""
    return parcels.pack(root, settings.current(), custom_objects.current(), (fn, args, kwargs))


def run(packed: bytes, place: Callable[[str], Path] = Path) -> Any:
    """Unpacks and makes the call under its settings, as models in it are built while they are unpacked.

    Args:
        place: Gives the path on this machine of each name below the root.

    Raises:
        LacksCode, Spoiled: The call cannot be unpacked here.
    """
    values = parcels.unpack(packed, place)
    with settings.applied(_next(values)), custom_objects.registered(_next(values)):
        fn, args, kwargs = _next(values)
        return fn(*args, **kwargs)


def _next(values: Iterator[Any]) -> Any:
    try:
        return next(values)
    except ImportError as error:
        raise LacksCode(error) from error
    except Exception as error:  # an object's own unpickling may raise anything
        raise Spoiled(error_line(error)) from error
