"""Any oracle made ready for a search: one of the toolkit's, or one that a user brings."""

from typing import TYPE_CHECKING

from keras_search.search_spaces.space import Value

if TYPE_CHECKING:
    import keras_tuner


def adopt(
    oracle: "keras_tuner.Oracle", baseline: dict[str, Value], declared: "keras_tuner.HyperParameters | None" = None
) -> None:
    """Has `oracle` ask `baseline` first, write whole files and print nothing.

    Args:
        declared: What the hypermodel declares, which may be more than the oracle is to tune.
    """
    from keras_search.tuner.oracles.recorded import Recorded

    if not isinstance(oracle, Recorded):
        _make_recorded(oracle)
    oracle.begin_with(baseline, declared.space if declared else ())


def _make_recorded(oracle: "keras_tuner.Oracle") -> None:
    """Changes the class of an `oracle` that a user brings.

    Only the class: the object may hold anything and is made already, from arguments that it need not keep, so it cannot
    be made anew. Nor can another object stand before it: it calls its own methods, and the user goes on using it.

    One of Keras Tuner's own becomes the toolkit's subclass of it. Any other proposes what it proposes.
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
