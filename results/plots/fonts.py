"""What can be written on a plot: matplotlib has no font of its own for East Asian and some other scripts."""

import functools
from collections.abc import Sequence

import matplotlib
from matplotlib import font_manager, ft2font

# Fonts of the common systems for scripts that DejaVu Sans lacks; those that are installed are used.
_OF_OTHER_SCRIPTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR",
    "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "IPAGothic", "NanumGothic",
    "PingFang SC", "Hiragino Sans", "Hiragino Sans GB", "Apple SD Gothic Neo", "Microsoft YaHei", "SimHei", "Yu Gothic",
    "Meiryo", "Malgun Gothic", "Arial Unicode MS", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari",
    "Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai", "Nirmala UI", "Leelawadee UI",
)  # fmt: skip


@functools.cache
def families(own: tuple[str, ...]) -> list[str]:
    """Which fonts to look for a character in: the user's `own`, then those for other scripts that are installed."""
    installed = set(font_manager.get_font_names())
    return [*own, *(name for name in _OF_OTHER_SCRIPTS if name in installed and name not in own)]


def own() -> tuple[str, ...]:
    """The fonts that the user's settings of matplotlib name."""
    return tuple(matplotlib.rcParams["font.family"])


def legible(text: str) -> str:
    """`text` with every character that no font here has as its `\\u....` code, of which matplotlib would draw a box."""
    if text.isascii():
        return text
    written = _characters(tuple(families(own())))
    return "".join(
        character if character == "\n" or ord(character) in written else character.encode("unicode_escape").decode()
        for character in text
    )


@functools.cache
def _characters(names: Sequence[str]) -> frozenset[int]:
    paths = {font_manager.findfont(font_manager.FontProperties(family=[name])) for name in names}
    return frozenset().union(*(ft2font.FT2Font(path).get_charmap() for path in paths))
