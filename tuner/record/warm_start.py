"""The warm start of a search: what it takes over from earlier runs, and the file of the run that keeps it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras_tuner

from keras_search import results
from keras_search.results import files, layout
from keras_search.results.errors import Parameter
from keras_search.results.text import count, listed, shortened
from keras_search.search_spaces.declared import completed
from keras_search.search_spaces.space import Value
from keras_search.tuner.errors import InputError
from keras_search.tuner.oracles import points
from keras_search.tuner.oracles.earlier import EarlierTrial, Placed, WarmStart, placed

if TYPE_CHECKING:
    import pandas as pd

MOST_POINTS = 5
_LONGEST = 200
_NAME = Parameter("warm_start")


@dataclass(frozen=True)
class Earlier:
    """An earlier run.

    Attributes:
        name: As the user named it.
        trials: Its completed trials, the best first.
        metric: What they are ranked by, if its objective was another.
    """

    name: str
    trials: list[EarlierTrial]
    metric: str | None


class Space:
    """The space of the search that begins.

    Args:
        hyperparameters: The hyperparameters that are known.
        baseline: The first point.
        hypermodel: Declares those that only other points have; None if such are not tuned.
    """

    def __init__(
        self,
        hyperparameters: keras_tuner.HyperParameters,
        baseline: Mapping[str, Value],
        hypermodel: keras_tuner.HyperModel | None,
    ) -> None:
        self._known = hyperparameters
        self._hypermodel = hypermodel
        self.baseline = completed(baseline, hyperparameters.space)
        self.names = {hp.name for hp in hyperparameters.space}

    def placed(self, values: Mapping[str, Any], is_built: bool = False) -> Placed | str:
        """As `earlier.placed`; if `is_built`, with what the hypermodel declares only at this point."""
        place = placed(values, self._known.space, self.baseline)
        known = {hp.name for hp in self._known.space}
        hidden = {name: value for name, value in values.items() if name not in known}
        if not is_built or isinstance(place, str) or not hidden or self._hypermodel is None:
            return place
        point = self._known.copy()
        point.values = place.values | hidden
        try:
            self._hypermodel.declare_hyperparameters(point)
            self._hypermodel.build(point)
        except Exception:  # the model of the point cannot be built, which its trial will say
            return place
        self.names |= {hp.name for hp in point.space}
        return placed(values, point.space, self.baseline)


def named(runs: str | Path | Iterable[str | Path] | None) -> list[str] | None:
    """The names of the earlier `runs`; None if there is none."""
    if runs is None:
        return None
    several = [runs] if isinstance(runs, str | Path) or not isinstance(runs, Iterable) else list(runs)
    if not all(isinstance(run, str | Path) for run in several):
        raise InputError(_NAME, f" is {runs!r}: give the directory of a run, or a list of them")
    return [str(run) for run in dict.fromkeys(map(Path, several))] or None


def taken(
    runs: Sequence[str], own: Path, overwrite: bool, objective: keras_tuner.Objective, space: Space
) -> tuple[WarmStart, list[str]]:
    """What a search for `objective` in the directory `own` takes over from `runs`, and what the user should know of it.

    Args:
        overwrite: Whether a run that is there, and may have taken it over before, is deleted.

    Raises:
        InputError: One of the runs cannot be read, is the search's own, or has nothing to take over.
    """
    kept = None if overwrite else read(own)
    if kept is not None and list(kept.runs) == list(runs):
        return kept, []  # the earlier runs may be gone
    earlier = [_read(name, own, objective) for name in runs]
    for run in earlier:
        _check_fits(run, space)
    first, moved = _best(earlier, space)
    trials = tuple(chain.from_iterable(run.trials for run in earlier))
    return WarmStart(tuple(runs), tuple(first), trials), list(_notes(earlier, first, moved, space))


def _read(name: str, own: Path, objective: keras_tuner.Objective) -> Earlier:
    if Path(name).resolve() == own.resolve():
        raise InputError(_NAME, f" is {name!r}, the run itself: give another run")
    try:
        run = results.read(name)
    except results.RunError as error:
        raise InputError(_NAME, " cannot be used: ", *error.args) from None
    if run.path.resolve() == own.resolve():
        raise InputError(_NAME, f" is {name!r}, which holds the run itself: give another run")
    was = run.objective
    is_same = was is not None and objective.name in was.names and objective.direction == was.direction
    column = "score" if is_same else objective.name
    scores = run.finished.get(column, run.finished["score"].iloc[:0]).astype(float)
    finite = scores[scores.map(math.isfinite)]
    if finite.empty:
        asked = "what is not known" if was is None else was.name
        raise InputError(
            _NAME,
            f": run {name!r} was searched for {asked}, and no finished trial of it has a {objective.name}: give one "
            "that has",
        )
    standings = (finite.rank(ascending=objective.direction == "max") - 0.5) / len(finite)
    ordered = standings.sort_values(ascending=False, kind="stable")
    trials = [EarlierTrial(_values(run, run.trials.loc[row]), float(share)) for row, share in ordered.items()]
    return Earlier(name, trials, None if is_same else objective.name)


def _values(run: results.Run, trial: "pd.Series") -> dict[str, Value]:
    return {name: value for name, value in run.values_of(trial).items() if isinstance(value, int | float | str)}


def _check_fits(run: Earlier, space: Space) -> None:
    """Raises InputError if no trial of `run` has a point that can be tried in `space`."""
    names = {name for trial in run.trials for name in trial.values}
    if names and not names & space.names:
        raise InputError(
            _NAME, f": run {run.name!r} has no hyperparameter of this space: it has {_told(names)}; give another run"
        )
    misfits = [place for trial in run.trials if isinstance(place := space.placed(trial.values), str)]
    if len(misfits) == len(run.trials):
        raise InputError(
            _NAME, f": no point of run {run.name!r} fits, as {_told(misfits)} has no such value here; give another run"
        )


def _best(runs: Iterable[Earlier], space: Space) -> tuple[list[dict[str, Value]], list[str]]:
    """The best points of `runs`, by rank and of each rank in the order of the runs, and the numbers that were moved."""
    best: list[dict[str, Value]] = []
    moved: list[str] = []
    for trial in chain.from_iterable(zip_longest(*(run.trials for run in runs))):
        if len(best) == MOST_POINTS:
            break
        place = None if trial is None else space.placed(trial.values, is_built=True)
        if isinstance(place, Placed) and not any(_same(place.values, other) for other in [space.baseline, *best]):
            best.append(place.values)
            moved += place.moved
    return best, moved


def _notes(runs: list[Earlier], first: list[dict[str, Value]], moved: list[str], space: Space) -> Iterator[str]:
    trials = [trial for run in runs for trial in run.trials]
    theirs = {name for trial in trials for name in trial.values}
    places = [space.placed(trial.values) for trial in trials]
    yield (
        f"warm start from {count(len(trials), 'finished trial')} of {listed([repr(run.name) for run in runs])}: "
        f"{count(len(first), 'point')} of the best {'comes' if len(first) == 1 else 'come'} after the baseline"
    )
    for run in runs:
        if run.metric:
            yield f"warm start: {run.name!r} had another objective, so its trials are ranked by their {run.metric}"
    if new := [name for name in space.baseline if name not in theirs]:
        yield f"warm start: new in this space, and at the baseline's value in earlier points: {_told(new)}"
    if gone := theirs - space.names:
        yield f"warm start: not in this space, and left out of earlier points: {_told(gone)}"
    outside = {name for place in places if isinstance(place, Placed) for name in place.moved}.union(moved)
    if outside:
        yield (
            f"warm start: out of range in this space: {_told(outside)}; points are moved to its nearest end, and the "
            "oracle is told of no such trial"
        )
    if misfits := [place for place in places if isinstance(place, str)]:
        yield f"warm start: no such value in this space: {_told(misfits)}; {count(len(misfits), 'trial')} left out"


def _told(names: Iterable[str]) -> str:
    return shortened(", ".join(sorted(set(names))), _LONGEST)


def _same(point: Mapping[str, Value], other: Mapping[str, Value]) -> bool:
    return point.keys() == other.keys() and all(
        points.same(points.rounded(value), points.rounded(other[name])) for name, value in point.items()
    )


def write(run: Path, warm: WarmStart) -> None:
    """Writes `warm` into the run directory `run`: the earlier runs may be deleted before it ends."""
    content = {
        "runs": warm.runs,
        "points": warm.points,
        "trials": [{"values": trial.values, "standing": trial.standing} for trial in warm.trials],
    }
    files.write_json(run / layout.WARM_START, content, is_indented=False)


def read(run: Path) -> WarmStart | None:
    """The warm start of the run directory `run`; None if it had none, or the file is damaged."""
    content = files.read_json(run / layout.WARM_START)
    try:
        trials = (EarlierTrial(_point(trial["values"]), _share(trial["standing"])) for trial in content["trials"])
        return WarmStart(tuple(map(str, content["runs"])), tuple(map(_point, content["points"])), tuple(trials))
    except (KeyError, TypeError, ValueError):
        return None


def _point(values: dict[str, Any]) -> dict[str, Value]:
    """`values`; raises ValueError if they are no point."""
    if not isinstance(values, dict) or not all(isinstance(value, int | float | str) for value in values.values()):
        raise ValueError("no point")
    return values


def _share(standing: float) -> float:
    """`standing`; raises ValueError if it is no share."""
    if not 0 <= standing <= 1:
        raise ValueError("no share")
    return standing
