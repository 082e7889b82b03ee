"""Trains the best trials of a run once more, on fresh seeds: which of them, on what, and whether it is done already."""

import math
from collections.abc import Mapping
from pathlib import Path

from keras_search.results import layout
from keras_search.results.errors import DamagedFile, Parameter
from keras_search.results.reading import confirmation, trial_rows
from keras_search.results.reading.confirmation import Plan
from keras_search.results.text import count, duration
from keras_search.search_spaces.space import Value
from keras_search.tuner.errors import InputError
from keras_search.tuner.keras_private import Trial
from keras_search.tuner.oracles.again import Again
from keras_search.tuner.oracles.budgeted import BUDGET
from keras_search.tuner.record import run_record
from keras_search.tuner.record.lock import locked
from keras_search.tuner.search.trials import Trials

TRIALS, SEEDS = 5, 2


def best(trials: Trials, number: int) -> list[Trial]:
    """The best `number` trials that have a finite score, or as many as there are.

    Raises:
        InputError: There is none, or `number` is too small.
    """
    if number < 2:
        raise InputError(Parameter("trials"), f" is {number}: it must be at least 2, to choose between")
    scored = [trial for trial in trials.best() if trial.score is not None and math.isfinite(trial.score)]
    if not scored:
        raise InputError(f"run {str(trials.run)!r} has no finished trial to confirm: search first")
    return scored[:number]


def oracle(trials: Trials, chosen: list[Trial], seeds: int) -> Again:
    """Proposes the points of the trials `chosen`, each `seeds` times."""
    if seeds < 1:
        raise InputError(Parameter("seeds"), f" is {seeds}: it must be at least 1")
    points = {trial.trial_id: _point(trials, trial) for trial in chosen}
    return Again(trials.oracle.objective, trials.oracle.get_space(), points, seeds)


def plan(trials: Trials, chosen: list[Trial], seeds: int, data: str | None) -> Plan:
    """The plan of this confirmation."""
    objective = trials.oracle.objective
    ids = tuple(trial.trial_id for trial in chosen)
    return Plan(f"{objective.name}:{objective.direction}", ids, seeds, data)


def is_done(run: Path, wanted: Plan) -> bool:
    """Whether all of the plan `wanted` has been trained."""
    try:
        done = confirmation.read(run)
    except DamagedFile:
        return False
    return done is not None and done.plan == wanted


def open_confirmation(run: Path, wanted: Plan) -> None:
    """Writes the plan; what was trained on other data before is deleted."""
    path = run / layout.CONFIRMATION
    try:
        before = confirmation.read_plan(run)
    except DamagedFile:
        before = None
    with locked(path, "confirmation"):
        if before is not None and None not in (before.data, wanted.data) and before.data != wanted.data:
            run_record.empty(path)
        wanted.write(run)


def announcement(trials: Trials, chosen: list[Trial], seeds: int) -> str:
    """What is trained once more, and how long that took the first time."""
    rows = [trial_rows.read_trial(trials.directory(trial.trial_id)) for trial in chosen]
    seconds = seeds * sum(row.get("duration_s") or 0.0 for row in rows) / trials.executions
    cost = f"{count(seeds * len(chosen), 'training')}, about {duration(seconds)} of training in all"
    each = "a fresh seed" if seeds == 1 else f"{seeds} fresh seeds"
    return f"the best {len(chosen)} trials are trained once more, each on {each}: {cost}"


def _point(trials: Trials, trial: Trial) -> Mapping[str, Value]:
    """The values of `trial`, with the epochs where the oracle decided these."""
    values = trial.hyperparameters.values
    own = {name: value for name, value in values.items() if not name.startswith(layout.NOTE_PREFIX)}
    epochs = trials.oracle.epochs_of(trial)
    return own if epochs is None else own | {BUDGET: epochs.stop}
