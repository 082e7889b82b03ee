"""Text from files, made safe to show: one line, and nothing in it that a terminal or a spreadsheet would act upon."""

import re

_TRACEBACK = "Traceback (most recent call last):"
# What a spreadsheet takes for the beginning of a formula, the wide characters of East Asian keyboards included.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
# What Keras puts around the message of an error in a call; the call's arguments follow.
_IN_A_CALL = re.compile(r"Exception encountered when calling [^\n]*\n\n\x1b\[1m(.*?)\x1b\[0m", re.DOTALL)


def one_line(text: str) -> str:
    """`text` with every character that is not printed (line ends, escapes, marks of direction) as its `\\x..` code."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def csv_cell(text: str) -> str:
    """`text` on one line, and quoted by an apostrophe where a spreadsheet would take it for a formula; no number is."""
    text = one_line(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _is_number(text) else text


def shortened(text: str, length: int) -> str:
    """`text`, or its beginning where it is longer than `length`."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def count(number: int, noun: str) -> str:
    """`1 trial`, `2 trials`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def first_line(message: str) -> str:
    """The first line of an error message, without what Keras puts before one that was raised in a call."""
    lines = _IN_A_CALL.sub(r"\1", message).strip().splitlines()
    return lines[0] if lines else ""


def reason(message: str) -> str | None:
    """The line of an error message that says what went wrong: of a traceback its error, else the last line."""
    lines = [line for line in _IN_A_CALL.sub(r"\1", message).splitlines() if line.strip()]
    if _TRACEBACK in lines:
        last = len(lines) - 1 - lines[::-1].index(_TRACEBACK)
        # The frames are indented, the error is not; its message may go on for lines.
        lines = [line for line in lines[last + 1 :] if not line[0].isspace()][:1] or lines
    return one_line(lines[-1].strip()) if lines else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
