"""A search as tables, finished or not, made by this toolkit or by Keras Tuner alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from keras_search.results import layout
from keras_search.results.errors import RunError
from keras_search.results.hyperparameter import Hyperparameter
from keras_search.results.numbers import number
from keras_search.results.reading.confirmation import Confirmation
from keras_search.results.reading.keras_tuner_files import NAN
from keras_search.results.reading.objective import Objective, described
from keras_search.results.text import count, one_line

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Run:
    """A search, read from its directory: a run of this toolkit, or any Keras Tuner project.

    Attributes:
        path: The directory.
        info: The content of `run.json` (see `RunInfo`): space, dataset, oracle, seed, objective, versions, command.
            Empty if this toolkit did not make the run.
        trials: A row per trial, in trial order, with the columns of `summary.csv`.
        epochs: A row per trial, execution and epoch: every learning curve. If this toolkit did not make the run, only
            what Keras Tuner keeps, usually the best epoch alone.
        objective: What was optimised, from `run.json` or inferred from the trials; None if it cannot be inferred.
        space: The hyperparameters with their ranges and conditions.
        problems: What could not be read, a line each; the tables hold the rest.
        end_order: The ids of the trials in the order in which they ended, as far as Keras Tuner recorded it.
        objective_unknown: Why `objective` is None, as a clause; empty if it is known.
        confirmation: What its best trials scored when they were trained once more; None if they were not.
    """

    path: Path
    info: dict[str, Any]
    trials: "pd.DataFrame"
    epochs: "pd.DataFrame"
    objective: Objective | None
    space: list[Hyperparameter]
    problems: tuple[str, ...] = ()
    end_order: tuple[str, ...] = ()
    objective_unknown: str = ""
    confirmation: Confirmation | None = None

    # What a notebook shows. `results` sets it, since the code is in `telling`, which imports this module.
    _repr_html_: ClassVar["Callable[[Run], str]"]

    def __repr__(self) -> str:
        try:
            best = self.best
        except RunError:
            return f"<Run {self.headline}>"
        return f"<Run {self.headline}; best: {number(best['score'])}, trial {one_line(str(best['trial_id']))}>"

    @property
    def configuration(self) -> dict[str, Any]:
        """The active hyperparameters of the best trial, with their values.

        Raises:
            RunError: No trial has finished with a score, or the objective is not known.
        """
        return self.values_of(self.best)

    def values_of(self, trial: "pd.Series") -> dict[str, Any]:
        """The active hyperparameters of `trial`, a row of `trials`, with their values."""
        prefix = layout.HYPERPARAMETER_PREFIX
        values = {
            str(name).removeprefix(prefix): value.item() if hasattr(value, "item") else value
            for name, value in trial.dropna().items()
            if str(name).startswith(prefix)
        }
        for declared in self.space:
            if values.get(declared.name) == NAN and any(value != value for value in declared.values):
                values[declared.name] = math.nan
        return values

    @property
    def headline(self) -> str:
        """The path, how many trials have finished, and the objective."""
        finished = f"{len(self.finished):,} finished of {count(len(self.trials), 'trial')}"
        optimised = described(self.objective, self.objective_unknown)
        return f"{one_line(str(self.path))}: {finished}; objective: {optimised}"

    @property
    def dataset(self) -> dict[str, Any] | None:
        """The dataset, as `DatasetInfo` describes it; None if it is not recorded."""
        return self.info.get("dataset")

    @property
    def finished(self) -> "pd.DataFrame":
        """The completed trials, the best first.

        Equal scores are in trial order, as in Keras Tuner; scores that are not finite come last. If the objective is
        not known, all are in trial order.
        """
        completed = self.trials.loc[self.trials["status"] == "COMPLETED"]
        if self.objective is None:
            return completed
        is_minimised = self.objective.direction == "min"
        return completed.sort_values("score", ascending=is_minimised, kind="stable", key=finite_first(is_minimised))

    @property
    def best(self) -> "pd.Series":
        """The best completed trial: by the confirmation if that counts, else by its one score.

        Raises:
            RunError: No trial has finished with a score, or the objective is not known.
        """
        scored = self.finished.dropna(subset="score")
        if scored.empty:
            raise RunError(self._nothing_finished())
        if self.objective is None:
            raise RunError(
                f"which trial of {str(self.path)!r} is the best is not known: {self.objective_unknown}; "
                "sort the trials by a metric"
            )
        chosen = scored.loc[scored["trial_id"] == self.confirmed]
        return scored.iloc[0] if chosen.empty else chosen.iloc[0]

    @property
    def confirmed(self) -> str | None:
        """The trial that the confirmation has chosen; None if there is none, or a better trial has come since."""
        if self.confirmation is None or self.objective is None:
            return None
        plan, direction = self.confirmation.plan, self.objective.direction
        scored = self.finished.dropna(subset="score")
        first = dict(zip(scored["trial_id"], scored["score"].astype(float)))
        if plan.objective != f"{self.objective.name}:{direction}" or not {*list(first)[:1]} <= {*plan.trials}:
            return None
        return self.confirmation.best(first, is_minimised=direction == "min")

    @property
    def failed(self) -> "pd.DataFrame":
        """The failed trials, in trial order."""
        return self.trials.loc[self.trials["status"].isin(["FAILED", "INVALID"])]

    @property
    def failures(self) -> str:
        """How many trials failed, and why the first of them did."""
        reasons = self.failed["error"].dropna()
        first = f", the first with {one_line(str(reasons.iloc[0])).rstrip('.')}" if len(reasons) else ""
        return f"{count(len(self.failed), 'trial')} failed{first}"

    def _nothing_finished(self) -> str:
        # A resumed search does not repeat failed trials.
        if set(self.trials["status"]) <= {"FAILED"}:
            return f"run {str(self.path)!r} has no finished trial yet: {self.failures}; mend that, and search anew"
        return f"run {str(self.path)!r} has no finished trial yet: run the search again, it goes on where it stopped"


def finite_first(is_minimised: bool) -> "Callable[[pd.Series], pd.Series]":
    """A sorting key that puts infinite scores, which come of an overflow, last."""
    worst = math.inf if is_minimised else -math.inf
    return lambda scores: scores.astype(float).replace([math.inf, -math.inf], worst)
