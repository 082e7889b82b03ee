"""A search as tables, read from its directory, finished or not, whoever made it."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from keras_search.results import layout
from keras_search.results.errors import DamagedFile, RunError
from keras_search.results.hyperparameter import Hyperparameter
from keras_search.results.numbers import number
from keras_search.results.reading import (
    keras_tuner_files,
    keras_tuner_space,
    objective,
    projects,
    search_files,
    trial_rows,
)
from keras_search.results.reading.keras_tuner_files import NAN, Trial
from keras_search.results.reading.objective import Objective, UnknownObjective
from keras_search.results.reading.trial_rows import Row
from keras_search.results.text import count, one_line, shortened

if TYPE_CHECKING:
    import pandas as pd

_WHOLE_NUMBERS = ["best_epoch", "epochs_run", "parameters", "seed"]
_LARGEST = 2**63 - 1
_LONGEST_PROBLEM = 300
_NO_INFO = "{}: what was asked for is not known"
_NO_ORACLE = "{}: the search space is taken from the trials"
_NO_TRIAL = "{directory} is left out: {}"
_NO_RECORD = "{directory}/{}: times, seed and sizes are not known"
_NO_CURVE = "{directory}/{}: of the learning curve only what trial.json keeps is known"


@dataclass(frozen=True)
class Run:
    """A search as its directory tells it: one of this toolkit, or any Keras Tuner project.

    Attributes:
        path: The directory.
        info: What was asked (`run.json`, as `RunInfo` describes it): space, dataset, oracle, seed, objective, versions,
            command. Empty where `search` did not make the run.
        trials: One row a trial, in trial order, with the columns of `summary.csv`.
        epochs: One row per trial, execution and epoch: every learning curve. Of other searches than this toolkit's
            what Keras Tuner keeps, as a rule the best epoch alone.
        objective: What was optimised, from `run.json` or else found in the trials; None where it is not to be found.
        space: The hyperparameters with their ranges and conditions.
        problems: What could not be read, one line each; the tables hold the rest.
        end_order: The ids of the trials in the order in which they ended, as far as Keras Tuner kept it.
        objective_unknown: Why `objective` is None, a clause; empty where it is known.
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

    # What a notebook shows of it, which is told by rooms above this one: `results` sets it.
    _repr_html_: ClassVar["Callable[[Run], str]"]

    def __repr__(self) -> str:
        try:
            best = self.best
        except RunError:
            return f"<Run {self.headline}>"
        return f"<Run {self.headline}; best: {number(best['score'])}, trial {one_line(best['trial_id'])}>"

    @property
    def configuration(self) -> dict[str, Any]:
        """The hyperparameters of the best trial that were active, with their values.

        Raises:
            RunError: No trial has finished with a score, or which scores are the better ones is not known.
        """
        prefix = layout.HYPERPARAMETER_PREFIX
        values = {
            name.removeprefix(prefix): value.item() if hasattr(value, "item") else value
            for name, value in self.best.dropna().items()
            if name.startswith(prefix)
        }
        for declared in self.space:
            if values.get(declared.name) == NAN and any(value != value for value in declared.values):
                values[declared.name] = math.nan
        return values

    @property
    def headline(self) -> str:
        """Where it is, how many of its trials have finished, and what it optimised."""
        finished = f"{len(self.finished):,} finished of {count(len(self.trials), 'trial')}"
        optimised = objective.described(self.objective, self.objective_unknown)
        return f"{one_line(str(self.path))}: {finished}; objective: {optimised}"

    @property
    def dataset(self) -> dict[str, Any] | None:
        """What `run.json` tells of the data: name, source, fingerprint, notice; None where it is not recorded."""
        return self.info.get("dataset")

    @property
    def finished(self) -> "pd.DataFrame":
        """The completed trials, the best first; equal scores in the order of the trials, as in Keras Tuner.

        Those whose score is not finite come last. All in the order of the trials where the objective is not known.
        """
        completed = self.trials[self.trials["status"] == "COMPLETED"]
        if self.objective is None:
            return completed
        is_minimised = self.objective.direction == "min"
        return completed.sort_values("score", ascending=is_minimised, kind="stable", key=finite_first(is_minimised))

    @property
    def best(self) -> "pd.Series":
        """The completed trial with the best score.

        Raises:
            RunError: No trial has finished with a score, or which scores are the better ones is not known.
        """
        scored = self.finished.dropna(subset="score")
        if scored.empty:
            raise RunError(self._nothing_finished())
        if self.objective is None:
            raise RunError(
                f"which trial of {str(self.path)!r} is the best is not known: {self.objective_unknown}; "
                "sort the trials by a metric"
            )
        return scored.iloc[0]

    @property
    def failures(self) -> str:
        """How many trials failed, where all did, and why the first one."""
        reasons = self.trials["error"].dropna()
        first = f", the first with {one_line(str(reasons.iloc[0])).rstrip('.')}" if len(reasons) else ""
        return f"{count(len(self.trials), 'trial')} failed{first}"

    def _nothing_finished(self) -> str:
        # A search that goes on does not try again what has failed.
        if self.trials["status"].eq("FAILED").all():
            return f"run {str(self.path)!r} has no finished trial yet: {self.failures}; mend that, and search anew"
        return f"run {str(self.path)!r} has no finished trial yet: run the search again, it goes on where it stopped"


