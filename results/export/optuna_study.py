"""A run as an Optuna study, for optuna-dashboard, Optuna's importances or its samplers.

Importing this module raises RunError if Optuna is not installed.
"""

import contextlib
import logging
import sqlite3
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from keras_search.results import layout
from keras_search.results.errors import Parameter, RunError
from keras_search.results.export import sqlite_file
from keras_search.results.numbers import has_values
from keras_search.results.reading import scores
from keras_search.results.reading.objective import Objective
from keras_search.results.reading.run import Run
from keras_search.results.text import escaped, one_line

try:
    import optuna
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial, TrialState
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    from keras_search.results.export.optuna_distributions import distribution, parameter
except ImportError:
    raise RunError("an Optuna study needs the package optuna: python -m pip install -e '.[optuna]'") from None

_STATES = {
    "COMPLETED": TrialState.COMPLETE,
    "RUNNING": TrialState.RUNNING,
    "IDLE": TrialState.WAITING,
}
# Columns that an Optuna trial has fields of its own for.
_TOLD = ("status", "score", "pruned", "started_at", "ended_at")
_ASKED = ("oracle", "pruner", "seed", "train_samples", "set")
_ABOUT_DATASET = ("name", "fingerprint", "training_images", "validation_images")


def write(run: Run, url: str, name: str) -> Counter[str]:
    """Writes `run` as the study `name` into the storage `url`; returns the number of trials in each state.

    A trial's value is its score. Its intermediate values are the objective after each epoch, counted from 1, averaged
    over executions. The value of a pruned trial is its last intermediate value, as in Optuna, which never calls a
    pruned trial the best. All else (metrics, parameters, seed, error) becomes user attributes. Optuna requires the
    times at which a trial began and ended: if both are unknown, they are the present time.

    Raises:
        RunError: The objective of `run` is not known, `url` is not the URL of a database or cannot be written, or it
            has a study `name` already. Its studies are then the same as before.
    """
    objective = run.objective
    if objective is None:
        raise RunError(f"what {str(run.path)!r} optimised is not known, and Optuna must know: {run.objective_unknown}")
    if not name.strip():
        raise RunError(Parameter("name"), " is empty: give the study a name")
    address = _address(url)
    trials = _trials(run)
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        with _written(address) as there:
            storage = RDBStorage(there.render_as_string(hide_password=False))
            try:
                _add(storage, run, objective, name, trials)
            finally:
                storage.engine.dispose()
    except optuna.exceptions.DuplicatedStudyError:
        raise RunError(f"{shown(address)!r} has a study {name!r} already: give another ", Parameter("name")) from None
    # A missing driver, a file that is no database, tables of another version of Optuna, a full disk.
    except (ImportError, OSError, RuntimeError, sqlite3.Error, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        raise RunError(Parameter("url"), f" {shown(address)!r} cannot be written: {_reason(error)}") from None
    return Counter(trial.state.name.lower() for trial in trials)


@contextlib.contextmanager
def _written(address: URL) -> Iterator[URL]:
    """The address to write to: for a SQLite database that of a copy, which replaces it at the end."""
    # With `uri`, the name of the file is a URI that only SQLite understands.
    if address.get_backend_name() != "sqlite" or "uri" in address.query:
        yield address
        return
    assert address.database is not None  # `_address` refuses one without
    with sqlite_file.changed(Path(address.database)) as copy:
        yield address.set(database=str(copy))


def _add(storage: RDBStorage, run: Run, objective: Objective, name: str, trials: list[FrozenTrial]) -> None:
    direction = "maximize" if objective.direction == "max" else "minimize"
    study = optuna.create_study(storage=storage, study_name=name, direction=direction)
    try:
        with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
            study.set_metric_names([objective.name])
        for key, value in _attributes(run).items():
            study.set_user_attr(key, value)
        study.add_trials(trials)
    except BaseException:
        optuna.delete_study(study_name=name, storage=storage)
        raise


def caution(run: Run) -> str:
    """Says that Optuna will call another trial the best than `run` does; empty if it will not."""
    finished = run.finished
    if not has_values(finished, "score") or not finished["pruned"].eq(True).iloc[0]:
        return ""
    return f"the best trial, {one_line(str(run.best['trial_id']))}, was pruned: Optuna calls another the best"


def shown(url: str | URL) -> str:
    """`url` without its password."""
    return make_url(url).render_as_string(hide_password=True)


def _address(url: str) -> URL:
    example = "sqlite:///study.db"
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        meant = example if not url.strip() or "://" in url else f"sqlite:///{url}"
        raise RunError(Parameter("url"), f" is {url!r}: give the URL of a database, such as {meant}") from None
    if address.get_backend_name() == "sqlite":
        if address.database in (None, "", ":memory:"):
            raise RunError(Parameter("url"), f" is {url!r}, which names no file: write {example}")
        if not (folder := Path(address.database).parent).is_dir():
            raise RunError(Parameter("url"), f" {url!r}: there is no folder {str(folder)!r}")
    return address


def _reason(error: Exception) -> str:
    # SQLAlchemy adds links and statements, Optuna guesses at causes; the driver's own error says what went wrong.
    reasons = (getattr(link, "orig", None) for link in (error, error.__cause__))
    reason = next(filter(None, reasons), error)
    return one_line(str(getattr(reason, "strerror", None) or reason).splitlines()[0])


def _trials(run: Run) -> list[FrozenTrial]:
    rows = [_known(row) for row in run.trials.astype(object).to_dict("records")]
    names = [name for name in run.trials.columns if name.startswith(layout.HYPERPARAMETER_PREFIX)]
    distributions = {}
    for name in names:
        declared = [
            hyperparameter
            for hyperparameter in run.space
            if f"{layout.HYPERPARAMETER_PREFIX}{hyperparameter.name}" == name
        ]
        if values := [row[name] for row in rows if name in row]:
            distributions[name] = distribution(declared, values)
    curves = _curves(run)
    return [_trial(row, distributions, curves.get(row["trial_id"], {})) for row in rows]


def _trial(row: dict[str, Any], distributions: dict[str, Any], curve: dict[int, float]) -> FrozenTrial:
    state = _STATES.get(row.get("status", ""), TrialState.FAIL)
    value = row.get("score")
    if state == TrialState.COMPLETE and row.get("pruned") is True:
        state, value = TrialState.PRUNED, curve[max(curve)] if curve else None
    elif state == TrialState.COMPLETE and value is None:
        state = TrialState.FAIL
    active = [name for name in distributions if name in row]
    bare = {name: name.removeprefix(layout.HYPERPARAMETER_PREFIX) for name in active}
    trial = optuna.trial.create_trial(
        state=state,
        value=value if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
        params={bare[name]: parameter(distributions[name], row[name]) for name in active},
        distributions={bare[name]: distributions[name] for name in active},
        intermediate_values=curve,
        user_attrs={
            name: value
            for name, value in row.items()
            if name not in _TOLD and not name.startswith(layout.HYPERPARAMETER_PREFIX)
        },
    )
    times = [time for name in ("started_at", "ended_at") if (time := _local(row.get(name))) is not None]
    if times and trial.datetime_start is not None:
        trial.datetime_start = times[0]
    if times and trial.datetime_complete is not None:
        trial.datetime_complete = times[-1]
    return trial


def _curves(run: Run) -> dict[str, dict[int, float]]:
    """By trial, the objective after each epoch in which it is known."""
    name = scores.metric(run)
    if name is None:
        return {}
    known = run.epochs.dropna(subset=["epoch", name])
    means = known.astype({name: float}).groupby(["trial_id", "epoch"], as_index=False).agg({name: "mean"})
    curves: dict[str, dict[int, float]] = {}
    for trial_id, epoch, value in means.itertuples(index=False, name=None):
        curves.setdefault(trial_id, {})[int(epoch)] = value
    return curves


def _attributes(run: Run) -> dict[str, Any]:
    """What is known of the search as a whole, without paths on this machine."""
    asked = run.info.get("asked", {})
    attributes: dict[str, Any] = {"run": escaped(run.path.resolve().name), "objective": str(run.objective)}
    if "space" in asked:
        attributes["space"] = Path(asked["space"]).name
    attributes |= {key: asked[key] for key in _ASKED if key in asked}
    if run.dataset:
        attributes["dataset"] = {key: run.dataset[key] for key in _ABOUT_DATASET if key in run.dataset}
    if "versions" in run.info:
        attributes["versions"] = run.info["versions"]
    return attributes


def _known(row: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd

    return {name: value for name, value in row.items() if not pd.isna(value)}


def _local(moment: str | None) -> datetime | None:
    """A time as Optuna stores it, local and without a time zone; None if `moment` is not a time."""
    try:
        return datetime.fromisoformat(moment or "").astimezone().replace(tzinfo=None)
    except ValueError:
        return None
