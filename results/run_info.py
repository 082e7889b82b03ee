"""`run.json` in a run directory: what was asked for, of which data, by what."""

from typing import Any, NotRequired, Required, TypedDict

from keras_search.results.hyperparameter import Value


class ObjectiveInfo(TypedDict):
    """What is optimised.

    Attributes:
        name: The metric.
        direction: `min` or `max`.
    """

    name: str
    direction: str


class DatasetInfo(TypedDict):
    """The data of a search of the command line.

    Attributes:
        name: What they are called.
        source: What they are loaded by: a name, or the path of a file.
        fingerprint: SHA-256 of the data.
        training_images, validation_images: How many there were of each.
        notice: What is to be said wherever a figure on them is shown; empty as a rule.
        most_frequent_class: The share of the most frequent class among the images for validation, and that class.
    """

    name: str
    source: str
    fingerprint: str
    training_images: int
    validation_images: int
    notice: str
    most_frequent_class: NotRequired[tuple[float, int]]


class Asked(TypedDict, total=False):
    """What a search of the command line was asked for: what must be the same for it to go on.

    Attributes:
        space: The name of the search space, or the user's own as `FILE.py:NAME` or `MODULE:NAME`.
        space_code: What tells the file of a user's own space from a changed one; None for every other space.
        dataset: The data, with the beginning of their fingerprint.
        objective: `NAME:DIRECTION`.
        oracle, pruner, seed: As they were given.
        train_samples: How many images were drawn of all; None for all.
        set: By what the space was narrowed.
    """

    space: Required[str]
    space_code: str | None
    dataset: str
    objective: str
    oracle: str
    pruner: str
    seed: Required[int]
    train_samples: int | None
    set: list[str]


class RunInfo(TypedDict, total=False):
    """All that `run.json` can hold.

    Attributes:
        format: The version of this format.
        created_at: When the run was made, in ISO 8601.
        command: The command line that made it.
        asked, dataset, baseline: Where `search` of the command line made it; the last is the documented point.
        objective: What is optimised.
        tuner: What the `Tuner` was asked for that searched last, and the `id` of the run.
        versions: Those of Python and of the packages that the scores depend on.
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
