"""Shortens texts so that they can still be told apart."""

import itertools
from collections.abc import Mapping, Sequence

from keras_search.results.text import one_line


def shortened(text: str, length: int = 28) -> str:
    """`text` on one line; if that is longer than `length`, only its beginning and its end."""
    return _cut(one_line(text), length, (length - 1) // 2)


def apart(texts: Sequence[str], length: int = 28) -> list[str]:
    """Each of `texts` shortened; those that would come out the same, though they differ, are cut elsewhere."""
    lines = [one_line(text) for text in texts]
    cut = {line: shortened(line, length) for line in lines}
    for same in [group for group in _by_value(cut).values() if len(group) > 1]:
        cut |= zip(same, _cut_apart(same, length))
    # What is still alike differs in more places than there is room for.
    alike = [line for group in _by_value(cut).values() if len(group) > 1 for line in group]
    cut |= {line: _numbered(cut[line], number, length) for number, line in enumerate(alike, 1)}
    return [cut[line] for line in lines]


def _cut(line: str, length: int, head: int) -> str:
    """`line`; if it is too long, its first `head` characters and as many of its last as fit."""
    tail = length - 1 - head
    return line if len(line) <= length else f"{line[:head]}…{line[len(line) - tail :]}"


def _cut_apart(lines: Sequence[str], length: int) -> list[str]:
    """`lines` cut at the place nearest to the middle that tells most apart, or around where they first differ."""
    heads = sorted(range(length), key=lambda head: abs(head - length // 2))
    start = next(place for place in itertools.count() if len({line[: place + 1] for line in lines}) > 1)
    tried = [[_cut(line, length, head) for line in lines] for head in heads]
    tried += [[_window(line, max(0, start - before), length) for line in lines] for before in (length // 3, 0)]
    return max(tried, key=lambda texts: len(set(texts)))


def _window(line: str, start: int, length: int) -> str:
    start = max(0, min(start, len(line) - length + 1))
    before = "…" * (start > 0)
    return before + line[start:] if len(line) - start < length else f"{before}{line[start : start + length - 2]}…"


def _numbered(text: str, number: int, length: int) -> str:
    mark = f"…{number}"
    return f"{text[: length - len(mark)]}{mark}"


def _by_value(cut: Mapping[str, str]) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for line, text in cut.items():
        lines.setdefault(text, []).append(line)
    return lines
