"""`evaluation.json` and `evaluation.csv` of a run: its best configuration and the baseline, on the test images."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from keras_search.results import files, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.hyperparameter import Value
from keras_search.results.verdict import Interval, Verdict


@dataclass(frozen=True)
class Training:
    """One training of a model and its test: a line of `evaluation.csv`.

    Attributes:
        model: `baseline` or `best`.
        seed: Seeds its weights, its dropout and the order of the images.
        epochs: For how many it was trained; None if the user's own training loop does not report them to callbacks.
        test_accuracy: The share of the test images that it gets right.
        test_loss: Its mean loss on them; None if its evaluation returns none.
        train_s: Seconds the training took.
    """

    model: str
    seed: int
    epochs: int | None
    test_accuracy: float
    test_loss: float | None
    train_s: float


# The columns of `evaluation.csv`.
COLUMNS = [part.name for part in fields(Training)]


@dataclass(frozen=True)
class EvaluatedData:
    """The data of an evaluation.

    Attributes:
        name: The name of the dataset.
        fingerprint: SHA-256 of the data.
        training_images: On how many images each model was trained.
        notice: A caution, shown beside every figure on this dataset; usually empty.
    """

    name: str
    fingerprint: str
    training_images: int
    notice: str


@dataclass(frozen=True)
class Evaluation:
    """Baseline and best configuration, retrained and tested: the content of `evaluation.json`.

    Attributes:
        dataset: The data.
        trial_id: The trial that was the best when the run was evaluated.
        hyperparameters: Its configuration.
        epochs: For how many epochs it was trained; None if not known.
        trainings: Those of the baseline and of the best configuration, for each seed.
        verdict: How they compare.
        most_frequent_class: The share of the most frequent class among the test images, and that class.
        reloaded_accuracy: The test accuracy of `best_model.keras`, read back from disk.
        same: Whether the best configuration is the baseline itself.
    """

    dataset: EvaluatedData
    trial_id: str
    hyperparameters: dict[str, Value]
    epochs: int | None
    trainings: list[Training]
    verdict: Verdict
    most_frequent_class: tuple[float, int]
    reloaded_accuracy: float
    same: bool

    @property
    def accuracies(self) -> dict[str, list[float]]:
        """The test accuracies (0..1) of `baseline` and of `best`, one per seed."""
        return accuracies(self.trainings)

    @property
    def epochs_trained(self) -> dict[str, int | None]:
        """For how many epochs `baseline` and `best` were trained; None if not known."""
        return {training.model: training.epochs for training in self.trainings}

    def write(self, run: Path) -> None:
        """Writes `evaluation.json` into the run directory `run`."""
        files.write_json(run / layout.EVALUATION_JSON, asdict(self))


def accuracies(trainings: Iterable[Training]) -> dict[str, list[float]]:
    """The test accuracies (0..1) of `baseline` and of `best` in `trainings`."""
    by_model: dict[str, list[float]] = {"baseline": [], "best": []}
    for training in trainings:
        by_model[training.model].append(training.test_accuracy)
    return by_model


def write_trainings(run: Path, trainings: Iterable[Training]) -> None:
    """Writes `evaluation.csv` into the run directory `run`, a line per training."""
    files.write_csv(run / layout.EVALUATION_CSV, COLUMNS, [asdict(training) for training in trainings])


def read(run: Path) -> Evaluation | None:
    """The evaluation in the run directory `run`; None if it has not been evaluated.

    Raises:
        DamagedFile: The file is not one that an evaluation writes.
    """
    path = run / layout.EVALUATION_JSON
    if not path.exists():
        return None
    content = files.read_json(path)
    try:
        share, label = content["most_frequent_class"]
        intervals = {name: _of(Interval, content["verdict"][name]) for name in ("baseline", "best", "difference")}
        parts = {
            "dataset": _of(EvaluatedData, content["dataset"]),
            "trial_id": str(content["trial_id"]),
            "trainings": [_of(Training, training) for training in content["trainings"]],
            "verdict": _of(Verdict, content["verdict"] | intervals),
            "most_frequent_class": (float(share), int(label)),
        }
        return _of(Evaluation, content | parts)
    except (LookupError, TypeError, ValueError):
        raise DamagedFile(f"{path.name} is cut off or damaged: the run counts as not evaluated") from None


def read_trial_id(run: Path) -> str | None:
    """The trial whose model an evaluation left in the run directory `run`; None where there is none.

    Version 0.1.0 wrote this, and not all that `read` needs.
    """
    evaluation = files.read_json(run / layout.EVALUATION_JSON)
    return str(evaluation["trial_id"]) if isinstance(evaluation, dict) and "trial_id" in evaluation else None


def _of(kind: type, entries: Mapping[str, Any]) -> Any:
    """A `kind`, which is a dataclass, made of its fields in `entries`; raises KeyError if one is missing."""
    return kind(**{entry.name: entries[entry.name] for entry in fields(kind)})
