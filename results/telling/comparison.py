"""Several runs side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from keras_search.results.errors import RunError
from keras_search.results.numbers import has_values, number
from keras_search.results.reading import scores
from keras_search.results.reading.objective import Objective
from keras_search.results.reading.run import Run
from keras_search.results.reading.run_directory import read as read_run
from keras_search.results.telling import sentences
from keras_search.results.telling.fitted import Column, FittedTable
from keras_search.results.text import one_line

_HEADINGS = ("run", "finished", "best", "median", "epochs", "seconds", "best trial")
_GOES = {"seconds": 4, "epochs": 3, "median": 2, "finished": 1}


def read(paths: Sequence[Path]) -> dict[str, Run]:
    """Reads the runs to compare, the best score first, each under the shortest name that is distinct.

    Raises:
        RunError: There are fewer than two; one is named twice, cannot be read or has no finished trial; or they did
            not optimise the same metric.
    """
    if len(paths) < 2:
        raise RunError(f"compare needs at least two runs, {len(paths)} given: name another one")
    resolved = [path.resolve() for path in paths]
    for path in resolved:
        if resolved.count(path) > 1:
            raise RunError(f"run {path.name!r} is given twice: name each run once")
    names = [path.name for path in resolved]
    runs = {
        path.name if names.count(path.name) == 1 else str(given): read_run(given)
        for path, given in zip(resolved, paths)
    }
    best = {name: scores.scored(run)["score"].iloc[0] for name, run in runs.items()}
    shared = _shared_objective(runs)
    return {
        name: replace(runs[name], objective=shared)
        for name in sorted(runs, key=best.__getitem__, reverse=shared.direction == "max")
    }


def table(runs: Mapping[str, Run]) -> FittedTable:
    """A row per run: its trials, best and median score, epochs and seconds."""
    rows = []
    for name, run in runs.items():
        finished = scores.scored(run)
        seconds = run.trials["duration_s"]
        rows.append(
            (
                one_line(name),
                f"{len(finished):,}/{len(run.trials):,}",
                number(finished["score"].iloc[0]),
                number(finished["score"].median()),
                # Keras Tuner records the best epoch alone, not how many epochs were trained.
                f"{len(run.epochs):,}" if has_values(run.trials, "epochs_run") else "",
                f"{seconds.sum():,.1f}" if has_values(run.trials, "duration_s") else "",
                one_line(finished["trial_id"].iloc[0]),
            )
        )
    columns = dict(zip(_HEADINGS, zip(*rows)))
    return FittedTable(
        [
            Column(heading, cells, _GOES.get(heading, 0), is_text=heading == "run", is_id=heading == "best trial")
            for heading, cells in columns.items()
        ]
    )


def caution(runs: Mapping[str, Run]) -> str:
    """Why the scores of `runs` may not be comparable, in a sentence; empty if no reason is known."""
    data = {name: _data(run) for name, run in runs.items()}
    if None in data.values():
        unknown = ", ".join(name for name, described in data.items() if described is None)
        return f"it is not known what data these runs were made on, which may differ: {unknown}."
    if len(set(data.values())) > 1:
        listed = "; ".join(f"{name} on {described}" for name, described in data.items())
        return f"the datasets differ, so the scores are not comparable: {listed}."
    if len({run.info["asked"]["seed"] for run in runs.values()}) > 1:
        return "the seeds differ, and with them the images for validation: small differences may be due to that."
    return ""


def _shared_objective(runs: Mapping[str, Run]) -> Objective:
    """What all `runs` optimised; each may have optimised any of several metrics (`Objective.names`)."""
    # All are known: `scores.scored` refuses a run whose objective is not.
    first, *others = [run.objective for run in runs.values() if run.objective is not None]
    names = [name for name in first.names if all(name in other.names for other in others)]
    if not names or len({first.direction, *(other.direction for other in others)}) > 1:
        listed = ", ".join(f"{name} has {sentences.objective(run)}" for name, run in runs.items())
        raise RunError(f"runs with different objectives cannot be compared: {listed}; name runs with the same one")
    return Objective(names[0], first.direction, tuple(names[1:]))


def _data(run: Run) -> str | None:
    data = run.info.get("dataset") or {}
    if not data.get("fingerprint"):
        return None
    return (
        f"{data['name']} {data['fingerprint'][:8]}, {data['training_images']:,} training and "
        f"{data['validation_images']:,} validation images"
    )
