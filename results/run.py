"""A search as tables, read from its directory, finished or not, whoever made it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results import files, keras_tuner_files, layout, objective, projects, reader, space
from results.errors import RunError
from results.keras_tuner_files import DamagedFile, Trial
from results.objective import Objective
from results.reader import Row
from results.text import one_line

if TYPE_CHECKING:
    import pandas as pd

    from search_spaces.space import Hyperparameter

_WHOLE_NUMBERS = ["best_epoch", "epochs_run", "parameters", "seed"]
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Run:
    """A search as its directory tells it: one of this toolkit, or any Keras Tuner project.

    Attributes:
        path: The directory.
        info: What was asked (`run.json`): space, dataset, oracle, seed, objective, versions, command. Empty where
            `search` did not make the run.
        trials: One row a trial, in trial order, with the columns of `summary.csv`.
        epochs: One row per trial, execution and epoch: every learning curve. Of other searches than this toolkit's
            what Keras Tuner keeps, as a rule the best epoch alone.
        objective: What was optimised, from `run.json` or else found in the trials; None where it is not to be found.
        space: The hyperparameters with their ranges and conditions.
        problems: What could not be read, one line each; the tables hold the rest.
    """

    path: Path
    info: dict[str, Any]
    trials: "pd.DataFrame"
    epochs: "pd.DataFrame"
    objective: Objective | None
    space: "list[Hyperparameter]"
    problems: tuple[str, ...] = ()

    @property
    def dataset(self) -> dict[str, Any] | None:
        """What `run.json` tells of the data: name, source, fingerprint, notice; None where it is not recorded."""
        return self.info.get("dataset")

    @property
    def finished(self) -> "pd.DataFrame":
        """The completed trials, the best first; equal scores in the order of the trials, as in Keras Tuner.

        All in the order of the trials where the objective is not known.
        """
        completed = self.trials[self.trials["status"] == "COMPLETED"]
        if self.objective is None:
            return completed
        return completed.sort_values("score", ascending=self.objective.direction == "min", kind="stable")

    @property
    def best(self) -> "pd.Series":
        """The completed trial with the best score.

        Raises:
            RunError: No trial has finished with a score, or which scores are the better ones is not known.
        """
        scored = self.finished.dropna(subset="score")
        if scored.empty:
            raise RunError(
                f"run {str(self.path)!r} has no finished trial yet: run the search again, it goes on where it stopped"
            )
        if self.objective is None:
            raise RunError(
                f"which trial of {str(self.path)!r} is the best is not known: no one metric equals the score in every "
                "trial; sort the trials by a metric"
            )
        return scored.iloc[0]


def read(path: str | Path) -> Run:
    """Reads the run directory or Keras Tuner project `path`, or the only one in the folder `path`.

    What is damaged is left out, and told in `problems`.

    Raises:
        RunError: There is no such directory, it is neither, it has no trial yet, or none that can be read; or it holds
            several projects.
    """
    path = projects.only(Path(path))
    directories = reader.trial_directories(path)
    if not directories:
        raise RunError(f"run {str(path)!r} is empty: no trial has begun; run the search again")
    problems: list[str] = []
    info = _read_info(path, problems)
    trials = _read_trials(directories, problems)
    if not trials:
        raise RunError(f"run {str(path)!r} has no trial that can be read: {one_line(problems[-1])}")
    oracle = _read_oracle(path, problems)
    tells_epochs = any(trial.tells_epochs for trial in trials.values())
    rows = [
        reader.row(directory, trial, _otherwise_known(trial, oracle, tells_epochs))
        for directory, trial in trials.items()
    ]
    epochs = [
        row
        for directory, trial in trials.items()
        for row in reader.read_epochs(directory) or reader.observed_epochs(trial, tells_epochs)
    ]
    return Run(
        path=path,
        info=info,
        trials=_table(rows, reader.summary_columns(rows), _WHOLE_NUMBERS),
        epochs=_table(epochs, reader.columns(epochs, layout.EPOCH_KEYS), ["execution", "epoch"]),
        objective=_objective(info, trials.values()),
        space=_read_space(oracle, trials.values(), problems),
        problems=tuple(map(one_line, problems)),
    )


def _read_info(path: Path, problems: list[str]) -> dict[str, Any]:
    info = files.read_json(path / layout.RUN)
    if isinstance(info, dict):
        return info
    if (path / layout.RUN).exists():
        problems.append(f"{layout.RUN} is cut off or damaged: what was asked for is not known")
    return {}


def _objective(info: dict[str, Any], trials: Iterable[Trial]) -> Objective | None:
    asked = info.get("objective")
    return Objective(asked["name"], asked["direction"]) if asked else objective.infer(trials)


def _read_trials(directories: Iterable[Path], problems: list[str]) -> dict[Path, Trial]:
    trials = {}
    for directory in directories:
        try:
            trials[directory] = keras_tuner_files.read_trial(directory)
        except DamagedFile as error:
            problems.append(f"{directory.name} is left out: {error}")
    return trials


def _read_oracle(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        return keras_tuner_files.read_oracle(path)
    except DamagedFile as error:
        problems.append(f"{error}: the search space is taken from the trials")
        return {}


def _read_space(oracle: dict[str, Any], trials: Iterable[Trial], problems: list[str]) -> "list[Hyperparameter]":
    hyperparameters = oracle.get("hyperparameters")
    of_oracle = hyperparameters.get("space") if isinstance(hyperparameters, dict) else None
    try:
        return space.union([of_oracle] if of_oracle else (trial.space for trial in trials))
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
