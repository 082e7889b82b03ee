"""Files that are written whole, and not each time while what they hold changes again and again."""

import math
import time
from collections.abc import Callable


class Paced:
    """Calls `write` after a change, in at most a `share` of the time, but no later than `at_most_s` after the change.

    Whoever has it asks now and then (`write_if_due`), and writes what is left in the end (`flush`).

    Args:
        write: Writes what there is now.
        share: How much of the time it may take, from 0 to 1.
        at_most_s: How many seconds a change may wait, even if writing then takes more of the time.
    """

    def __init__(self, write: Callable[[], None], share: float, at_most_s: float = math.inf) -> None:
        self._write = write
        self._share = share
        self._at_most_s = at_most_s
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
            self._next = ended + min((ended - began) / self._share, self._at_most_s)
