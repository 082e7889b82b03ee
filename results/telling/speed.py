"""Which accelerations were on for the trials of a search, and why the others were not."""

from collections import Counter
from pathlib import Path

from keras_search.results.reading import search_files, trial_rows
from keras_search.results.telling.fitted import Column, FittedTable
from keras_search.results.text import one_line


def speed_table(run: Path) -> FittedTable | None:
    """For each acceleration, in how many trials of `run` it was on, and why not in the others; None if not recorded."""
    told = [search_files.read_accelerations(trial) for trial in trial_rows.trial_directories(run)]
    told = [accelerations for accelerations in told if accelerations]
    names = list(dict.fromkeys(name for accelerations in told for name in accelerations))
    if not names:
        return None
    by_name = {name: [accelerations.get(name) for accelerations in told] for name in names}
    return FittedTable(
        [
            Column("acceleration", list(map(one_line, names)), is_id=True),
            Column("trials", [f"{values.count(True)} of {len(told)}" for values in by_name.values()]),
            Column("why not", [_reasons(values) for values in by_name.values()], is_text=True),
        ]
    )


def _reasons(values: list[bool | str | None]) -> str:
    """The reasons among `values`, the most frequent first; if there are several, each with its number of trials."""
    reasons = Counter(one_line(value) for value in values if isinstance(value, str)).most_common()
    if len(reasons) == 1:
        return reasons[0][0]
    return "; ".join(f"{reason} ({count})" for reason, count in reasons)
