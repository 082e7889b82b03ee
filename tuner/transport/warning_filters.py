"""The filters of Python's `warnings` that a script has set, for another process."""

import contextlib
import operator
import re
import sys
import warnings
from dataclasses import dataclass
from typing import Any, Self

# What a filter does, the pattern of its messages, the module and name of its category, the pattern of its modules, and
# its line.
_Filter = tuple[str, re.Pattern[str] | None, str, str, re.Pattern[str] | None, int]


@dataclass(frozen=True)
class WarningFilters:
    """Filters in the order in which they are asked."""

    filters: tuple[_Filter, ...]

    @classmethod
    def current(cls) -> Self:
        """Those of this process."""
        return cls(
            tuple(
                (action, message, category.__module__, category.__qualname__, module, line)
                for action, message, category, module, line in warnings.filters
                if isinstance(category, type)
            )
        )

    def use(self) -> None:
        """Makes them those of this process, but for those of categories that no module has here.

        They stay, as each trial brings its own: with other filters, a warning that was shown would be shown again.
        """
        filters = [found for told in self.filters if (found := _resolved(told)) is not None]
        if list(warnings.filters) != filters:
            warnings.resetwarnings()
            warnings.filters[:] = filters  # pyright: ignore[reportIndexIssue]


def _resolved(told: _Filter) -> tuple[Any, ...] | None:
    action, message, module_name, name, module, line = told
    with contextlib.suppress(AttributeError):
        category = operator.attrgetter(name)(sys.modules.get(module_name))
        return action, message, category, module, line
    return None
