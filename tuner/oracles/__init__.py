"""What to try next: Keras Tuner's oracles and Optuna's samplers, beginning with the baseline point."""

from keras_search.tuner.oracles.named import (
    BUDGET,
    BUDGET_BEFORE,
    CONTINUED,
    ORACLES,
    ROUND,
    adopt,
    budget,
    check,
    continuable,
    ignores_scores,
    make,
    sampled,
    saved_points,
    saved_space,
)

__all__ = [
    "BUDGET",
    "BUDGET_BEFORE",
    "CONTINUED",
    "ORACLES",
    "ROUND",
    "adopt",
    "budget",
    "check",
    "continuable",
    "ignores_scores",
    "make",
    "sampled",
    "saved_points",
    "saved_space",
]
