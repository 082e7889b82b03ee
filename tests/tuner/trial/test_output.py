"""What a trial prints goes into its file, as a terminal would show it in the end."""

import copy
import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_search.tuner.trial import output


def test_all_that_is_printed_is_in_the_file_in_its_order(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    path = tmp_path / "output.txt"
    with output.into(path) as printed:
        print("printed", "é", "\udc80")
        os.write(1, b"native\n")
        subprocess.run(["echo", "of a child"], check=True)
        print("an error", file=sys.stderr)
        sys.stdout.buffer.write(b"bytes\n")
        sys.stdout.writelines(["two\n", "lines\n"])
        print("no end of the line", end="")
        assert path.read_text().endswith("lines\nno end of the line"), "at once, as the process may be killed"
    lines = ["printed é \\udc80", "native", "of a child", "an error", "bytes", "two", "lines", "no end of the line"]
    assert path.read_text().splitlines() == lines
    assert printed.lines == ["printed é \udc80", "two", "lines", "no end of the line"]
    assert printed.is_more
    print("after")
    assert capfd.readouterr() == ("after\n", "")


def test_of_a_bar_its_last_state_is_kept(tmp_path: Path) -> None:
    def bar(stream: io.TextIOBase, end: str) -> None:
        for done in range(3):
            stream.write("\b" * 9 + f"\r\x1b[1m{done}/2\x1b[0m {'━' * (3 - done)}")
            stream.flush()
        stream.write(end)

    with output.into(tmp_path / "output.txt") as printed:
        print("Epoch 1")
        bar(sys.stdout, "\n")
        bar(sys.stderr, "\r\n")
        print("windows\r\nlines\r")
        bar(sys.stdout, "")
        assert (tmp_path / "output.txt").read_text().splitlines()[-1] == "2/2 ━"
    lines = ["Epoch 1", "2/2 ━", "2/2 ━", "windows", "lines", "2/2 ━"]
    assert (tmp_path / "output.txt").read_text().splitlines() == lines
    assert printed.lines == [*lines[:2], *lines[3:]]


def test_a_bar_takes_back_nothing_that_others_have_printed(tmp_path: Path) -> None:
    with output.into(tmp_path / "output.txt"):
        sys.stderr.write("\r1/2")
        print(": half")
        sys.stderr.write("\r2/2\n")
    assert (tmp_path / "output.txt").read_text() == "1/2: half\n2/2\n"


def test_what_prints_nothing_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "output.txt"
    with output.into(path) as printed:
        print(end="")
    assert not path.exists()
    assert (printed.lines, printed.is_more) == ([], False)


def test_native_lines_alone_are_in_the_file_and_no_news(tmp_path: Path) -> None:
    with output.into(tmp_path / "output.txt") as printed:
        os.write(2, b"I0000 00:00:17 cuda: as ever\n")
    assert "as ever" in (tmp_path / "output.txt").read_text()
    assert not printed.is_more


def test_of_many_lines_none_is_shown(tmp_path: Path) -> None:
    for count in (output.MOST_LINES, output.MOST_LINES + 1):
        path = tmp_path / f"{count}.txt"
        with output.into(path) as printed:
            print(*range(count), sep="\n")
        assert len(path.read_text().splitlines()) == count
        assert (len(printed.lines), printed.is_more) == (count, False) if count == output.MOST_LINES else (0, True)


def test_a_trial_that_goes_on_adds_to_its_file(tmp_path: Path) -> None:
    for attempt in ("first", "second"):
        with output.into(tmp_path / "output.txt") as printed:
            print(attempt)
        assert printed.lines == [attempt]
    assert (tmp_path / "output.txt").read_text() == "first\nsecond\n"


def test_a_handler_that_one_trial_made_prints_into_the_file_of_the_next(
    tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    logger = logging.getLogger("of a trial")
    logger.propagate = False
    for trial in ("first", "second"):
        with output.into(tmp_path / trial):
            if not logger.handlers:
                logger.addHandler(copy.copy(logging.StreamHandler(sys.stdout)))
            logger.warning("in the %s", trial)
            copied = copy.deepcopy([sys.stdout])  # as each execution copies the callbacks
            print("copied", file=copied[0])
        assert (tmp_path / trial).read_text() == f"in the {trial}\ncopied\n"
    logger.warning("between")
    assert capfd.readouterr().out == "between\n"


def test_where_nothing_can_be_written_printing_does_not_fail(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    with output.into(tmp_path / "gone" / "output.txt") as printed:
        print("seen")
    assert capfd.readouterr().out == "seen\n"
    assert (printed.lines, printed.is_more) == ([], False)
    with output.into(Path("/dev/full")) as printed:
        print("not written")
        print("\rnor this", file=sys.stderr)
    assert printed.lines == ["not written"]
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    with output.into(tmp_path / "link"):
        print("elsewhere")
    assert not (tmp_path / "precious").exists()
