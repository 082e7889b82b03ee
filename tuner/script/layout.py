"""Lays out Python code as a formatter would: on one line where it fits, else broken at its brackets."""

from dataclasses import dataclass

WIDTH = 88  # the default of Black and Ruff

_INDENT = 4


@dataclass(frozen=True)
class Brackets:
    """Code with brackets, such as a call or a list: `opening`, then `items` between commas, then `closing`."""

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
    """The call of `function`; what it returns is called with `to`, unless that is empty."""
    return Brackets(f"{function}(", items, f")({to})" if to else ")")


def prefixed(prefix: str, code: Code) -> Code:
    """`code` behind `prefix`, such as the name of an argument or a variable that it is assigned to."""
    return prefix + code if isinstance(code, str) else Brackets(prefix + code.opening, code.items, code.closing)


def laid_out(code: Code, indent: int = 0, behind: int = 0) -> str:
    """`code` in lines of at most `WIDTH` characters, where it has brackets to be broken at.

    Args:
        indent: How far all lines are indented.
        behind: How many characters will follow in the last line.
    """
    margin = " " * indent
    inner = indent + _INDENT
    line = f"{margin}{code}"
    if isinstance(code, str) or not code.items or len(line) + behind <= WIDTH:
        return line
    # A list that is broken has an item a line; the arguments of a call may share one.
    within = f"{' ' * inner}{', '.join(map(str, code.items))}"
    if len(code.items) == 1:
        within = laid_out(code.items[0], inner)
    elif code._is_literal or len(within) > WIDTH:
        within = "\n".join(laid_out(item, inner, behind=1) + "," for item in code.items)
    return f"{margin}{code.opening}\n{within}\n{margin}{code.closing}"
