"""The objective of a search: made of what the user wrote, and its values in the metrics of a training."""

import difflib
import functools
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_search.results import directions
from keras_search.results.errors import Parameter
from keras_search.tuner.errors import InputError

if TYPE_CHECKING:
    import keras_tuner

_DIRECTIONS = ("min", "max")
_GUESSED = "is_guessed"  # an attribute of objectives


def parse(text: str) -> tuple[str, str]:
    """Name and direction (`min` or `max`) of the objective `text`: `NAME`, or `NAME:min`, `NAME:max`.

    Raises:
        InputError: The direction is neither, or is missing and not known for that name.
    """
    name, colon, direction = text.partition(":")
    if not name or (colon and direction not in _DIRECTIONS):
        raise InputError(
            Parameter("objective"), f" is {text!r}: write a metric such as val_accuracy, or NAME:min or NAME:max"
        )
    if colon:
        return name, direction
    if known := directions.of(name):
        return name, known
    raise InputError(
        Parameter("objective"), f" is {text!r}: whether more of it is better is not known: add :min or :max"
    )


def resolve(objective: Any) -> "keras_tuner.Objective":
    """Makes the objective of what the user gave in Python.

    Args:
        objective: A text as for `parse`, a `keras_tuner.Objective`, a list of these, or None for the number that a
            `fit` returns. If Keras Tuner has guessed a direction (`watch_guesses`), only the name counts.

    Raises:
        InputError: Its direction is not known, or is neither `min` nor `max`.
        TypeError: It is something else.
    """
    import keras_tuner

    from keras_search.tuner import keras_private

    match objective:
        case None:
            return keras_private.DefaultObjective()
        case keras_private.DefaultObjective():
            return objective
        case keras_private.MultiObjective():
            return resolve(objective.objectives)
        case list() | tuple() if objective and all(part is not None for part in objective):
            return keras_private.MultiObjective([resolve(part) for part in objective])
        case keras_tuner.Objective() if not getattr(objective, _GUESSED, False):
            if objective.direction not in _DIRECTIONS:
                raise InputError(
                    f"the direction of the objective {objective.name!r} is {objective.direction!r}: give min or max"
                )
            return objective
        case keras_tuner.Objective():
            return resolve(objective.name)
        case str():
            return keras_tuner.Objective(*_parse_in_python(objective))
    raise TypeError(
        f"objective is {objective!r}: give a metric such as 'val_accuracy', a keras_tuner.Objective, a list of these, "
        "or None where `fit` returns the number to minimise"
    )


def _parse_in_python(text: str) -> tuple[str, str]:
    try:
        return parse(text)
    except InputError:
        if not text or ":" in text:
            raise
        raise InputError(
            f"whether more or less of the objective {text!r} is better is not known: give "
            f'keras_tuner.Objective({text!r}, "max") or "{text}:max", or the same with min'
        ) from None


def settle(oracle: "keras_tuner.Oracle") -> "keras_tuner.Objective":
    """Corrects and returns the objective of the user's oracle, whose direction Keras Tuner may have guessed."""
    guessed = text(oracle.objective)
    oracle.objective = objective = resolve(oracle.objective)
    if text(objective) != guessed:
        print(
            f"the objective of the oracle is taken for {text(objective)}, where Keras Tuner takes it for "
            f"{guessed}: give it a keras_tuner.Objective(name, direction) to have it otherwise"
        )
    return objective


def watch_guesses() -> None:
    """Marks, from now on, the objectives whose direction Keras Tuner guesses from a name.

    It guesses for the oracles that users make, and minimises an F1 score. Without the mark, a guess looks like an
    `Objective` of the user's own.
    """
    from keras_search.tuner import keras_private

    create = keras_private.objective_maker()
    if hasattr(create, "__wrapped__"):
        return

    @functools.wraps(create)
    def create_objective(objective: Any) -> "keras_tuner.Objective":
        made = create(objective)
        if isinstance(objective, str):
            vars(made)[_GUESSED] = True
        return made

    keras_private.set_objective_maker(create_objective)


def text(objective: "keras_tuner.Objective") -> str:
    """`objective` in one line: `val_loss:min`; for several, `val_loss:min, val_accuracy:max`."""
    return ", ".join(f"{part.name}:{part.direction}" for part in _parts(objective))


