"""What a hypermodel declares, and its baseline as a whole point."""

from collections.abc import Iterable, Mapping

import keras_tuner

from keras_search.search_spaces.space import Value


def declared(
    hypermodel: keras_tuner.HyperModel, known: keras_tuner.HyperParameters | None = None
) -> keras_tuner.HyperParameters:
    """The hyperparameters that `hypermodel` declares at its defaults and at its `baseline`; the values are the latter.

    A hypermodel without a `baseline` has its defaults for one.

    Args:
        known: What an oracle declares beforehand.
    """
    named = getattr(hypermodel, "baseline", None) or {}
    hp = known or keras_tuner.HyperParameters()
    hypermodel.declare_hyperparameters(hp)
    hypermodel.build(hp)
    baseline = completed(named, hp.space)
    if baseline != hp.values:
        # What stands behind an `if` is not known before a build in which it holds.
        hp.values = baseline
        hypermodel.build(hp)
        hp.values = completed(named, hp.space)
    return hp


def completed(
    named: Mapping[str, Value], space: "Iterable[keras_tuner.engine.hyperparameters.HyperParameter]"
) -> dict[str, Value]:
    """The point of `space` that has the values `named`, and the default of whatever else is active there.

    A name that is not in the space stays: a `fit` may ask for it.
    """
    hp = keras_tuner.HyperParameters()
    for one in space:
        hp.merge([one])
        if hp.is_active(one):
            hp.values[one.name] = named.get(one.name, one.default)
    unknown = {name: value for name, value in named.items() if name not in {one.name for one in hp.space}}
    return hp.values | unknown
