"""Python's `logging` across processes: records of a trial go into a file, and from there to the script's own handlers.

So every handler works, also one that cannot travel, and on a cluster; and what a killed process has logged is there.
"""

import contextlib
import json
import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_search.results import files
from keras_search.results.text import shortened
from keras_search.tuner.transport.warning_filters import WarningFilters

_LONGEST_VALUE = 10_000
_PIECE_BYTES = 2**22
_SENT = "sent_to_the_search"


@dataclass(frozen=True)
class Logger:
    """How a logger is configured.

    Attributes:
        level: Its own level.
        takes: The least level that one of its handlers takes; None if it has no handler.
        propagate, disabled: As in `logging`.
    """

    level: int
    takes: int | None
    propagate: bool
    disabled: bool


@dataclass(frozen=True)
class Logging:
    """How a script has configured `logging` and `warnings`.

    Attributes:
        loggers: By name.
        disabled: The level of `logging.disable`.
        captures_warnings: Whether warnings are logged.
        filters: Those of `warnings`.
    """

    loggers: Mapping[str, Logger]
    disabled: int
    captures_warnings: bool
    filters: WarningFilters


def current() -> Logging:
    """The configuration of this process."""
    return Logging(
        loggers={logger.name: _described(logger) for logger in _loggers()},
        disabled=logging.root.manager.disable,
        captures_warnings=_captures_warnings(),
        filters=WarningFilters.current(),
    )


@contextlib.contextmanager
def sent(script: Logging, path: Path) -> Iterator[None]:
    """Configures this process like the `script`, but appends to `path` what the script's handlers would take."""
    before = {logger.name: (logger, _described(logger), logger.handlers) for logger in _loggers()}
    disabled, captured = logging.root.manager.disable, _captures_warnings()
    records = _Records(path)
    for name, there in script.loggers.items():
        logger = logging.getLogger(name)
        before.setdefault(logger.name, (logger, _described(logger), logger.handlers))
        _configure(logger, there)
        if there.takes is not None:
            # In place of its own, which a module of the script may have made anew here.
            logger.handlers = [_Sender(there.takes, records)]
    logging.disable(script.disabled)
    logging.captureWarnings(script.captures_warnings)
    script.filters.use()
    try:
        yield
    finally:
        for logger, own, handlers in before.values():
            _configure(logger, own)
            if logger.handlers is not handlers:
                added = [handler for handler in logger.handlers if not isinstance(handler, _Sender)]
                logger.handlers = handlers + added
        logging.disable(disabled)
        logging.captureWarnings(captured)
        records.close()


def replay(path: Path, offset: int) -> int:
    """Gives the records in `path` from byte `offset` on to the handlers of this process; returns where the next begins.

    A line that is cut off or damaged is passed over.
    """
    try:
        with files.opened(path) as file:
            file.seek(offset)
            while lines := file.readlines(_PIECE_BYTES):
                for line in lines:
                    if not line.endswith(b"\n"):  # it is still being written
                        return offset
                    offset += len(line)
                    _handle(line)
    except OSError:
        return offset
    return offset


def _handle(line: bytes) -> None:
    try:
        record = logging.makeLogRecord(json.loads(line))
        logger = logging.getLogger(record.name)
    except (TypeError, ValueError):
        return
    # A handler's own errors are handled in `logging`; what a filter of the user's raises must not end the search.
    with contextlib.suppress(Exception):
        logger.handle(record)


class _Records:
    """Appends records to a file, which is made for the first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._is_closed = False

    def write(self, record: logging.LogRecord) -> None:
        if self._is_closed or hasattr(record, _SENT):
            return
        line = json.dumps(_plain(record), default=_text).encode() + b"\n"
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o666)
        os.write(self._file, line)
        setattr(record, _SENT, True)  # it may reach handlers of several loggers

    def close(self) -> None:
        self._is_closed = True
        if self._file is not None:
            os.close(self._file)


class _Sender(logging.Handler):
    """Stands in for the handlers that a logger of the script has."""

    def __init__(self, level: int, records: _Records) -> None:
        super().__init__(level)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Exception):  # a full disk, or arguments that do not fit the message
            self._records.write(record)


def _plain(record: logging.LogRecord) -> dict[str, Any]:
    """The attributes of `record`, the message and the traceback as text."""
    text = record.exc_text
    if record.exc_info and not text:
        text = logging.Formatter().formatException(record.exc_info)
    plain = {"msg": record.getMessage(), "args": None, "exc_info": None, "exc_text": text}
    return {str(name): value for name, value in (vars(record) | plain).items()}


def _text(value: Any) -> str:
    try:
        return shortened(str(value), _LONGEST_VALUE)
    except Exception:  # from the user's own class
        return f"<{type(value).__name__}>"


def _loggers() -> Iterable[logging.Logger]:
    """The loggers of this process, the root first."""
    made = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(logger for logger in made if isinstance(logger, logging.Logger))]


def _described(logger: logging.Logger) -> Logger:
    levels = [handler.level for handler in logger.handlers if not isinstance(handler, logging.NullHandler)]
    return Logger(logger.level, min(levels, default=None), logger.propagate, logger.disabled)


def _configure(logger: logging.Logger, like: Logger) -> None:
    if logger.level != like.level:
        logger.setLevel(like.level)
    logger.propagate, logger.disabled = like.propagate, like.disabled


def _captures_warnings() -> bool:
    return warnings.showwarning.__module__ == logging.__name__