def same(objective: str, other: str) -> bool:
    """Whether two objectives, as `text` writes them, are the same; the order of several does not matter."""
    return sorted(objective.split(", ")) == sorted(other.split(", "))


def value(objective: "keras_tuner.Objective", metrics: Any) -> float | None:
    """The value of `objective` in the `metrics` of an epoch or a training; None if they lack it, or are no metrics.

    Raises:
        keras_tuner.errors.FatalValueError: Its metric gives several numbers.
    """
    if not isinstance(metrics, Mapping) or not objective.has_value(metrics):
        return None
    for part in _parts(objective):
        if np.ndim(metrics[part.name]) > 0:
            import keras_tuner

            raise keras_tuner.errors.FatalValueError(
                f"the objective {part.name} gives {np.size(metrics[part.name])} numbers an epoch, and one is needed: "
                "average them in the metric (such as F1Score(average='macro')), or take another objective"
            )
    try:
        return float(objective.get_value(metrics))
    except (TypeError, ValueError):  # the metrics of the user's own training loop may be anything
        return None


def curve(objective: "keras_tuner.Objective", rows: Iterable[Mapping[str, Any]]) -> dict[int, float]:
    """The value of `objective` by epoch, from `rows` of `epochs.csv`; only epochs where it is a finite number."""
    names = [part.name for part in _parts(objective)]
    numbers = ((row["epoch"], row) for row in rows if all(isinstance(row.get(name), int | float) for name in names))
    values = ((epoch, float(objective.get_value(row))) for epoch, row in numbers)
    return {epoch: number for epoch, number in values if math.isfinite(number)}


def checked(objective: "keras_tuner.Objective", outcome: Any) -> Any:
    """The result of a `fit`, without metrics that are no single numbers; a dict also gets the value of `objective`.

    Raises:
        keras_tuner.errors.FailedTrialError: The objective is not in the history.
        keras_tuner.errors.FatalValueError: Its metric gives several numbers.
    """
    import keras

    from keras_search.tuner.keras_private import DefaultObjective

    if isinstance(outcome, list):
        return [checked(objective, part) for part in outcome]
    if isinstance(outcome, keras.callbacks.History):
        first = {name: values[0] for name, values in outcome.history.items() if values}
        if value(objective, first) is None and not isinstance(objective, DefaultObjective):
            raise _missing(objective, first)
        kept = keras.callbacks.History()
        kept.epoch = list(range(max(map(len, outcome.history.values()), default=0)))
        kept.history = {name: outcome.history[name] for name, number in first.items() if np.ndim(number) == 0}
        return kept
    if isinstance(outcome, dict):
        score = value(objective, outcome)
        kept = {name: number for name, number in outcome.items() if np.ndim(number) == 0}
        return kept if score is None else kept | {objective.name: score}
    return outcome


def _missing(objective: "keras_tuner.Objective", metrics: Mapping[str, Any]) -> Exception:
    import keras_tuner

    names = [part.name for part in _parts(objective) if part.name not in metrics]
    hint = (
        "pass validation_data to search, with a validation_freq that is at most the epochs, or compile with that metric"
    )
    # Where nothing is validated, `val_loss` is no misspelt `loss`.
    of_its_kind = [name for name in metrics if name.startswith("val_") == names[0].startswith("val_")]
    if similar := difflib.get_close_matches(names[0], of_its_kind, 1):
        hint = f"write {similar[0]}, or compile with that metric"
    namesakes = [name for name in metrics if _unnumbered(name) == _unnumbered(names[0])]
    if namesakes:
        hint = f"Keras numbers the metrics of one name anew in every trial: write {namesakes[0]}"
    return keras_tuner.errors.FailedTrialError(
        f"the objective {' and '.join(names)} is not among the metrics {', '.join(metrics)}: {hint}"
    )


def _unnumbered(name: str) -> str:
    stem, _, number = name.rpartition("_")
    return stem if stem and number.isdecimal() else name


def _parts(objective: "keras_tuner.Objective") -> "list[keras_tuner.Objective]":
    return getattr(objective, "objectives", [objective])
