"""A call that runs in another process, under the settings of the script that makes it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_search.results.errors import Parameter
from keras_search.results.text import error_line
from keras_search.tuner.errors import InputError
from keras_search.tuner.transport import custom_objects, parcels, settings


class LacksCode(ImportError):
    """The call names code that this process cannot import."""


def require_portable(parts: Mapping[str, Any]) -> None:
    """Raises InputError if a part, or what is registered with Keras, cannot go to another process.

    Args:
        parts: The parts by their names in messages.
    """
    for name, part in {**parts, "what is registered with Keras": custom_objects.current()}.items():
        try:
            parcels.pack(None, part)
        except Exception as error:  # an object's own pickling may raise anything
            raise InputError(
                f"{name} cannot go to worker processes ({error_line(error)}): give arrays or a keras.utils.PyDataset "
                "for data, open files and the like when training begins, or search with ",
                Parameter("workers"),
                "=0",
            ) from error


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
        LacksCode: The call cannot be unpacked here.
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
