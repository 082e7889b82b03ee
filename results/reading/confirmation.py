"""The confirmation of a run: its best trials by one score, each trained once more on fresh seeds."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from keras_search.results import files, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.reading import trial_rows
from keras_search.results.reading.trial_rows import Row


@dataclass(frozen=True)
class Plan:
    """What is trained once more: the content of `plan.json`.

    Attributes:
        objective: The objective of the run, `NAME:max` or `NAME:min`.
        trials: The ids of its best trials, the best first.
        seeds: On how many fresh seeds each is trained.
        data: What stands for the data; None if nothing is known of them.
    """

    objective: str
    trials: tuple[str, ...]
    seeds: int
    data: str | None = None

    def write(self, run: Path) -> None:
        """Writes `plan.json` into the confirmation of the run directory `run`."""
        files.write_json(run / layout.CONFIRMATION / layout.CONFIRMATION_PLAN, asdict(self))


@dataclass(frozen=True)
class Confirmation:
    """A confirmation that has ended.

    Attributes:
        plan: What was trained once more.
        scores: By trial, the scores of its trainings on fresh seeds; of trials without a failed training alone.
        epochs: By trial, the best epochs of these trainings, as far as they are known.
    """

    plan: Plan
    scores: Mapping[str, Sequence[float]]
    epochs: Mapping[str, Sequence[int]]

    def best(self, first: Mapping[str, float], is_minimised: bool) -> str | None:
        """The trial with the best mean of all its scores; of equals the one that had the better score first.

        The score by which a trial came among the best is too high a guess of what it is worth, but with the others it
        tells as much as they do of which trial is better (`benchmarks/confirm.py`).

        Args:
            first: By trial, the scores of the search.
        """
        means = {
            trial: statistics.mean([first[trial], *scores]) for trial, scores in self.scores.items() if trial in first
        }
        return (min if is_minimised else max)(means, key=means.__getitem__, default=None)

    def epoch(self, trial: str) -> int | None:
        """The mean best epoch of `trial`; None if it is not known."""
        known = self.epochs[trial]
        return round(statistics.mean(known)) if known else None


def read(run: Path) -> Confirmation | None:
    """The confirmation of the run in the directory `run`; None if there is none, or it has not ended.

    Raises:
        DamagedFile: Its plan is not what `search` writes.
    """
    plan, path = read_plan(run), run / layout.CONFIRMATION
    if plan is None:
        return None
    rows: dict[tuple[Any, Any], Row] = {}
    for directory in trial_rows.trial_directories(path):
        row = trial_rows.read_trial(directory)
        if row["status"] in ("COMPLETED", "FAILED") and not trial_rows.damaged_files(directory):
            rows[row.get(layout.NOTED_TRIAL), row.get(layout.NOTED_SEED)] = row
    seeds = range(1, plan.seeds + 1)
    if any((trial, seed) not in rows for trial in plan.trials for seed in seeds):
        return None
    trainings = {trial: [rows[trial, seed] for seed in seeds] for trial in plan.trials}
    whole = {trial: own for trial, own in trainings.items() if all(map(_has_score, own))}
    return Confirmation(
        plan,
        {trial: [row["score"] for row in own] for trial, own in whole.items()},
        {trial: [row["best_epoch"] for row in own if row.get("best_epoch")] for trial, own in whole.items()},
    )


def read_plan(run: Path) -> Plan | None:
    """The plan of the confirmation of the run in the directory `run`; None if there is none.

    Raises:
        DamagedFile: It is not what `search` writes.
    """
    path = run / layout.CONFIRMATION / layout.CONFIRMATION_PLAN
    if not path.exists():
        return None
    content = files.read_object(path)
    objective, trials, seeds, data = (content.get(field.name) for field in fields(Plan))
    if (
        isinstance(objective, str)
        and isinstance(trials, list)
        and all(isinstance(trial, str) for trial in trials)
        and type(seeds) is int
        and seeds > 0
        and isinstance(data, str | None)
    ):
        return Plan(objective, tuple(trials), seeds, data)
    raise DamagedFile(f"{layout.CONFIRMATION}/{path.name} is damaged")


def _has_score(row: Row) -> bool:
    return row["status"] == "COMPLETED" and row["score"] is not None and math.isfinite(row["score"])
