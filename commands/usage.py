"""How usage is shown and mistakes in it are reported: flags without a value, errors in one line."""

import itertools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from typer import BadParameter
from typer.core import TyperCommand, TyperGroup, TyperOption

from keras_search.results import streams
from keras_search.results.text import one_line

if TYPE_CHECKING:
    import typer

# Every mistake in usage: Click's class, or from 0.28 on one of Typer's own.
_Misuse: type[BaseException] = next(kind for kind in reversed(BadParameter.__mro__) if kind not in Exception.__mro__)


class Command(TyperCommand):
    """A command whose flags are shown without a type, and which explains that they take no value."""

    def get_params(self, ctx: "typer.Context") -> list[Any]:
        return _without_types(super().get_params(ctx))

    def parse_args(self, ctx: "typer.Context", args: list[str]) -> list[str]:
        flags = {name for param in self.get_params(ctx) if _is_flag(param) for name in param.opts}
        options = args[: args.index("--")] if "--" in args else args
        for word in options:
            name, equals, value = word.partition("=")
            if equals and name in flags:
                ctx.fail(_takes_no_value(name, value))
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except _Misuse:
            # If a word is too many, it may have been meant as the value of the flag before it.
            for name, value in itertools.pairwise(given):
                if name in flags and not value.startswith("-") and self._takes_no_words(ctx):
                    ctx.fail(_takes_no_value(name, value))
            raise

    def _takes_no_words(self, ctx: "typer.Context") -> bool:
        return all(param.param_type_name == "option" for param in self.get_params(ctx))


class Group(TyperGroup):
    """A group of commands that reports misuse in one line on standard error, with exit code 2.

    A command runs to its end even if nobody reads what it prints.
    """

    def get_params(self, ctx: "typer.Context") -> list[Any]:
        return _without_types(super().get_params(ctx))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with streams.unfailing():
            printed = sys.stdout
            try:
                return self._main(*args, **kwargs)
            finally:
                _check(printed)

    def _main(self, args: Sequence[str] | None = None, *more: Any, standalone_mode: bool = True, **others: Any) -> Any:
        args = sys.argv[1:] if args is None else list(args)
        if not standalone_mode or not args:
            return super().main(args, *more, standalone_mode=standalone_mode, **others)
        try:
            sys.exit(super().main(args, *more, standalone_mode=False, **others))
        except _Misuse as error:
            _refuse(error)


def more(*pages: str) -> str:
    """The last line of the help of a command: the pages of the documentation about it."""
    return f"More: {', '.join(f'docs/{page}.md' for page in pages)}"


def _check(printed: TextIO | None) -> None:
    """Exits with an error if output was lost that somebody wants, as on a full disk; not if the reader is gone."""
    if not isinstance(printed, streams.Unfailing):  # there is no standard output
        return
    printed.flush()
    if printed.failure is not None and printed.has_reader:
        printed.drop()
        print(f"Error: standard output cannot be written: {printed.failure}", file=sys.stderr)
        raise SystemExit(2)


def _without_types(params: list[Any]) -> list[Any]:
    for param in params:
        if _is_flag(param):
            param.metavar = ""  # otherwise `<bool>` is shown
    return params


def _refuse(error: Any) -> NoReturn:
    errors = getattr(error.__cause__, "errors", None)
    if isinstance(error, BadParameter) and errors is not None:
        # Pydantic's message names neither the value nor what is expected; it checks integers only.
        error.message = f"{errors()[0]['input']!r} is not a whole number"
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    context = getattr(error, "ctx", None)
    where = "" if context is None else f"; {context.command_path} --help shows what there is"
    print(f"Error: {one_line(message)}{one_line(where)}", file=sys.stderr)
    sys.exit(error.exit_code)


def _takes_no_value(name: str, value: str) -> str:
    return f"{name} takes no value, and was given {value!r}: write {name} alone, or leave it out"


def _is_flag(param: Any) -> bool:
    return isinstance(param, TyperOption) and param.is_flag
