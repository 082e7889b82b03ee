"""Another objective for trials that have ended: their scores worked out anew from the metrics that were kept."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras_tuner

from keras_search.results import files, layout, trial_record
from keras_search.results.reading import trial_rows
from keras_search.tuner import keras_private, objectives
from keras_search.tuner.keras_private import Trial, TrialStatus

_NO_METRICS = (*layout.EPOCH_KEYS, layout.EPOCH_SECONDS, "multi_objective")


@dataclass(frozen=True)
class Rescored:
    """A completed trial with the score that another objective gives it.

    Attributes:
        trial: Keras Tuner's, with its new metrics, score and best step.
        best_epoch: That of the new objective, counted from 1; None where it is not known, as before.
        keeps_weights: Whether the weights that were kept are of that epoch as well.
    """

    trial: Trial
    best_epoch: int | None
    keeps_weights: bool

    def save(self, oracle: keras_tuner.Oracle, directory: Path) -> None:
        """Writes the trial's files in `directory`; its weights go where they are of another epoch."""
        if not self.keeps_weights:
            (directory / layout.TRIAL_WEIGHTS).unlink(missing_ok=True)
        if record := trial_record.read(directory):
            files.write_json(directory / layout.TRIAL_RECORD, record | {"best_epoch": self.best_epoch})
        keras_private.save_trial(oracle, self.trial)


def rescore(oracle: keras_tuner.Oracle, run: Path, before: str | None) -> tuple[list[Rescored], list[str]]:
    """Gives the completed trials of `oracle` the scores of its objective.

    Args:
        before: The objective that they have been scored by; None where it is not written down: then those whose score
            is the objective's stay as they are.

    Returns:
        The trials that have another score now, or the same one of another epoch; and the ids of those in whose kept
        metrics the objective is missing: where there are any, all stay as they are.
    """
    if before is not None and objectives.same(before, objectives.text(oracle.objective)):
        return [], []
    found: dict[str, tuple[dict[str, float], int, int | None, bool]] = {}
    missing = []
    for trial in oracle.trials.values():
        if trial.status != TrialStatus.COMPLETED or (before is None and _is_scored(trial, oracle.objective)):
            continue
        figures = _figures(trial, run / f"{layout.TRIAL_PREFIX}{trial.trial_id}", oracle.objective)
        if figures is None:
            missing.append(trial.trial_id)
        else:
            found[trial.trial_id] = figures
    if missing:
        return [], missing
    rescored = []
    for trial_id, (metrics, step, best_epoch, keeps_weights) in found.items():
        trial = oracle.trials[trial_id]
        trial.metrics = type(trial.metrics)()
        for name, value in metrics.items():
            if math.isnan(value):
                continue
            direction = oracle.objective.direction if name == oracle.objective.name else None
            trial.metrics.register(name, direction)
            trial.metrics.update(name, value, step=step)
        oracle.score_trial(trial)
        rescored.append(Rescored(trial, best_epoch, keeps_weights))
    return rescored, []


def _is_scored(trial: Trial, objective: keras_tuner.Objective) -> bool:
    """Whether the score of `trial` is that of `objective`, as far as Keras Tuner's own file tells."""
    if not trial.metrics.exists(objective.name) or trial.score is None:
        return False
    if trial.metrics.get_direction(objective.name) != objective.direction:
        return False
    return math.isclose(trial.metrics.get_best_value(objective.name), trial.score, rel_tol=1e-9)


def _figures(
    trial: Trial, directory: Path, objective: keras_tuner.Objective
) -> tuple[dict[str, float], int, int | None, bool] | None:
    """Metrics and step at the best epoch, that epoch's number, and whether it was the best before; None: not known."""
    best_epoch = trial_rows.read_trial(directory).get("best_epoch")
    rows = trial_rows.read_epochs(directory)
    if best_epoch is None or not rows:
        metrics = {name: history.get_best_value() for name, history in trial.metrics.metrics.items()}
        value = objectives.value(objective, metrics)
        # What a `fit` works out by itself is of no epoch, and its weights are the last ones where it logs none.
        return None if value is None else (metrics | {objective.name: value}, trial.best_step or 0, None, not rows)
    best = []
    for _, execution in itertools.groupby(rows, key=lambda row: row["execution"]):
        curve = list(execution)
        values = objectives.curve(objective, curve)
        if not values:
            return None
        epoch = (max if objective.direction == "max" else min)(values, key=values.__getitem__)
        step = next(number for number, row in enumerate(curve) if row["epoch"] == epoch)
        best.append((step, _metrics(curve[step]) | {objective.name: values[epoch]}))
    names = set.intersection(*(set(metrics) for _, metrics in best))
    means = {name: sum(metrics[name] for _, metrics in best) / len(best) for name in best[0][1] if name in names}
    step = sum(step for step, _ in best) // len(best)
    epoch = rows[0]["epoch"] + step
    return means, step, epoch, len(best) == 1 and epoch == best_epoch


def _metrics(row: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(value) for name, value in row.items() if name not in _NO_METRICS and isinstance(value, int | float)
    }
