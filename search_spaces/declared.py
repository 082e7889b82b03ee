"""The hyperparameters that a hypermodel declares, and its baseline as a complete point."""

from collections.abc import Iterable, Mapping

import keras_tuner

from keras_search.search_spaces.space import Value


def declared(
    hypermodel: keras_tuner.HyperModel, known: keras_tuner.HyperParameters | None = None
) -> keras_tuner.HyperParameters:
    """The hyperparameters that `hypermodel` declares, with the values of its baseline.

    They are those that it declares at its defaults and at its `baseline`, which is the defaults if it has none.

    Args:
        hypermodel: The hypermodel.
        known: Hyperparameters that the oracle has already.
    """
    named = getattr(hypermodel, "baseline", None) or {}
    hp = known or keras_tuner.HyperParameters()
    hypermodel.declare_hyperparameters(hp)
    hypermodel.build(hp)
    baseline = completed(named, hp.space)
    if baseline != hp.values:
        # Hyperparameters within an `if` are declared only by a build in which its condition holds.
        hp.values = baseline
        hypermodel.build(hp)
        hp.values = completed(named, hp.space)
    return hp


def completed(
    named: Mapping[str, Value], space: "Iterable[keras_tuner.engine.hyperparameters.HyperParameter]"
) -> dict[str, Value]:
    """The point of `space` with the values `named`, and the defaults of all other active hyperparameters.

    Names that are not in the space are kept, since a `fit` may ask for them.
    """
    hp = keras_tuner.HyperParameters()
    for hyperparameter in space:
        hp.merge([hyperparameter])
        if hp.is_active(hyperparameter):
            hp.values[hyperparameter.name] = named.get(hyperparameter.name, hyperparameter.default)
    unknown = {
        name: value for name, value in named.items() if name not in {hyperparameter.name for hyperparameter in hp.space}
    }
    return hp.values | unknown
