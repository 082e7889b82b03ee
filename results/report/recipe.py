"""How to get the best configuration, and the whole search, again."""

import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_search.results.errors import RunError
from keras_search.results.numbers import setting
from keras_search.results.telling import sentences
from keras_search.results.text import one_line, shortened

if TYPE_CHECKING:
    from keras_search.results.reading.run import Run

_LONGEST = 300  # characters
_REPEATABLE = ("random", "grid")


def summary(run: "Run") -> str:
    """What was searched, in one line."""
    parts = [f"{len(run.trials):,} trial{'' if len(run.trials) == 1 else 's'}"]
    if asked := run.info.get("asked"):
        parts.append(f"of {asked['space']}")
    if run.dataset:
        parts.append(f"on {run.dataset['name']}")
    if run.objective:
        parts.append(f"for {sentences.objective(run)}")
    return one_line(" ".join(parts))


def configuration(run: "Run") -> list[tuple[str, str, str, str]]:
    """For each hyperparameter of the best trial its name, its value, the baseline's value and the range searched.

    Empty if no trial is known to be the best.
    """
    try:
        best = run.configuration
    except RunError:
        return []
    baseline = run.info.get("baseline") or {}
    ranges: dict[str, list[str]] = {}
    for hyperparameter in run.space:
        ranges.setdefault(hyperparameter.name, []).append(hyperparameter.range)
    searched = {name: " or ".join(dict.fromkeys(ranges.get(name, []))) for name in best}
    return [
        (_cell(name), _cell(setting(value)), _cell(setting(baseline.get(name, ""))), _cell(searched[name]))
        for name, value in best.items()
    ]


def differs_from_baseline(run: "Run") -> bool:
    """Whether the documented point is known and the best trial is another point."""
    try:
        return bool(run.info.get("baseline")) and not sentences.is_baseline(run.best)
    except RunError:
        return False


def code(run: "Run") -> str | None:
    """Python code with which Keras Tuner builds the best configuration; None if no trial is known to be the best."""
    try:
        values = run.configuration
    except RunError:
        return None
    lines = ["import keras_tuner", "", "hp = keras_tuner.HyperParameters()", "hp.values = {"]
    lines += [f"    {name!r}: {_literal(value)}," for name, value in values.items()]
    lines += ["}", "model = hypermodel.build(hp)  # the hypermodel that was searched"]
    return "\n".join(lines)


def command(run: "Run") -> str | None:
    """The command that began the run; None if a script did."""
    words = run.info.get("command")
    if not words:
        return None
    program, *arguments = words
    program = ["python", program] if program.endswith(".py") else [Path(program).name]
    return one_line(shlex.join([*program, *arguments]))


def repeatable(run: "Run") -> str:
    """Whether the command, given again, has the same outcome, in a sentence; empty if not known."""
    asked = run.info.get("asked")
    if not asked or asked.get("space_code") or asked.get("warm_start"):  # code or runs of the user's own may change
        return ""
    if asked.get("oracle") in _REPEATABLE and asked.get("pruner") == "none":
        return (
            "On the CPU it tries the same configurations and gives the same scores, for any number of worker processes."
        )
    return (
        "The oracle or the pruner learns from the trials that have ended, hence from how many ran at once: "
        "given again, it may try other configurations."
    )


def facts(run: "Run") -> dict[str, str]:
    """What was searched, how and on which data, as far as recorded."""
    asked, dataset = run.info.get("asked") or {}, run.dataset or {}
    images = dataset and f"{dataset['training_images']:,} to train on, {dataset['validation_images']:,} to validate on"
    source = dataset and dataset.get("source")
    told = {
        "objective": sentences.objective(run),
        "search space": asked.get("space"),
        "narrowed by": ", ".join(asked.get("set") or []),
        "oracle": asked.get("oracle"),
        "pruner": asked.get("pruner"),
        "warm start": ", ".join(asked.get("warm_start") or []),
        "seed": asked.get("seed"),
        "dataset": dataset and dataset["name"] + (f" ({source})" if source and source != dataset["name"] else ""),
        "images": images,
        "SHA-256 of the data": dataset and dataset.get("fingerprint"),
        "begun": _time(run.info.get("created_at")),
        "last trial ended": _last(run),
    }
    return {name: one_line(str(value)) for name, value in told.items() if value not in (None, "", {})}


def versions(run: "Run") -> Mapping[str, str]:
    """The versions of the packages that made the run, as far as recorded."""
    return {one_line(name): one_line(str(version)) for name, version in (run.info.get("versions") or {}).items()}


def _cell(text: str) -> str:
    return shortened(one_line(text), _LONGEST)


def _last(run: "Run") -> str | None:
    ended = run.trials.loc[:, "ended_at"].dropna()
    return None if ended.empty else _time(ended.max())


def _time(written: str | None) -> str | None:
    """A time of `run.json` or `record.json` in a form for people."""
    return written and written.replace("T", " ").replace("+00:00", " UTC")


def _literal(value: Any) -> str:
    is_literal = not isinstance(value, float) or math.isfinite(value)
    return repr(value) if is_literal else f"float({str(value)!r})"
