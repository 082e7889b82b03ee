"""Texts from files, made safe to show and short enough to read."""

import os
import subprocess

import pytest

from keras_search.results.text import (
    command,
    count,
    csv_cell,
    error_line,
    escaped,
    listed,
    one_line,
    reason,
    shortened,
    telling_line,
)


@pytest.mark.parametrize(
    "word",
    ["plain", "two words", "it's", '"', "$HOME", "-x", "a\nb", "\x1b]0;t\x07'\\", "é", "\udcff", "~", "\x85", ""],
)
def test_a_printed_command_means_what_it_says(word: str) -> None:
    printed = command("printf", "%s", word)
    assert printed.isprintable()
    done = subprocess.run(["bash", "-c", printed], capture_output=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
    assert done.stdout == os.fsencode(word)


@pytest.mark.parametrize(
    ("words", "said"),
    [([], ""), (["one"], "one"), (["one", "two"], "one and two"), (["one", "two", "three"], "one, two and three")],
)
def test_a_list_reads_as_a_sentence(words: list[str], said: str) -> None:
    assert listed(words) == said


def test_what_is_not_printed_is_shown_as_its_code() -> None:
    assert one_line("plain, é and 数") == "plain, é and 数"
    assert one_line("a\nb\x1b[31m\u202e\x85") == "a\\nb\\x1b[31m\\u202e\\x85"


def test_what_an_encoding_cannot_say_is_shown_as_its_code() -> None:
    assert escaped("é\udcff") == "é\\udcff"
    assert escaped("é…", "latin-1") == "é\\u2026"


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-cmd", "@now", "  =1+1", "\uff1d1", "=\n"])
def test_a_formula_is_quoted_in_a_table(text: str) -> None:
    assert csv_cell(text) == f"'{one_line(text)}"


@pytest.mark.parametrize("text", ["-1.5", "+2e-3", "-inf", "1=1", "plain", ""])
def test_a_number_and_a_word_are_not(text: str) -> None:
    assert csv_cell(text) == text


def test_a_cut_text_says_so() -> None:
    assert (shortened("12345", 5), shortened("123456", 5)) == ("12345", "1234…")


def test_numbers_have_their_noun() -> None:
    assert [count(number, "trial") for number in (0, 1, 2, 1000)] == ["0 trials", "1 trial", "2 trials", "1,000 trials"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("the first\nthe second"), "ValueError: the first"),
        (ValueError("Graph execution error:\n\nDetected at node x\n  deep"), "ValueError: Detected at node x"),
        (ValueError("only this:"), "ValueError: only this:"),
        (ValueError("  \n"), "ValueError"),
        (KeyError("units"), "KeyError: 'units'"),
        (KeyError("where:\nwhat"), "KeyError: what"),
        (ValueError("x" * 1000), f"ValueError: {'x' * 387}…"),
    ],
)
def test_an_error_is_one_line_that_tells(error: Exception, line: str) -> None:
    assert error_line(error) == line
    assert len(line) <= 400


IN_A_CALL = """Exception encountered when calling Picky.call().

\x1b[1mnothing suits me\x1b[0m

Arguments received by Picky.call():
  \u2022 x=<KerasTensor shape=(None, 2), dtype=float32, sparse=False, ragged=False, name=keras_tensor>
"""


def test_of_an_error_in_a_keras_layer_its_message_is_told() -> None:
    assert telling_line(IN_A_CALL) == "nothing suits me"
    lengths = "Make sure all arrays contain the same number of samples.'x' sizes: 51\n'y' sizes: 48\n"
    assert telling_line(lengths).endswith("samples. 'x' sizes: 51 'y' sizes: 48")
    assert telling_line(f"Error when building:\n{IN_A_CALL}") == "nothing suits me"


TRACEBACK = """Traceback (most recent call last):
  File "own.py", line 1, in build
    raise ValueError("Graph execution error:")
ValueError: Graph execution error:

the image is too small
"""


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (TRACEBACK, "ValueError: the image is too small"),
        (f"{TRACEBACK}\nDuring handling of the above exception:\n\n{TRACEBACK}", "ValueError: the image is too small"),
        ("Traceback (most recent call last):\n  File\nKeyboardInterrupt\n", "KeyboardInterrupt"),
        ("Traceback (most recent call last):\n  File", "File"),
        ("one\ntwo\x1b[31m\n", "two\\x1b[31m"),
        (" \n", None),
    ],
)
def test_the_reason_of_a_failure_is_the_last_that_its_message_says(message: str, said: str | None) -> None:
    assert reason(message) == said
