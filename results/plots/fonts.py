"""Which characters a plot can show: matplotlib brings no font for East Asian and some other scripts."""

import functools
from collections.abc import Sequence

import matplotlib
from matplotlib import font_manager, ft2font

# Fonts of common systems for scripts that DejaVu Sans lacks; the installed ones among them are used.
_OF_OTHER_SCRIPTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR",
    "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "IPAGothic", "NanumGothic",
    "PingFang SC", "Hiragino Sans", "Hiragino Sans GB", "Apple SD Gothic Neo", "Microsoft YaHei", "SimHei", "Yu Gothic",
    "Meiryo", "Malgun Gothic", "Arial Unicode MS", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari",
    "Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai", "Nirmala UI", "Leelawadee UI",
)  # fmt: skip


@functools.cache
def families(own: tuple[str, ...]) -> list[str]:
    """The fonts in which to look for a character: the user's `own`, then the installed ones for other scripts."""
    installed = set(font_manager.get_font_names())
    return [*own, *(name for name in _OF_OTHER_SCRIPTS if name in installed and name not in own)]


def own() -> tuple[str, ...]:
    """The fonts in the user's settings of matplotlib."""
    return tuple(matplotlib.rcParams["font.family"])


def legible(text: str) -> str:
    """`text` with each character that is in none of the fonts as its `\\u....` code, instead of a box."""
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
