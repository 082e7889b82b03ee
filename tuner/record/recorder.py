"""What a search writes of itself as its trials end: both tables and the oracle's file."""

import contextlib
import math
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from keras_search.results import layout
from keras_search.tuner.oracles.recorded import Recorded
from keras_search.tuner.record.paced import Paced
from keras_search.tuner.record.summary import SummaryWriter

# The tables are read while a search runs. While trials are few they are written for each.
_SHARE_OF_THE_TABLES = 0.05
_TABLES_AT_MOST_S = 1.0
# Nobody waits for the oracle's file: it is read when a search goes on, and the trials' own files are then enough.
_SHARE_OF_THE_ORACLE = 0.01


class Recorder:
    """Keeps the tables and the oracle's file up to date in a block, and exactly so at its end.

    They hold all trials and are replaced whole, which many short trials cannot pay each. A kill in between loses
    nothing: the tables and the oracle are made anew of the trials' own files.

    Args:
        run: The run directory.
        oracle: The oracle of the search.
    """

    def __init__(self, run: Path, oracle: Recorded) -> None:
        self._run = run
        self._oracle = oracle
        self._tables_paced = Paced(lambda: self._summary.write(), _SHARE_OF_THE_TABLES, _TABLES_AT_MOST_S)
        self._oracle_paced = Paced(oracle.write, _SHARE_OF_THE_ORACLE)

    @cached_property
    def _summary(self) -> SummaryWriter:
        """The tables; read when the first trial ends, as others train, for of many trials that takes seconds."""
        return SummaryWriter(self._run)

    def __enter__(self) -> Self:
        self._oracle.put_off = self._oracle_paced.change
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._oracle.put_off = None
        # Another error, such as a full disk, is the one to be told.
        with contextlib.suppress(OSError) if error is not None else contextlib.nullcontext():
            self._oracle_paced.flush()
        with contextlib.suppress(OSError):
            for trial_id in self._oracle.trials.keys() - set(self._oracle.end_order):
                self._summary.read(self._run / f"{layout.TRIAL_PREFIX}{trial_id}")
            self._summary.write()

    def trial_ended(self, directory: Path) -> None:
        """Takes the trial in `directory` into the tables."""
        self._summary.read(directory)
        self._tables_paced.change()
        self.write_if_due()  # before the user is told of it

    @contextlib.contextmanager
    def tables_in_time(self) -> Iterator[None]:
        """Writes the tables in time while the block, in which no trial ends, never asks (`write_if_due`)."""
        if self._tables_paced.due_s == math.inf:
            yield
            return
        writing = threading.Timer(self._tables_paced.due_s, self._try_to_write_tables)
        writing.start()
        try:
            yield
        finally:
            writing.cancel()
            writing.join()

    def _try_to_write_tables(self) -> None:
        with contextlib.suppress(OSError):  # told when they are written after the block
            self._tables_paced.flush()

    @property
    def due_s(self) -> float:
        """In how many seconds something must be written."""
        return min(self._tables_paced.due_s, self._oracle_paced.due_s)

    def write_if_due(self) -> None:
        self._tables_paced.write_if_due()
        self._oracle_paced.write_if_due()

    def flush(self) -> None:
        """Writes what has changed."""
        self._tables_paced.flush()
        self._oracle_paced.flush()
