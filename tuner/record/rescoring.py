"""Another objective for finished trials: their new scores, from the metrics that were kept."""

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
        trial: Keras Tuner's trial, with its new metrics, score and best step.
        best_epoch: The best epoch by the new objective, counted from 1; None if it was not known before either.
        keeps_weights: Whether the weights that were kept are of that epoch.
    """

    trial: Trial
    best_epoch: int | None
    keeps_weights: bool

    def save(self, oracle: keras_tuner.Oracle, directory: Path) -> None:
        """Writes the trial's files in `directory`, and deletes weights of another epoch."""
        # Without a record, Keras Tuner has trained it, and the file is its own.
        if record := trial_record.read(directory):
            if not self.keeps_weights:
                layout.weights(directory).unlink(missing_ok=True)
            files.write_json(directory / layout.TRIAL_RECORD, record | {"best_epoch": self.best_epoch})
        keras_private.save_trial(oracle, self.trial)


def rescore(oracle: keras_tuner.Oracle, run: Path, before: str | None) -> tuple[list[Rescored], list[str]]:
    """Scores the completed trials of `oracle` by its objective.

    Args:
        run: The run directory.
        before: The objective by which they were scored; None if it is not known: then trials whose score is a value of
            the new objective already stay as they are.

    Returns:
        The trials that were scored; and the ids of the trials that have no metric for the objective. If there are any,
        no trial is scored.
    """
    if before is not None and objectives.same(before, objectives.text(oracle.objective)):
        return [], []
    known: dict[str, tuple[dict[str, float], int, int | None, bool]] = {}
    missing = []
    for trial in oracle.trials.values():
        if trial.status != TrialStatus.COMPLETED or (before is None and _is_scored(trial, oracle.objective)):
            continue
        figures = _figures(trial, run / f"{layout.TRIAL_PREFIX}{trial.trial_id}", oracle.objective)
        if figures is None:
            missing.append(trial.trial_id)
        else:
            known[trial.trial_id] = figures
    if missing:
        return [], missing
    rescored = []
    for trial_id, (metrics, step, best_epoch, keeps_weights) in known.items():
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
    """Whether the score of `trial` is a value of `objective`, as far as Keras Tuner's own file tells."""
    if not trial.metrics.exists(objective.name) or trial.score is None:
        return False
    if trial.metrics.get_direction(objective.name) != objective.direction:
        return False
    return math.isclose(trial.metrics.get_best_value(objective.name), trial.score, rel_tol=1e-9)


def _figures(
    trial: Trial, directory: Path, objective: keras_tuner.Objective
) -> tuple[dict[str, float], int, int | None, bool] | None:
    """The metrics and step of the best epoch, its number, and whether it was the best before; None if not known."""
    best_epoch = trial_rows.read_trial(directory).get("best_epoch")
    rows = trial_rows.read_epochs(directory)
    if best_epoch is None or not rows:
        metrics = {name: history.get_best_value() for name, history in trial.metrics.metrics.items()}
        value = objectives.value(objective, metrics)
        # A score that a custom `fit` returns is of no epoch. If it logs none, the weights are its last ones.
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
