"""Reads the directory of a run, or of any Keras Tuner project, into tables."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_search.results import layout
from keras_search.results.errors import DamagedFile, RunError
from keras_search.results.hyperparameter import Hyperparameter
from keras_search.results.reading import (
    confirmation,
    keras_tuner_files,
    keras_tuner_space,
    objective,
    projects,
    search_files,
    trial_rows,
)
from keras_search.results.reading.keras_tuner_files import Trial
from keras_search.results.reading.objective import Objective, UnknownObjective
from keras_search.results.reading.run import Run
from keras_search.results.reading.trial_rows import Row
from keras_search.results.text import one_line, shortened

if TYPE_CHECKING:
    import pandas as pd

_WHOLE_NUMBERS = ["best_epoch", "epochs_run", "parameters", "seed"]
_LARGEST = 2**63 - 1
_LONGEST_PROBLEM = 300
_NO_INFO = "{}: what was asked for is not known"
_NO_CONFIRMATION = "{}: the best trials count as not confirmed"
_NO_ORACLE = "{}: the search space is taken from the trials"
_NO_TRIAL = "{directory} is left out: {}"
_NO_RECORD = "{directory}/{}: times, seed and sizes are not known"
_NO_CURVE = "{directory}/{}: of the learning curve only what trial.json keeps is known"


def read(path: str | Path) -> Run:
    """Reads the run directory or Keras Tuner project `path`, or the only one within the folder `path`.

    Damaged files are left out and reported in `problems`.

    Raises:
        RunError: There is no such directory, no run or project in it, or several; or no trial of it has begun or can be
            read.
    """
    path = projects.only(Path(path))
    directories = trial_rows.trial_directories(path)
    links = [link.name for link in trial_rows.linked(path) if link.name.startswith(layout.TRIAL_PREFIX)]
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
    confirmed = _tried(confirmation.read, path, _NO_CONFIRMATION, problems)
    optimised, unknown = _objective(info, trials.values())
    return Run(
        path=path,
        info=info,
        trials=_table(rows, trial_rows.summary_columns(rows), _WHOLE_NUMBERS),
        epochs=_table(epochs, trial_rows.columns(epochs, layout.EPOCH_KEYS), layout.EPOCH_NUMBERS),
        objective=optimised,
        space=_read_space(oracle, trials.values(), problems),
        problems=tuple(map(_told, problems)),
        end_order=_end_order(oracle),
        objective_unknown=unknown,
        confirmation=confirmed,
    )


def _tried(read: Callable[[Path], Any], path: Path, told: str, problems: list[str]) -> Any:
    """What `read` returns for `path`; None if a file is damaged, which is added to `problems` as `told` has it."""
    try:
        return read(path)
    except DamagedFile as error:
        problems.append(told.format(error, directory=path.name))
        return None


def _told(problem: str) -> str:
    return shortened(one_line(problem), _LONGEST_PROBLEM)


def _objective(info: dict[str, Any], trials: Iterable[Trial]) -> tuple[Objective | None, str]:
    """What was optimised; if not known, None and why."""
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
    """As much of the record of this toolkit as Keras Tuner's files hold of `trial`."""
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
