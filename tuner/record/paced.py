"""Files that are written whole, and at most every second while what they hold changes again and again."""

import math
import time
from collections.abc import Callable

_PAUSE_S = 1.0


class Paced:
    """Calls `write` within a second of each change: at once if it was not called for a second, else when that is over.

    Whoever has it asks now and then (`write_if_due`), and writes what is left in the end (`flush`).

    Args:
        write: Writes what there is now.
        share: How much of the time it may take: then more than a second may pass. None for as much as it takes.
    """

    def __init__(self, write: Callable[[], None], share: float | None = None) -> None:
        self._write = write
        self._share = share
        self._is_changed = False
        self._next = -math.inf

    def change(self) -> None:
        """Notes a change."""
        self._is_changed = True

    @property
    def due_s(self) -> float:
        """In how many seconds it must be written; infinite if nothing has changed."""
        return max(0.0, self._next - time.monotonic()) if self._is_changed else math.inf

    def write_if_due(self) -> None:
        """Writes the changes if it is time to."""
        if self.due_s == 0:
            self.flush()

    def flush(self) -> None:
        """Writes the changes."""
        if self._is_changed:
            began = time.monotonic()
            self._write()
            self._is_changed = False
            ended = time.monotonic()
            self._next = ended + max(_PAUSE_S, (ended - began) / self._share if self._share else 0)
