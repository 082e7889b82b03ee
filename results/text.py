"""Makes text from files safe to show: on one line, with nothing that a terminal or a spreadsheet would act upon."""

import difflib
import itertools
import re
import shlex
from collections.abc import Iterable, Sequence

_TRACEBACK = "Traceback (most recent call last):"
# Keras may print whole arrays in its messages.
_LONGEST_ERROR = 400
# How a formula begins in a spreadsheet, also as typed on East Asian keyboards (full-width characters).
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
# What Keras wraps around an error in a call: which call before the message, the arguments after it.
_IN_A_CALL = re.compile(
    r"Exception encountered when calling [^\n]*\n\n\x1b\[1m"
    r"(?:Could not automatically infer the output shape [^\n]*\n\n)?(.*?)\x1b\[0m\n\n"
    r"Arguments received by [^\n]*(?:\n +[^\n]*)*",
    re.DOTALL,
)


def one_line(text: str) -> str:
    """`text` with each unprintable character (line end, escape, direction mark) as its `\\x..` code."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def escaped(text: str, encoding: str = "utf-8") -> str:
    """`text` with each character that `encoding` does not have as its `\\x..` code.

    In UTF-8 those are lone surrogates, as Python has them in file names that are not UTF-8.
    """
    return text.encode(encoding, "backslashreplace").decode(encoding)


def csv_cell(text: str) -> str:
    """`text` on one line, after an apostrophe if a spreadsheet would take it for a formula; numbers never are."""
    text = one_line(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _is_number(text) else text


def command(*words: object) -> str:
    """A shell command of `words`, on one line, each quoted where it needs to be."""
    return " ".join(map(_shell_word, map(str, words)))


def _shell_word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    plain = re.sub(r"([\\'])", r"\\\1", word)
    return f"$'{''.join(map(_shell_character, plain))}'"


def _shell_character(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # Python's stand-in for a byte that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character.isprintable():
        return character
    # A shell takes `\\x85` for a byte, not for a character.
    return f"\\U{ord(character):08x}" if ord(character) > 127 else character.encode("unicode_escape").decode()


def shortened(text: str, length: int) -> str:
    """`text`; if it is longer than `length`, only its beginning."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def count(number: int, noun: str) -> str:
    """`1 trial`, `2 trials`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time span for a person: `9.1 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def listed(words: Sequence[str]) -> str:
    """`one`, `one and two`, `one, two and three`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def error_line(error: BaseException) -> str:
    """An error in one line of limited length: its class, and the line of its message that says what went wrong."""
    message = str(error)
    if isinstance(error, KeyError) and error.args and "\n" in str(error.args[0]):
        message = str(error.args[0])  # `str` of a KeyError is the `repr` of its message
    return shortened(": ".join(filter(None, (type(error).__name__, telling_line(message)))), _LONGEST_ERROR)


def telling_line(message: str) -> str:
    """The line of an error message that says what went wrong: the first that does not end in a colon.

    Messages of Keras and TensorFlow begin with where it went wrong: in which call, or `Graph execution error:`.
    """
    # Keras tells the sizes of data that differ on a line for each.
    message = re.sub(r"\s*('\w+' sizes:)", r" \1", message)
    lines = [line for line in _IN_A_CALL.sub(r"\1", message).splitlines() if line.strip()]
    telling = [line for line in lines if not line[0].isspace() and not line.rstrip().endswith(":")]
    return (telling or lines or [""])[0].strip()


def reason(message: str) -> str | None:
    """The line of a failed trial's message that says what went wrong: the error of a traceback, else the last line."""
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


def is_it(name: str, known: Iterable[str]) -> str:
    """The end of a message about a `name` that there is not: the one of the `known` names that it resembles, if any."""
    near = difflib.get_close_matches(name, known, 1)
    return f": is it {near[0]}?" if near else ""
