"""What a search optimises, from what the user wrote, and its values in the metrics of a training."""

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


def parse(text: str) -> tuple[str, str]:
    """Name and direction (`min` or `max`) of the objective `text`: `NAME`, or `NAME:min`, `NAME:max`.

    Raises:
        InputError: The direction is neither, or it is not given and the name does not tell it.
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
    """What `objective` stands for, as it may be given in Python.

    Args:
        objective: A text as for `parse`, a `keras_tuner.Objective`, a list of these, or None for the number that a
            `fit` returns. Of one whose direction Keras Tuner has guessed (`watch_guesses`), the name alone counts.

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
        case list() | tuple() if objective and all(one is not None for one in objective):
            return keras_private.MultiObjective([resolve(one) for one in objective])
        case keras_tuner.Objective() if not getattr(objective, "is_guessed", False):
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
    """Gives an oracle of the user's the direction that its objective's name tells, where Keras Tuner guessed."""
    guessed = text(oracle.objective)
    oracle.objective = objective = resolve(oracle.objective)
    if text(objective) != guessed:
        print(
            f"the objective of the oracle is taken for {text(objective)}, where Keras Tuner takes it for "
            f"{guessed}: give it a keras_tuner.Objective(name, direction) to have it otherwise"
        )
    return objective


def watch_guesses() -> None:
    """From now on, the objectives whose direction Keras Tuner itself guesses from a name are marked `is_guessed`.

    It takes those of an oracle that the user makes, of an F1 score the smallest; nothing else tells its guesses from
    an `Objective` of the user's own.
    """
    from keras_search.tuner import keras_private

    create = keras_private.objective_maker()
    if hasattr(create, "__wrapped__"):
        return

    @functools.wraps(create)
    def create_objective(objective: Any) -> "keras_tuner.Objective":
        made = create(objective)
        if isinstance(objective, str):
            made.is_guessed = True  # pyright: ignore[reportAttributeAccessIssue]
        return made

    keras_private.set_objective_maker(create_objective)


def text(objective: "keras_tuner.Objective") -> str:
    """`objective` in one line: `val_loss:min`, of several `val_loss:min, val_accuracy:max`."""
    return ", ".join(f"{one.name}:{one.direction}" for one in _parts(objective))


def same(one: str, other: str) -> bool:
    """Whether two objectives, as `text` has them, are the same: several are summed, in any order."""
    return sorted(one.split(", ")) == sorted(other.split(", "))


def value(objective: "keras_tuner.Objective", metrics: Any) -> float | None:
    """The objective where an epoch, or a training, has the `metrics`; None where they lack it, or are no metrics.

    Raises:
        keras_tuner.errors.FatalValueError: It is of a metric that gives several numbers.
    """
    if not isinstance(metrics, Mapping) or not objective.has_value(metrics):
        return None
    for one in _parts(objective):
        if np.ndim(metrics[one.name]) > 0:
            import keras_tuner

            raise keras_tuner.errors.FatalValueError(
                f"the objective {one.name} gives {np.size(metrics[one.name])} numbers an epoch, and one is needed: "
                "average them in the metric (such as F1Score(average='macro')), or take another objective"
            )
    try:
        return float(objective.get_value(metrics))
    except (TypeError, ValueError):  # what a training loop of the user's own tells may be anything
        return None


def curve(objective: "keras_tuner.Objective", rows: Iterable[Mapping[str, Any]]) -> dict[int, float]:
    """The objective by epoch in `rows` of `epochs.csv`, without epochs in which it is missing or no finite number."""
    names = [one.name for one in _parts(objective)]
    numbers = ((row["epoch"], row) for row in rows if all(isinstance(row.get(name), int | float) for name in names))
    values = ((epoch, float(objective.get_value(row))) for epoch, row in numbers)
    return {epoch: number for epoch, number in values if math.isfinite(number)}


def checked(objective: "keras_tuner.Objective", outcome: Any) -> Any:
    """What a `fit` gave, without the metrics that are no single numbers, and with the sum of several objectives.

    Raises:
        keras_tuner.errors.FailedTrialError: The objective is not in the history.
        keras_tuner.errors.FatalValueError: It is of a metric that gives several numbers.
    """
    import keras

    from keras_search.tuner.keras_private import DefaultObjective

    if isinstance(outcome, list):
        return [checked(objective, one) for one in outcome]
    if isinstance(outcome, keras.callbacks.History):
        first = {name: values[0] for name, values in outcome.history.items() if values}
        if value(objective, first) is None and not isinstance(objective, DefaultObjective):
            raise _missing(objective, first)
        kept = keras.callbacks.History()
        kept.epoch = list(range(max(map(len, outcome.history.values()), default=0)))
        kept.history = {name: outcome.history[name] for name, number in first.items() if np.ndim(number) == 0}
        return kept
    if isinstance(outcome, dict):
        found = value(objective, outcome)
        kept = {name: number for name, number in outcome.items() if np.ndim(number) == 0}
        return kept if found is None else kept | {objective.name: found}
    return outcome


def _missing(objective: "keras_tuner.Objective", metrics: Mapping[str, Any]) -> Exception:
    import keras_tuner

    names = [one.name for one in _parts(objective) if one.name not in metrics]
    hint = (
        "pass validation_data to search, with a validation_freq that is at most the epochs, or compile with that metric"
    )
    same = [name for name in metrics if _unnumbered(name) == _unnumbered(names[0])]
    if same:
        hint = f"Keras numbers the metrics of one name anew in every trial: write {same[0]}"
    return keras_tuner.errors.FailedTrialError(
        f"the objective {' and '.join(names)} is not among the metrics {', '.join(metrics)}: {hint}"
    )


def _unnumbered(name: str) -> str:
    stem, _, number = name.rpartition("_")
    return stem if stem and number.isdecimal() else name


def _parts(objective: "keras_tuner.Objective") -> "list[keras_tuner.Objective]":
    return getattr(objective, "objectives", [objective])
