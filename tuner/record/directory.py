"""The directory of a search: the one that it is given, or one beside it where that holds another search's run."""

import gc
import inspect
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

import keras_tuner

from keras_search.results.reading import trial_rows
from keras_search.tuner import oracles
from keras_search.tuner.record import question, run_record
from keras_search.tuner.record.question import Question


class Owner(Protocol):
    """What a tuner knows of its run."""

    hypermodel: keras_tuner.HyperModel


# Those of the tuners that the script still has, by the ids of their runs.
_living: WeakValueDictionary[str, Owner] = WeakValueDictionary()

# The data of the runs that this process has searched, by their ids (`data.sameness`).
_data: dict[str, str] = {}


def claim(run_id: str, owner: Owner) -> None:
    """Notes that the run with the id `run_id` is that of a tuner of this script, as long as `owner` lives."""
    _living[run_id] = owner


def searched(run_id: str, data: str | None) -> None:
    """Notes what the run with the id `run_id` is searched with in this process."""
    if data is not None:
        _data[run_id] = data


def has_other_data(run_id: str | None, data: str | None) -> bool:
    """Whether this process has searched that run with other data than `data`, as far as is known."""
    return run_id in _data and data is not None and _data[run_id] != data


def choose(
    path: Path,
    asked: Question,
    hypermodel: keras_tuner.HyperModel,
    is_named: bool,
    overwrite: bool,
    own: str | None,
    is_made: bool,
    data: str | None,
) -> Path:
    """The run directory for a search that was given `path`.

    Several tuners in one script often have one name, or none. Keras Tuner lets the second read the trials of the first,
    or write over them. Here each gets a directory of its own, `path-2` and so on; the script finds them again the next
    time. But a name that the user has given to a project is that of a run that another script has made there: the
    search is then refused.

    Args:
        asked: What is searched for.
        is_named: Whether the user has named the project.
        overwrite: Whether the run that is there is to be deleted, unless another tuner of this script has it.
        own: The id of the tuner's own run, if it has searched or read one.
        is_made: Whether the tuner is made, and now searches: it then expects nothing of what another has searched.
        data: What it searches with, if that is known: a script that searches once for each part of its data asks the
            same of each, and the trials are not.
    """
    may_move = not is_named
    for place in _places(path):
        before = run_record.read_question(place)
        if not before and not trial_rows.trial_directories(place):
            if place != path and place.exists() and any(place.iterdir()):
                continue  # something else of the user's
            return place if may_move else path
        if not overwrite and has_other_data(before.get("id"), data):
            may_move = True
            continue
        if own is not None and before.get("id") == own:
            return place
        other = _owner(before.get("id"))
        may_move |= other is not None
        if other is None:
            is_free = overwrite or not differences(place, before, asked, hypermodel)
        else:
            is_again = not is_made or asked["seed"] is not None
            is_free = (
                not overwrite
                and is_again
                and _is_same(hypermodel, other.hypermodel)
                and not differences(place, before, asked, hypermodel)
            )
        if is_free:
            return place
    raise AssertionError("there is always another place")


def differences(
    path: Path, before: Mapping[str, Any], asked: Question, hypermodel: keras_tuner.HyperModel
) -> list[str]:
    """How the run in the directory `path`, with the question `before`, differs from what is `asked`."""
    learned = (oracles.saved_space(path) or keras_tuner.HyperParameters()).space
    declared = question.hidden(hypermodel, asked, learned, oracles.saved_points(path))
    return question.differences(before, asked, learned, declared)


def _owner(run_id: str | None) -> Owner | None:
    if run_id in _living:
        gc.collect()  # a tuner that the script no longer has needs no run
    return None if run_id is None else _living.get(run_id)


def _is_same(hypermodel: keras_tuner.HyperModel, other: keras_tuner.HyperModel) -> bool:
    """Whether both build the same models, as far as their classes and attributes tell."""
    ours, theirs = vars(hypermodel), vars(other)
    return (
        type(hypermodel) is type(other)
        and ours.keys() == theirs.keys()
        and all(_is_equal(ours[name], theirs[name]) for name in ours)
    )


def _is_equal(value: Any, other: Any) -> bool:
    # Keras Tuner keeps bound methods in attributes.
    value, other = (getattr(each, "__func__", each) for each in (value, other))
    try:
        if inspect.isfunction(value) and inspect.isfunction(other):
            # The same lines make another function each time that they are run.
            ours, theirs = _parts(value), _parts(other)
            return value.__code__ == other.__code__ and len(ours) == len(theirs) and all(map(_is_equal, ours, theirs))
        return value is other or bool(value == other)
    except Exception:  # arrays, whose elements are compared, and whatever the user's own class raises
        return False


def _parts(function: Any) -> list[Any]:
    """What `function` has beside its code: the values of its closure, and its defaults."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]


def _places(path: Path) -> Iterator[Path]:
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.name}-{number}")