def finite_first(is_minimised: bool) -> "Callable[[pd.Series], pd.Series]":
    """A key that sorts scores with those last that are not finite, which an overflow gives and no good trial has."""
    worst = math.inf if is_minimised else -math.inf
    return lambda scores: scores.astype(float).replace([math.inf, -math.inf], worst)


def read(path: str | Path) -> Run:
    """Reads the run directory or Keras Tuner project `path`, or the only one in the folder `path`.

    What is damaged is left out, and told in `problems`.

    Raises:
        RunError: There is no such directory, it is neither, it has no trial yet, or none that can be read; or it holds
            several projects.
    """
    path = projects.only(Path(path))
    directories = trial_rows.trial_directories(path)
    links = [one.name for one in trial_rows.linked(path) if one.name.startswith(layout.TRIAL_PREFIX)]
    if not directories:
        raise RunError(f"run {str(path)!r} is empty: no trial has begun; run the search again")
    problems = [f"{name} is left out: it is a link" for name in links]
    info = _tried(search_files.read_run, path, _NO_INFO, problems) or {}
    trials = _read_trials(directories, problems)
    if not trials:
        raise RunError(f"run {str(path)!r} has no trial that can be read: {_told(problems[-1])}")
    oracle = _tried(keras_tuner_files.read_oracle, path, _NO_ORACLE, problems) or {}
    tells_epochs = any(trial.tells_epochs for trial in trials.values())
    rows, epochs = [], []
    for directory, trial in trials.items():
        record = _tried(search_files.read_record, directory, _NO_RECORD, problems)
        curve = _tried(search_files.read_epochs, directory, _NO_CURVE, problems)
        rows.append(trial_rows.row(directory, trial, record or _otherwise_known(trial, oracle, tells_epochs)))
        epochs += curve or trial_rows.observed_epochs(trial, tells_epochs)
    found, unknown = _objective(info, trials.values())
    return Run(
        path=path,
        info=info,
        trials=_table(rows, trial_rows.summary_columns(rows), _WHOLE_NUMBERS),
        epochs=_table(epochs, trial_rows.columns(epochs, layout.EPOCH_KEYS), layout.EPOCH_NUMBERS),
        objective=found,
        space=_read_space(oracle, trials.values(), problems),
        problems=tuple(map(_told, problems)),
        end_order=_end_order(oracle),
        objective_unknown=unknown,
    )


def _tried(read: Callable[[Path], Any], path: Path, told: str, problems: list[str]) -> Any:
    """What `read` makes of `path`; None where a file is damaged, which `told` tells in `problems`."""
    try:
        return read(path)
    except DamagedFile as error:
        problems.append(told.format(error, directory=path.name))
        return None


def _told(problem: str) -> str:
    return shortened(one_line(problem), _LONGEST_PROBLEM)


def _objective(info: dict[str, Any], trials: Iterable[Trial]) -> tuple[Objective | None, str]:
    """What was optimised, or why that is not known."""
    if asked := info.get("objective"):
        return Objective(asked["name"], asked["direction"]), ""
    try:
        return objective.infer(trials), ""
    except UnknownObjective as error:
        return None, one_line(str(error))


def _end_order(oracle: dict[str, Any]) -> tuple[str, ...]:
    order = oracle.get("end_order")
    return tuple(map(str, order)) if isinstance(order, list) else ()


def _read_trials(directories: Iterable[Path], problems: list[str]) -> dict[Path, Trial]:
    tried = {
        directory: _tried(keras_tuner_files.read_trial, directory, _NO_TRIAL, problems) for directory in directories
    }
    return {directory: trial for directory, trial in tried.items() if trial is not None}


def _read_space(oracle: dict[str, Any], trials: Iterable[Trial], problems: list[str]) -> list[Hyperparameter]:
    hyperparameters = oracle.get("hyperparameters")
    of_oracle = hyperparameters.get("space") if isinstance(hyperparameters, dict) else None
    try:
        return keras_tuner_space.union([of_oracle] if of_oracle else (trial.space for trial in trials))
    except DamagedFile as error:
        problems.append(str(error))
        return []


def _otherwise_known(trial: Trial, oracle: dict[str, Any], tells_epochs: bool) -> Row:
    """What Keras Tuner knows of `trial` that this toolkit records itself."""
    known: Row = {}
    if tells_epochs and trial.score is not None and trial.best_step is not None:
        known["best_epoch"] = trial.best_step + 1
    display = oracle.get("display")
    starts = display.get("trial_start") if isinstance(display, dict) else None
    if isinstance(starts, dict) and isinstance(start := starts.get(trial.trial_id), str):
        known["started_at"] = start
    return known


def _table(rows: list[Row], names: list[str], whole_numbers: list[str]) -> "pd.DataFrame":
    import pandas as pd

    table = pd.DataFrame(rows, columns=names)
    whole = [name for name in names if name in whole_numbers or _all_whole(row.get(name) for row in rows)]
    return table.astype(dict.fromkeys(whole, "Int64"))


def _all_whole(values: Iterable[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(type(value) is int and abs(value) <= _LARGEST for value in present)
