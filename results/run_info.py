"""`run.json` in a run directory: what was asked for, on which data, and with which versions."""

from typing import Any, NotRequired, Required, TypedDict

from keras_search.results.hyperparameter import Value


class ObjectiveInfo(TypedDict):
    """The objective of the search.

    Attributes:
        name: The metric.
        direction: `min` or `max`.
    """

    name: str
    direction: str


class DatasetInfo(TypedDict):
    """The dataset of a search that the command line made.

    Attributes:
        name: The name of the dataset.
        source: How to load it: by a name, or the path of a file.
        fingerprint: SHA-256 of the data.
        training_images, validation_images: How many images there were of each.
        notice: A caution, shown beside every figure on this dataset; usually empty.
        most_frequent_class: The share of the most frequent class among the validation images, and that class.
    """

    name: str
    source: str
    fingerprint: str
    training_images: int
    validation_images: int
    notice: str
    most_frequent_class: NotRequired[tuple[float, int]]


class Asked(TypedDict, total=False):
    """What the command line was asked for; a search goes on only with the same.

    Attributes:
        space: The name of the search space; `FILE.py:NAME` or `MODULE:NAME` of the user's own.
        space_code: A fingerprint of the file of the user's own space; None for every other space.
        dataset: The dataset, with the beginning of its fingerprint.
        objective: `NAME:DIRECTION`.
        oracle, pruner, seed, threads: As given.
        train_samples: How many of the training images were used; None for all.
        set: How the space was narrowed.
        warm_start: The earlier runs that it takes over from; None for none.
    """

    space: Required[str]
    space_code: str | None
    dataset: str
    objective: str
    oracle: str
    pruner: str
    seed: Required[int]
    threads: int
    train_samples: int | None
    set: list[str]
    warm_start: list[str] | None


class RunInfo(TypedDict, total=False):
    """The content of `run.json`.

    Attributes:
        format: The version of this format.
        created_at: When the run began, in ISO 8601.
        command: The command line that began it.
        asked, dataset: What `search` was asked for, and the data; missing if a script made the run.
        objective: What is optimised.
        baseline: The documented point; missing if a script made the run.
        tuner: The arguments of the latest `Tuner`, and the `id` of the run.
        versions: Of Python and of the packages that scores depend on.
    """

    format: int
    created_at: str
    command: list[str]
    asked: Asked
    objective: ObjectiveInfo
    baseline: dict[str, Value]
    dataset: DatasetInfo
    tuner: dict[str, Any]
    versions: dict[str, str]
