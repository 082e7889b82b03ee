"""Prepares any oracle for a search: one of the toolkit's, or the user's own."""

from typing import TYPE_CHECKING, Any

from keras_search.search_spaces.space import Value
from keras_search.tuner import objectives
from keras_search.tuner.oracles.named import check

if TYPE_CHECKING:
    import keras_tuner


def settled(oracle: "str | keras_tuner.Oracle", objective: Any) -> "keras_tuner.Objective":
    """The objective of a search with `oracle`: `objective` if that is a name, else its own, with its true direction.

    Raises:
        InputError: There is no oracle of that name, or the direction is not known.
        TypeError: The oracle or the objective is something else.
    """
    import keras_tuner

    if isinstance(oracle, str):
        check(oracle)
        return objectives.resolve(objective)
    if isinstance(oracle, keras_tuner.Oracle):
        return objectives.settle(oracle)
    raise TypeError(f"oracle is {oracle!r}: give a name, such as 'random', or a keras_tuner.Oracle")


def adopt(
    oracle: "keras_tuner.Oracle", baseline: dict[str, Value], declared: "keras_tuner.HyperParameters | None" = None
) -> None:
    """Makes `oracle` propose `baseline` first, write its files atomically and print nothing.

    Args:
        declared: What the hypermodel declares, which may be more than the oracle tunes.
    """
    from keras_search.tuner.oracles.recorded import Recorded

    if not isinstance(oracle, Recorded):
        _make_recorded(oracle)
    assert isinstance(oracle, Recorded)
    oracle.begin_with(baseline, declared.space if declared else ())


def _make_recorded(oracle: "keras_tuner.Oracle") -> None:
    """Changes the class of the user's `oracle` to a subclass that is `Recorded`.

    The object stays the same: it cannot be made again, as it need not keep the arguments that it was made from. Nor can
    another object wrap it: it calls its own methods, and the user goes on using it.

    An oracle of Keras Tuner's becomes the toolkit's subclass of it. Any other proposes its points as before.
    """
    from keras_tuner.oracles import (
        BayesianOptimizationOracle,
        GridSearchOracle,
        HyperbandOracle,
        RandomSearchOracle,
    )

    from keras_search.tuner.oracles.budgeted import Budgeted
    from keras_search.tuner.oracles.hyperband import Bracketed, Hyperband, has_brackets
    from keras_search.tuner.oracles.keras_tuner import Bayesian, Grid, Random

    ours = {
        RandomSearchOracle: Random,
        GridSearchOracle: Grid,
        BayesianOptimizationOracle: Bayesian,
        HyperbandOracle: Hyperband,
    }
    own = type(oracle)
    if own in ours:
        oracle.__class__ = ours[own]
        return
    ignores_scores = isinstance(oracle, (RandomSearchOracle, GridSearchOracle))
    bases = (Bracketed if has_brackets(oracle) else Budgeted, own)
    oracle.__class__ = type(own.__name__, bases, {"may_repeat": True, "ignores_scores": ignores_scores})
