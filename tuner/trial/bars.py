"""Hides Keras's progress bars, which would break up the lines that a search prints."""

import contextlib
from collections.abc import Iterator
from typing import Any

from keras.callbacks import ProgbarLogger


@contextlib.contextmanager
def absent() -> Iterator[None]:
    """In the block, `fit`, `evaluate` and `predict` draw no progress bar unless `verbose` asks for one."""
    plain = ProgbarLogger.set_params

    def set_params(self: ProgbarLogger, params: dict[str, Any]) -> None:
        plain(self, params | {"verbose": 0} if params.get("verbose") == "auto" else params)

    ProgbarLogger.set_params = set_params
    try:
        yield
    finally:
        ProgbarLogger.set_params = plain
