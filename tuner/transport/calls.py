"""A call that is made in another process, under the settings of the script that asks for it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_search.results.errors import Parameter
from keras_search.results.text import error_line
from keras_search.tuner.errors import InputError
from keras_search.tuner.transport import custom_objects, parcels, settings


class LacksCode(ImportError):
    """The call names code that is not in this process's reach."""


def require_portable(parts: Mapping[str, Any]) -> None:
    """Raises InputError where one of `parts`, each by what a message calls it, cannot go to another process."""
    for name, part in (parts | {"what is registered with Keras": custom_objects.current()}).items():
        try:
            parcels.pack(None, part)
        except Exception as error:  # whatever its own way of being pickled raises
            raise InputError(
                f"{name} cannot go to worker processes ({error_line(error)}): give arrays or a keras.utils.PyDataset "
                "for data, open files and the like when training begins, or search with ",
                Parameter("workers"),
                "=0",
            ) from error


def pack(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], root: Path | None = None
) -> tuple[bytes, set[str]]:
    """The call with the settings of this thread, and the names of the paths below `root` in it (`parcels.pack`)."""
    return parcels.pack(root, settings.current(), custom_objects.current(), (fn, args, kwargs))


def run(packed: bytes, place: Callable[[str], Path] = Path) -> Any:
    """Makes the call, which is unpacked under its settings: a model in it is made as it is unpacked.

    Args:
        place: Says where the paths below the root are here.

    Raises:
        LacksCode: It cannot be unpacked here.
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
