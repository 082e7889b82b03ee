"""The options of a search on the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

from keras_search.results.errors import Parameter
from keras_search.tuner.errors import InputError
from keras_search.tuner.executors.workers import check_threads, check_workers
from keras_search.tuner.search.stop import Limits


@dataclass(frozen=True)
class SearchOptions:
    """The options of a search: a field for each option of the command `search`."""

    trials: int | None = None
    space: str = "baseline_cnn"
    objective: str = "val_accuracy"
    dataset: str = "auto"
    oracle: str | None = None
    pruner: str = "none"
    time_budget: str | None = None
    until_no_better: int | None = None
    warm_start: Sequence[str] = ()
    seed: int = 0
    run: str | None = None
    train_samples: int | None = None
    overrides: Sequence[str] = ()
    overwrite: bool = False
    workers: int | str = "auto"
    trials_per_gpu: int = 1
    threads: int = 1
    scheduler: str | None = None
    keep_weights: int = 3
    retries: int = 1
    trial_timeout: str | None = None
    tensorboard: bool = False
    confirm: bool = False

    def check_numbers(self) -> None:
        """Raises InputError if a number is out of its range."""
        if self.trials is not None and self.trials < 1:
            raise InputError(Parameter("max_trials"), f" is {self.trials}: it must be at least 1")
        if not 0 <= self.seed < 2**31:
            raise InputError(Parameter("seed"), f" is {self.seed}: it must be 0 or more, and less than 2147483648")
        if self.keep_weights < 0:
            raise InputError(Parameter("keep_weights"), f" is {self.keep_weights}: it must be 0 or more")
        if self.train_samples is not None and self.train_samples < 1:
            raise InputError(Parameter("samples"), f" is {self.train_samples}: give at least two images a class")
        Limits(until_no_better=self.until_no_better)
        if self.retries < 0:
            raise InputError(Parameter("retries"), f" is {self.retries}: it must be 0 or more")
        in_this_process = check_workers(self.workers, self.trials_per_gpu) == 0
        check_threads(self.threads, self.scheduler is None and not in_this_process)
        if in_this_process and self.trial_timeout is not None:
            timeout, workers = Parameter("trial_timeout"), Parameter("workers")
            raise InputError(
                timeout, " ends the process of a trial, and ", workers, " 0 has none: give ", workers, " 1"
            )
