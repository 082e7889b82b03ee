"""Lays out Python code as a formatter does: on one line if it fits, else broken at its brackets."""

from dataclasses import dataclass

WIDTH = 88  # the default of Black and Ruff

_INDENT = 4


@dataclass(frozen=True)
class Brackets:
    """Code with brackets, such as a call or a list: `opening`, `items` separated by commas, `closing`."""

    opening: str
    items: tuple["Code", ...]
    closing: str

    def __str__(self) -> str:
        return f"{self.opening}{', '.join(map(str, self.items))}{self.closing}"

    @property
    def _is_literal(self) -> bool:
        return self.opening.endswith(("[", "{"))


Code = str | Brackets


def call(function: str, *items: Code, to: Code = "") -> Brackets:
    """The call of `function` with `items`; what it returns is called with `to`, unless that is empty."""
    return Brackets(f"{function}(", items, f")({to})" if to else ")")


def prefixed(prefix: str, code: Code) -> Code:
    """`code` after `prefix`, such as the name of an argument, or of a variable to assign it to."""
    return prefix + code if isinstance(code, str) else Brackets(prefix + code.opening, code.items, code.closing)


def laid_out(code: Code, indent: int = 0, behind: int = 0) -> str:
    """`code` in lines of at most `WIDTH` characters, if it has brackets to break it at.

    Args:
        indent: The indentation of all lines, in spaces.
        behind: The number of characters that will follow in the last line.
    """
    margin = " " * indent
    inner = indent + _INDENT
    line = f"{margin}{code}"
    if isinstance(code, str) or not code.items or len(line) + behind <= WIDTH:
        return line
    # A broken list has one item per line; the arguments of a call share a line if they fit.
    within = f"{' ' * inner}{', '.join(map(str, code.items))}"
    if len(code.items) == 1:
        within = laid_out(code.items[0], inner)
    elif code._is_literal or len(within) > WIDTH:
        within = "\n".join(laid_out(item, inner, behind=1) + "," for item in code.items)
    return f"{margin}{code.opening}\n{within}\n{margin}{code.closing}"
