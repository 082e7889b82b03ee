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
    """One model trained and tested: a line of `evaluation.csv`.

    Attributes:
        model: `baseline` or `best`.
        seed: Seeds its weights, its dropout and the order of the images.
        epochs: How many it was trained for; None where a loop of the user's own does not tell the callbacks.
        test_accuracy: Share of the test images it gets right.
        test_loss: Its mean loss on them; None where its own evaluation gives none.
        train_s: Seconds the training took.
    """

    model: str
    seed: int
    epochs: int | None
    test_accuracy: float
    test_loss: float | None
    train_s: float


# Of `evaluation.csv`.
COLUMNS = [part.name for part in fields(Training)]


@dataclass(frozen=True)
class EvaluatedData:
    """The data of an evaluation.

    Attributes:
        name: What they are called.
        fingerprint: SHA-256 of the data.
        training_images: On how many each model was trained.
        notice: What is to be said wherever a figure on them is shown; empty as a rule.
    """

    name: str
    fingerprint: str
    training_images: int
    notice: str


@dataclass(frozen=True)
class Evaluation:
    """Baseline and best configuration, retrained and tested: what is in `evaluation.json`.

    Attributes:
        dataset: The data.
        trial_id: The trial whose configuration was the best one then.
        hyperparameters: That configuration.
        epochs: For how many it was trained; None where that is not known.
        trainings: Baseline and best, one of each a seed.
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
        """The test accuracies (0..1) of each of `baseline` and `best`, one a seed."""
        return accuracies(self.trainings)

    @property
    def epochs_trained(self) -> dict[str, int | None]:
        """For how many epochs each of `baseline` and `best` was trained; None where that is not known."""
        return {training.model: training.epochs for training in self.trainings}

    def write(self, run: Path) -> None:
        """Writes it into the run directory `run`."""
        files.write_json(run / layout.EVALUATION_JSON, asdict(self))


def accuracies(trainings: Iterable[Training]) -> dict[str, list[float]]:
    """The test accuracies (0..1) of each of `baseline` and `best` in `trainings`."""
    found: dict[str, list[float]] = {"baseline": [], "best": []}
    for training in trainings:
        found[training.model].append(training.test_accuracy)
    return found


def write_trainings(run: Path, trainings: Iterable[Training]) -> None:
    """Writes `evaluation.csv` of the run directory `run`, a line a training."""
    files.write_csv(run / layout.EVALUATION_CSV, COLUMNS, [asdict(training) for training in trainings])


def read(run: Path) -> Evaluation | None:
    """What was found of the run in the directory `run`; None where it has not been evaluated.

    Raises:
        DamagedFile: The file is not one that an evaluation writes.
    """
    path = run / layout.EVALUATION_JSON
    if not path.exists():
        return None
    found = files.read_json(path)
    try:
        share, label = found["most_frequent_class"]
        intervals = {name: _of(Interval, found["verdict"][name]) for name in ("baseline", "best", "difference")}
        parts = {
            "dataset": _of(EvaluatedData, found["dataset"]),
            "trial_id": str(found["trial_id"]),
            "trainings": [_of(Training, training) for training in found["trainings"]],
            "verdict": _of(Verdict, found["verdict"] | intervals),
            "most_frequent_class": (float(share), int(label)),
        }
        return _of(Evaluation, found | parts)
    except (LookupError, TypeError, ValueError):
        raise DamagedFile(f"{path.name} is cut off or damaged: the run counts as not evaluated") from None


def read_trial_id(run: Path) -> str | None:
    """The trial whose model an evaluation left in the run directory `run`; None where there is none.

    Version 0.1.0 wrote fewer parts than `read` needs, but this one.
    """
    found = files.read_json(run / layout.EVALUATION_JSON)
    return str(found["trial_id"]) if isinstance(found, dict) and "trial_id" in found else None


def _of(kind: type, found: Mapping[str, Any]) -> Any:
    """What of `found` belongs to the dataclass `kind`, as one; raises KeyError where it lacks something."""
    return kind(**{part.name: found[part.name] for part in fields(kind)})
