"""The tuners by Keras Tuner's names, with its arguments and defaults (`keras_tuner/src/tuners/`)."""

from typing import Any

import keras_tuner

from keras_search.tuner import objectives, seeds
from keras_search.tuner.tuner import Tuner

__all__ = ["BayesianOptimization", "GridSearch", "Hyperband", "RandomSearch", "Tuner"]


class RandomSearch(Tuner):
    """Tries random points, after the baseline.

    Args:
        hypermodel: As for a `Tuner`.
        objective: The objective; None for the number that `fit` or `run_trial` returns, which is minimised.
        max_trials: How many trials in all; with a larger number, a finished search goes on.
        seed: Decides the points and, with the trial's id, everything random in a trial; None for another search each
            time.
        hyperparameters: The space, or a part of it, to use in place of what the hypermodel declares by the same names.
        tune_new_entries: Whether hyperparameters that are not in `hyperparameters` are tuned; else they keep their
            defaults.
        allow_new_entries: Whether the hypermodel may ask for such; else that is an error.
        max_retries_per_trial: How often a trial that fails is tried again, with another seed.
        max_consecutive_failed_trials: How many trials may fail one after the other before the search ends.
        **kwargs: The other arguments of a `Tuner`, such as `directory`, `executions_per_trial` and `workers`.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int = 10,
        seed: int | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **kwargs: Any,
    ) -> None:
        oracle = keras_tuner.oracles.RandomSearchOracle(
            objective=objectives.resolve(objective),
            max_trials=max_trials,
            seed=seeds.of_oracle(seed),
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        super().__init__(oracle, hypermodel, seed=seed, **kwargs)


class GridSearch(Tuner):
    """Tries every combination of values, the baseline first.

    Args:
        max_trials: How many trials in all; None for every combination.
        hypermodel, objective, seed, **kwargs: As for a `RandomSearch`, as are all other arguments.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = None,
        seed: int | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **kwargs: Any,
    ) -> None:
        oracle = keras_tuner.oracles.GridSearchOracle(
            objective=objectives.resolve(objective),
            max_trials=max_trials,
            seed=seeds.of_oracle(seed),
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        super().__init__(oracle, hypermodel, seed=seed, **kwargs)


class BayesianOptimization(Tuner):
    """Tries points that a Gaussian process expects most of, after the baseline and some random ones.

    Args:
        num_initial_points: How many random points it begins with; None for three times the number of hyperparameters.
        alpha: The variance of the noise in the scores.
        beta: How much it prefers points of which little is known.
        hypermodel, objective, max_trials, seed, **kwargs: As for a `RandomSearch`, as are all other arguments.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int = 10,
        num_initial_points: int | None = None,
        alpha: float = 1e-4,
        beta: float = 2.6,
        seed: int | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **kwargs: Any,
    ) -> None:
        oracle = keras_tuner.oracles.BayesianOptimizationOracle(
            objective=objectives.resolve(objective),
            max_trials=max_trials,
            num_initial_points=num_initial_points,
            alpha=alpha,
            beta=beta,
            seed=seeds.of_oracle(seed),
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        super().__init__(oracle, hypermodel, seed=seed, **kwargs)


class Hyperband(Tuner):
    """Trains many points for few epochs, and goes on with the best of them; the baseline is trained to the end.

    Reference: Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband: A Novel Bandit-Based Approach to
    Hyperparameter Optimization", Journal of Machine Learning Research 18 (2018): 1-52.

    Args:
        max_epochs: The most epochs that a model is trained for.
        factor: By how much a round has fewer trials than the one before, and more epochs.
        hyperband_iterations: How often all brackets are run.
        hypermodel, objective, seed, **kwargs: As for a `RandomSearch`, as are all other arguments.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: int = 1,
        seed: int | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **kwargs: Any,
    ) -> None:
        oracle = keras_tuner.oracles.HyperbandOracle(
            objective=objectives.resolve(objective),
            max_epochs=max_epochs,
            factor=factor,
            hyperband_iterations=hyperband_iterations,
            seed=seeds.of_oracle(seed),
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        super().__init__(oracle, hypermodel, seed=seed, **kwargs)
