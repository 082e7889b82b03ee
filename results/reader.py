"""Reads a run directory, finished or not, into tables."""

import csv
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results import files, layout
from results.errors import RunError

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

_WHOLE_NUMBERS = ["best_epoch", "epochs_run", "parameters", "seed"]


@dataclass(frozen=True)
class Run:
    """A search as its directory tells it.

    Attributes:
        path: The run directory.
        info: What was asked (`run.json`): space, dataset, oracle, seed, objective, versions, command.
        trials: One row a trial, in trial order, with the columns of `summary.csv`.
        epochs: One row per trial, execution and epoch: every learning curve.
    """

    path: Path
    info: dict[str, Any]
    trials: "pd.DataFrame"
    epochs: "pd.DataFrame"

    @property
    def finished(self) -> "pd.DataFrame":
        """The completed trials, the best first; equal scores in the order of the trials, as in Keras Tuner."""
        completed = self.trials[self.trials["status"] == "COMPLETED"]
        ascending = self.info["objective"]["direction"] == "min"
        return completed.sort_values("score", ascending=ascending, kind="stable")

    @property
    def best(self) -> "pd.Series":
        """The completed trial with the best score.

        Raises:
            RunError: No trial has finished.
        """
        finished = self.finished
        if finished.empty:
            raise RunError(
                f"run {str(self.path)!r} has no finished trial yet: run the search again, it goes on where it stopped"
            )
        return finished.iloc[0]


def read(path: str | Path) -> Run:
    """Reads the run directory `path`.

    Raises:
        RunError: There is no such directory, it is not a run, or it has no trial yet.
    """
    path = Path(path)
    if not path.is_dir():
        raise RunError(f"there is no run {str(path)!r}: `search` makes one; give its name under runs/, or its path")
    info = files.read_json(path / layout.RUN)
    if not isinstance(info, dict):
        raise RunError(f"{str(path)!r} is not a run: it has no readable {layout.RUN}")
    directories = trial_directories(path)
    if not directories:
        raise RunError(f"run {str(path)!r} is empty: no trial has begun; run the search again")
    return Run(
        path=path,
        info=info,
        trials=_table([read_trial(directory) for directory in directories], layout.SUMMARY_COLUMNS),
        epochs=_table([row for directory in directories for row in read_epochs(directory)], layout.EPOCH_KEYS),
    )


def trial_directories(run: Path) -> list[Path]:
    """The directories of the trials that have begun, in trial order."""
    found = (path.parent for path in run.glob(f"{layout.TRIAL_PREFIX}*/{layout.TRIAL}"))
    return sorted(found, key=lambda path: trial_order(path.name.removeprefix(layout.TRIAL_PREFIX)))


def trial_order(trial_id: str) -> tuple[int, str]:
    """Sorts trial ids: numbers, however many zeros they begin with, in their order; before other ids."""
    return (int(trial_id), "") if trial_id.isdecimal() else (sys.maxsize, trial_id)


def count_ended(run: Path) -> int:
    """How many trials of a run have ended, well or not."""
    return sum(read_trial(directory)["status"] in ("COMPLETED", "FAILED") for directory in trial_directories(run))


def read_trial(directory: Path) -> Row:
    """One trial as a row of `summary.csv`.

    Keras Tuner's `trial.json` gives status, score, metrics and hyperparameters; `record.json` beside it the times,
    the seed and the sizes, which Keras Tuner does not keep.
    """
    trial = files.read_json(directory / layout.TRIAL) or {}
    record = files.read_json(directory / layout.TRIAL_RECORD) or {}
    row: Row = {
        "trial_id": trial.get("trial_id", directory.name.removeprefix(layout.TRIAL_PREFIX)),
        "status": trial.get("status"),
        "score": _number(trial.get("score")),
    }
    row |= {key: record[key] for key in layout.SUMMARY_COLUMNS if key in record}
    metrics = trial.get("metrics", {}).get("metrics", {})
    row |= {name: _value_at(metric, trial.get("best_step")) for name, metric in metrics.items()}
    row["error"] = record.get("error") or _last_line(trial.get("message"))
    values = trial.get("hyperparameters", {}).get("values", {})
    return row | {_column(name): value for name, value in values.items()}


def read_epochs(directory: Path) -> list[Row]:
    """The learning curves of one trial, a row per execution and epoch; a line cut off by a kill is left out."""
    try:
        text = (directory / layout.TRIAL_EPOCHS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    trial_id = directory.name.removeprefix(layout.TRIAL_PREFIX)
    whole_lines = text[: text.rfind("\n") + 1].splitlines()
    return [
        {"trial_id": trial_id} | {key: _parse(value) for key, value in row.items() if key and value is not None}
        for row in csv.DictReader(whole_lines)
    ]


def columns(rows: Iterable[Row], first: list[str]) -> list[str]:
    """The columns of a table of `rows`: `first`, then every other key in the order in which it turns up."""
    return list(dict.fromkeys([*first, *(key for row in rows for key in row)]))


def summary_columns(rows: Iterable[Row]) -> list[str]:
    """The columns of `summary.csv`: the fixed ones, one `hp_` column a hyperparameter, and further metrics."""
    found = columns(rows, layout.SUMMARY_COLUMNS)
    metrics = [name for name in found if name not in layout.SUMMARY_COLUMNS and not _is_hyperparameter(name)]
    return [*layout.SUMMARY_COLUMNS, *filter(_is_hyperparameter, found), *metrics]


def _table(rows: list[Row], first: list[str]) -> "pd.DataFrame":
    import pandas as pd

    names = summary_columns(rows) if first is layout.SUMMARY_COLUMNS else columns(rows, first)
    table = pd.DataFrame(rows, columns=names)
    whole = [name for name in names if name in _WHOLE_NUMBERS or _all_whole(row.get(name) for row in rows)]
    return table.astype(dict.fromkeys(whole, "Int64"))


def _all_whole(values: Iterable[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(type(value) is int for value in present)


def _column(name: str) -> str:
    # What Hyperband notes among the values - budget, bracket, round, whom it continues - is no hyperparameter.
    return name if name.startswith("tuner/") else f"{layout.HYPERPARAMETER_PREFIX}{name}"


def _is_hyperparameter(name: str) -> bool:
    return name.startswith(layout.HYPERPARAMETER_PREFIX)


def _value_at(metric: dict[str, Any], step: int | None) -> float | None:
    """The metric's value, averaged over executions, at the best step (Keras Tuner's `MetricHistory`)."""
    for observation in metric.get("observations", []):
        if observation.get("step") == step:
            return _number(sum(observation["value"]) / len(observation["value"]))
    return None


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _last_line(message: str | None) -> str | None:
    lines = (message or "").strip().splitlines()
    return lines[-1] if lines else None


def _parse(text: str) -> int | float | str | None:
    if text in ("", "NA"):
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
