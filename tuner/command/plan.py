"""The plan of a search, made from its options and checked before a file is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keras_search import search_spaces
from keras_search.results.reading import runs
from keras_search.results.run_info import Asked, RunInfo
from keras_search.search_spaces import Hyperparameter, SearchSpace
from keras_search.tuner import objectives, oracles, runtime
from keras_search.tuner.command import durations
from keras_search.tuner.command.options import SearchOptions
from keras_search.tuner.command.overrides import narrow
from keras_search.tuner.data import datasets
from keras_search.tuner.data.datasets import Dataset, Split
from keras_search.tuner.trial import pruners

if TYPE_CHECKING:
    from keras_search.search_spaces import CustomSpace


@dataclass(frozen=True)
class Plan:
    """A search, ready to begin.

    Attributes:
        options: The options of the search.
        path: The run directory.
        warm_start: The earlier runs that it takes over from.
        space: The search space.
        narrowed: Its hyperparameters, narrowed by the overrides.
        dataset: The whole dataset.
        data: Its training images, split into training and validation.
        oracle: The name of its oracle.
        trials: How many trials it may have; None for as many as there is time for.
        objective, direction: The metric to optimise, and `min` or `max`.
        time_budget, trial_timeout: In seconds; None for no limit.
    """

    options: SearchOptions
    path: Path
    warm_start: Sequence[str]
    space: "SearchSpace | CustomSpace"
    narrowed: Sequence[Hyperparameter]
    dataset: Dataset
    data: Split
    oracle: str
    trials: int | None
    objective: str
    direction: str
    time_budget: float | None
    trial_timeout: float | None

    def asked(self) -> Asked:
        """What must be the same to go on with the run."""
        return {
            "space": search_spaces.resolved(self.options.space),
            "space_code": search_spaces.fingerprint(self.options.space),
            "dataset": f"{self.dataset.name} sha256:{self.dataset.fingerprint[:16]}",
            "objective": f"{self.objective}:{self.direction}",
            "oracle": self.oracle,
            "pruner": self.options.pruner,
            "seed": self.options.seed,
            "threads": self.options.threads,
            "train_samples": self.options.train_samples,
            "set": sorted(self.options.overrides),
            "warm_start": list(self.warm_start) or None,
        }

    def details(self) -> RunInfo:
        """What else readers of the run should know."""
        return {
            "objective": {"name": self.objective, "direction": self.direction},
            "baseline": self.space.baseline,
            "dataset": {
                "name": self.dataset.name,
                "source": self.dataset.source,
                "fingerprint": self.dataset.fingerprint,
                "training_images": len(self.data.x_train),
                "validation_images": len(self.data.x_validation),
                "notice": self.dataset.notice,
                "most_frequent_class": datasets.most_frequent(self.data.y_validation),
            },
        }


def make(options: SearchOptions) -> Plan:
    """The plan of the search that `options` ask for.

    Loads TensorFlow only for the user's own search space, or if Keras must get the dataset.

    Raises:
        InputError, search_spaces.SpaceError: The options are not possible.
    """
    options.check_numbers()
    search_spaces.check(options.space)
    is_custom = search_spaces.is_custom(options.space)
    if not is_custom:  # the user's own space may need the data
        narrow(search_spaces.get(options.space).hyperparameters, options.overrides)
    oracle, trials = oracles.chosen(options.oracle, options.trials, options.time_budget is not None)
    oracles.check(oracle)
    pruners.get(options.pruner)
    objective, direction = objectives.parse(options.objective)
    time_budget = _seconds("time_budget", options.time_budget)
    trial_timeout = _seconds("trial_timeout", options.trial_timeout)
    path = None if options.run is None else runs.directory(options.run)
    earlier = [str(runs.find(name)) for name in dict.fromkeys(options.warm_start)]
    dataset = datasets.load(options.dataset)
    data = datasets.split(dataset, options.seed, options.train_samples)
    if is_custom:
        runtime.load_keras()
    space = search_spaces.load(options.space, dataset.input_shape, dataset.num_classes)
    narrowed = narrow(space.hyperparameters, options.overrides)
    if is_custom:
        space.check_epochs(narrowed)
    oracles.check(oracle, [hyperparameter.name for hyperparameter in narrowed])
    if path is None:
        path = runs.ROOT / f"{dataset.name}-{space.name}-{oracle}-seed{options.seed}"
    return Plan(
        options,
        path,
        earlier,
        space,
        narrowed,
        dataset,
        data,
        oracle,
        trials,
        objective,
        direction,
        time_budget,
        trial_timeout,
    )


def _seconds(parameter: str, text: str | None) -> float | None:
    return None if text is None else durations.parse(parameter, text)
