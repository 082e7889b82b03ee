"""What is logged in another process comes to the handlers of the script, as if it had been logged here."""

import json
import logging
import pickle
import warnings
from pathlib import Path

import pytest

from keras_search.tuner.transport import logs
from keras_search.tuner.transport.logs import Logging

FORMAT = "%(levelname)s %(name)s %(message)s %(funcName)s"


class OfAScript(UserWarning):
    """A category of the user's own."""


class Text(logging.Handler):
    """A handler that cannot travel."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.unpicklable = lambda: None
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Text:
    """The only handler of the root logger, which takes `INFO`."""
    handler = Text(logging.INFO)
    monkeypatch.setattr(logging.root, "handlers", [handler])
    monkeypatch.setattr(logging.root, "level", logging.DEBUG)
    monkeypatch.setattr(logging.root, "addHandler", lambda handler: None)  # else pytest adds its own
    return handler


def travelled() -> Logging:
    return pickle.loads(pickle.dumps(logs.current()))


def test_records_reach_every_handler_once_with_all_that_a_format_may_name(tmp_path: Path, root: Text) -> None:
    own = Text()
    mine = logging.getLogger("mine")
    mine.addHandler(own)
    log = tmp_path / "log.jsonl"
    with logs.sent(travelled(), log):
        logging.getLogger("mine.part").info("%s of %d", "one", 2, extra={"odd": object()})
        logging.debug("too little for the handler")
        try:
            raise KeyError("gone")
        except KeyError:
            mine.exception("it failed")
        assert (root.lines, own.lines) == ([], []), "they are there, not here"
        assert len(log.read_text().splitlines()) == 2, "at once, as the process may be killed"
    end = logs.replay(log, 0)
    assert end == log.stat().st_size == logs.replay(log, end)
    told = "INFO mine.part one of 2 test_records_reach_every_handler_once_with_all_that_a_format_may_name"
    for handler in (root, own):
        first, second = handler.lines
        assert first == told
        assert second.startswith("ERROR mine it failed test_records")
        assert second.endswith("KeyError: 'gone'")
    mine.removeHandler(own)


def test_levels_and_filters_are_those_of_the_script(tmp_path: Path, root: Text) -> None:
    loud, silent, filtered = (logging.getLogger(f"levels.{name}") for name in ("loud", "silent", "filtered"))
    loud.setLevel(logging.INFO)
    silent.propagate = False
    filtered.addFilter(lambda record: "secret" not in record.getMessage())
    script = travelled()
    loud.setLevel(logging.ERROR)
    silent.propagate = True
    with logs.sent(script, tmp_path / "log.jsonl"):
        for logger in (loud, silent, filtered):
            logger.info("a secret")
            logger.info("more")
    assert (loud.level, silent.propagate) == (logging.ERROR, True), "as they were here"
    assert logging.root.handlers == [root]
    logs.replay(tmp_path / "log.jsonl", 0)
    assert [line.split(" test_")[0] for line in root.lines] == [
        "INFO levels.loud a secret",
        "INFO levels.loud more",
        "INFO levels.filtered more",
    ]


def test_a_script_that_logs_nowhere_has_no_file(tmp_path: Path, root: Text) -> None:
    logging.root.handlers = []
    with logs.sent(travelled(), tmp_path / "log.jsonl"):
        logging.getLogger("nobody").info("heard by nobody")
    assert not (tmp_path / "log.jsonl").exists()
    assert logs.replay(tmp_path / "log.jsonl", 0) == 0


def test_handlers_that_a_trial_adds_stay_and_those_of_a_module_are_not_doubled(tmp_path: Path, root: Text) -> None:
    module, script = logging.getLogger("module"), Text()
    module.addHandler(script)
    told = travelled()
    again = Text()  # as the other process makes it, when it imports the module
    module.handlers = [again]
    added = Text()
    with logs.sent(told, tmp_path / "log.jsonl"):
        module.addHandler(added)
        module.warning("once")
    assert module.handlers == [again, added]
    assert (len(again.lines), len(added.lines)) == (0, 1)
    module.handlers = [script]
    logs.replay(tmp_path / "log.jsonl", 0)
    assert len(script.lines) == 1
    module.handlers = []


def test_a_damaged_line_is_passed_over_and_an_unfinished_one_is_waited_for(tmp_path: Path, root: Text) -> None:
    log = tmp_path / "log.jsonl"
    line = json.dumps({"name": "a", "levelno": logging.ERROR, "levelname": "ERROR", "msg": "read", "funcName": "f"})
    log.write_text(f'{line[:20]}\n[1]\n{{"name": 3}}\n{line}\n{line[:9]}')
    end = logs.replay(log, 0)
    assert root.lines == ["ERROR a read f"]
    with log.open("a") as file:
        file.write(line[9:] + "\n")
    assert logs.replay(log, end) == log.stat().st_size
    assert len(root.lines) == 2


def test_what_cannot_be_written_fails_nothing(tmp_path: Path, root: Text) -> None:
    class Raises:
        def __str__(self) -> str:
            raise ValueError("no text")

    with logs.sent(travelled(), tmp_path / "gone" / "log.jsonl"):
        logging.error("lost")
    with logs.sent(travelled(), tmp_path / "log.jsonl"):
        logging.error("%d", "no number")
        logging.error(Raises())
        logging.error("kept", extra={"raises": Raises(), "bytes": b"\xff", "half": "\ud800"})
    logs.replay(tmp_path / "log.jsonl", 0)
    assert [line.split(" test_")[0] for line in root.lines] == ["ERROR root kept"]


def test_warnings_are_filtered_and_logged_as_in_the_script(tmp_path: Path, root: Text) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", "boring")
        warnings.filterwarnings("error", category=OfAScript)
        logging.captureWarnings(True)
        told = travelled()
        logging.captureWarnings(False)
        warnings.resetwarnings()
        with logs.sent(told, tmp_path / "log.jsonl"):
            warnings.warn("boring", stacklevel=1)
            warnings.warn("of interest", stacklevel=1)
            with pytest.raises(OfAScript):
                warnings.warn("no good", OfAScript, stacklevel=1)
        assert warnings.showwarning.__module__ != "logging"
    logs.replay(tmp_path / "log.jsonl", 0)
    (line,) = root.lines
    assert "UserWarning: of interest" in line
    assert "py.warnings" in line
