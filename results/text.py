"""Text from files, made safe to show: one line, and nothing in it that a terminal or a spreadsheet would act upon."""

import itertools
import re
import shlex
from collections.abc import Sequence

_TRACEBACK = "Traceback (most recent call last):"
# Keras's messages may hold all the data.
_LONGEST_ERROR = 400
# What a spreadsheet takes for the beginning of a formula, the wide characters of East Asian keyboards included.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
# What Keras puts around the message of an error in a call: in what call before it, its arguments behind it.
_IN_A_CALL = re.compile(
    r"Exception encountered when calling [^\n]*\n\n\x1b\[1m"
    r"(?:Could not automatically infer the output shape [^\n]*\n\n)?(.*?)\x1b\[0m\n\n"
    r"Arguments received by [^\n]*(?:\n +[^\n]*)*",
    re.DOTALL,
)


def one_line(text: str) -> str:
    """`text` with every character that is not printed (line ends, escapes, marks of direction) as its `\\x..` code."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def escaped(text: str, encoding: str = "utf-8") -> str:
    """`text`, in which each character that `encoding` cannot say is its `\\x..` code: the half ones, in UTF-8.

    The name of a file that is not UTF-8 has half characters in Python.
    """
    return text.encode(encoding, "backslashreplace").decode(encoding)


def csv_cell(text: str) -> str:
    """`text` on one line, and quoted by an apostrophe where a spreadsheet would take it for a formula; no number is."""
    text = one_line(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _is_number(text) else text


def command(*words: object) -> str:
    """A command to be typed in a shell: each of `words` as one word, on one line, whatever it holds."""
    return " ".join(map(_shell_word, map(str, words)))


def _shell_word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    plain = re.sub(r"([\\'])", r"\\\1", word)
    return f"$'{''.join(map(_shell_character, plain))}'"


def _shell_character(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python has a byte of a file's name that is no text
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character.isprintable():
        return character
    # A shell takes `\\x85` for a byte.
    return f"\\U{ord(character):08x}" if ord(character) > 127 else character.encode("unicode_escape").decode()


def shortened(text: str, length: int) -> str:
    """`text`, or its beginning where it is longer than `length`."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def count(number: int, noun: str) -> str:
    """`1 trial`, `2 trials`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """`one`, `one and two`, `one, two and three`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def error_line(error: BaseException) -> str:
    """What went wrong in one line, cut where it is long: the error's kind and the line of its message that says so."""
    message = str(error)
    if isinstance(error, KeyError) and error.args and "\n" in str(error.args[0]):
        message = str(error.args[0])  # of which `str` gives the `repr`
    return shortened(": ".join(filter(None, (type(error).__name__, telling_line(message)))), _LONGEST_ERROR)


def telling_line(message: str) -> str:
    """The line of an error message that says what went wrong: the first that announces no other.

    Keras's and TensorFlow's messages begin with where it went wrong: in what call, or `Graph execution error:`.
    """
    lines = [line for line in _IN_A_CALL.sub(r"\1", message).splitlines() if line.strip()]
    telling = [line for line in lines if not line[0].isspace() and not line.rstrip().endswith(":")]
    return (telling or lines or [""])[0].strip()


def reason(message: str) -> str | None:
    """The line of a failed trial's message that says what went wrong: of a traceback its error, else the last line."""
    lines = [line for line in _IN_A_CALL.sub(r"\1", message).splitlines() if line.strip()]
    if _TRACEBACK in lines:
        last = len(lines) - 1 - lines[::-1].index(_TRACEBACK)
        # The frames are indented, the error is not; its message may go on for lines.
        error = "\n".join(itertools.dropwhile(lambda line: line[0].isspace(), lines[last + 1 :]))
        kind, colon, message = error.partition(": ")
        lines = [f"{kind}{colon}{telling_line(message)}"] if colon else error.splitlines()[:1] or lines
    return one_line(lines[-1].strip()) if lines else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
