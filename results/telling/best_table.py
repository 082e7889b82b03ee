"""The best trials side by side: a column per trial, a row per figure and per hyperparameter in which they differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from keras_search.results.labels import apart
from keras_search.results.telling.fitted import Column, FittedTable, needed
from keras_search.results.text import count

_LONGEST_VALUE, _LONGEST_NAME = 24, 44
_NAME, _NARROW_NAME = 20, 12  # the least width of the row names: with three or more trials, with one or two


@dataclass(frozen=True)
class Side:
    """A trial, as a column of the table.

    Attributes:
        trial_id: Its id.
        is_baseline: Whether it is the documented point.
        figures: Its results by heading, the score first; empty texts if not known.
        settings: Its active hyperparameters.
    """

    trial_id: str
    is_baseline: bool
    figures: Mapping[str, str]
    settings: Mapping[str, str]


@dataclass(frozen=True)
class BestTable:
    """As many trials as fit on the terminal, the baseline among them.

    Attributes:
        title: The line above the table.
        trials: The best first.
    """

    title: str
    trials: Sequence[Side]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield Text(self.title)
        for most in range(len(self.trials), 0, -1):
            shown = self._first(most)
            columns, alike = _columns(shown)
            if needed(columns) <= options.max_width - 2:
                break
        else:  # not even a single trial fits beneath its id
            columns = [replace(column, heading="") for column in columns]
            yield Text(f"trial {_heading(shown[0])}")
        yield FittedTable(columns)
        if alike:
            yield Text(f"Not shown: {count(alike, 'hyperparameter')} with the same value in all of these.")

    def _first(self, most: int) -> list[Side]:
        """The best `most` trials; the last of them gives way to the baseline if that is not among them."""
        others = [trial for trial in self.trials[most:] if trial.is_baseline]
        return [*self.trials[: most - len(others)], *others] if most > 1 else [self.trials[0]]


def _columns(trials: Sequence[Side]) -> tuple[list[Column], int]:
    """The columns of `trials`, and how many hyperparameters are left out as all `trials` have the same value."""
    headings = [name for name in trials[0].figures if any(trial.figures[name] for trial in trials)]
    tuned = list(dict.fromkeys(name for trial in trials for name in trial.settings))
    rows = {name: [trial.settings.get(name, "") for trial in trials] for name in tuned}
    shown = {name: values for name, values in rows.items() if len(trials) == 1 or len(set(values)) > 1}
    cells = [[trial.figures[name] for trial in trials] for name in headings]
    cells += [apart(values, _LONGEST_VALUE) for values in shown.values()]
    narrowest = _NAME if len(trials) > 2 else _NARROW_NAME
    names = Column("trial", [*headings, *apart(list(shown), _LONGEST_NAME)], is_text=True, narrowest=narrowest)
    return [names, *(Column(_heading(trial), own) for trial, own in zip(trials, zip(*cells)))], len(rows) - len(shown)


def _heading(trial: Side) -> str:
    return f"{trial.trial_id}\nbaseline" if trial.is_baseline else trial.trial_id
