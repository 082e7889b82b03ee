"""What `best --evaluate` found of a run, read back from `evaluation.json`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keras_search.results import files, layout
from keras_search.results.errors import DamagedFile
from keras_search.results.verdict import Interval, Verdict

if TYPE_CHECKING:
    from keras_search.results.reading.run import Run


@dataclass(frozen=True)
class Evaluation:
    """Baseline and best configuration, retrained and tested.

    Attributes:
        trial_id: The trial whose configuration was the best one then.
        training_images: On how many each model was trained.
        epochs: For how many each of `baseline` and `best` was trained; None where that is not known.
        accuracies: The test accuracies (0..1) of each of `baseline` and `best`, one a seed.
        verdict: How they compare.
        most_frequent_class: The share of the most frequent class among the test images, and that class.
        same: Whether the best configuration is the baseline itself.
    """

    trial_id: str
    training_images: int
    epochs: dict[str, int | None]
    accuracies: dict[str, list[float]]
    verdict: Verdict
    most_frequent_class: tuple[float, int]
    same: bool


def read(run: "Run") -> Evaluation | None:
    """What was found of `run`; None where it has not been evaluated.

    Raises:
        DamagedFile: The file is not one that `best --evaluate` writes.
    """
    path = run.path / layout.EVALUATION_JSON
    if not path.exists():
        return None
    found = files.read_json(path)
    try:
        share, label = found["most_frequent_class"]
        trainings = found["trainings"]
        return Evaluation(
            trial_id=str(found["trial_id"]),
            training_images=found["dataset"]["training_images"],
            epochs={training["model"]: training["epochs"] for training in trainings},
            accuracies={
                name: [training["test_accuracy"] for training in trainings if training["model"] == name]
                for name in ("baseline", "best")
            },
            verdict=_verdict(found["verdict"]),
            most_frequent_class=(float(share), int(label)),
            same=found["same"],
        )
    except (LookupError, TypeError, ValueError):
        raise DamagedFile(f"{path.name} is cut off or damaged: the run counts as not evaluated") from None


def _verdict(found: dict) -> Verdict:
    intervals = {name: Interval(**found[name]) for name in ("baseline", "best", "difference")}
    return Verdict(**found | intervals)
