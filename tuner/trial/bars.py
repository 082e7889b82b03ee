"""Keras's bars, which have no place among the lines of a search."""

import contextlib
from collections.abc import Iterator
from typing import Any

from keras.callbacks import ProgbarLogger


@contextlib.contextmanager
def absent() -> Iterator[None]:
    """Nothing that is trained, tested or predicted in the block draws one, unless it is told to."""
    plain = ProgbarLogger.set_params

    def set_params(self: ProgbarLogger, params: dict[str, Any]) -> None:
        plain(self, params | {"verbose": 0} if params.get("verbose") == "auto" else params)

    ProgbarLogger.set_params = set_params
    try:
        yield
    finally:
        ProgbarLogger.set_params = plain
