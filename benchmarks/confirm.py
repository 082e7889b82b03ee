"""Measures whether training the best of a search once more, on fresh seeds, chooses a better one.

    python benchmarks/confirm.py ../shared/data/mnist.npz --space deep_cnn
    python benchmarks/confirm.py

Trains random configurations of a space on several seeds each, on 3,000 images, validated on 600 others as a search does
and, for comparison, on 3,000 others; each epoch is tested on the test images. Searches of 20 are then drawn from these
trainings, and what each rule chooses is compared with the best by one score. Interrupted, it goes on where it stopped.

Without data, the searches are of the networks of `table.csv`, each of which was trained once: how much its score varies
with the seed is then assumed.
"""

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.tabulate import EPOCHS, TABLE  # noqa: E402
from keras_search import results, search_spaces  # noqa: E402
from keras_search.tuner import runtime  # noqa: E402
from keras_search.tuner.data import datasets  # noqa: E402

runtime.load_keras()
import keras  # noqa: E402

from keras_search.tuner import Tuner  # noqa: E402

_TRAINED, _VALIDATED, _TESTED = 3_000, 600, 5_000
_TRIALS, _RESAMPLED = 20, 200


def parts(data: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images, a quarter of their size, to train on, to validate on, to validate on besides, and to test on."""
    dataset = datasets.load(data)
    split = datasets.split(dataset, seed=0)
    besides = slice(_VALIDATED, _VALIDATED + _TRAINED)
    return {
        "train": (_small(split.x_train[:_TRAINED]), split.y_train[:_TRAINED]),
        "validation": (_small(split.x_validation[:_VALIDATED]), split.y_validation[:_VALIDATED]),
        "large": (_small(split.x_validation[besides]), split.y_validation[besides]),
        "test": (_small(dataset.x_test[:_TESTED]), dataset.y_test[:_TESTED]),
    }


def _small(images: Any) -> np.ndarray:
    images = np.asarray(images)
    return images.reshape(len(images), 14, 2, 14, 2, 1).mean(axis=(2, 4))


class Tested(keras.callbacks.Callback):
    """Adds to the metrics of each epoch the accuracies on more validation images and on the test images."""

    def __init__(self, images: Path) -> None:
        super().__init__()
        self.images = images

    def on_train_begin(self, logs: Any = None) -> None:
        with np.load(self.images) as arrays:
            self.parts = {name: (arrays[f"x_{name}"], arrays[f"y_{name}"]) for name in ("large", "test")}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for name, (x, y) in self.parts.items():
            predicted = self.model.predict(x, batch_size=1000, verbose=0).argmax(axis=-1)
            logs[name] = float(np.mean(predicted == y))


@dataclass(frozen=True)
class Rule:
    """How the best of a search is chosen.

    Attributes:
        name: What the rule does.
        best: How many of the best by one score are trained once more.
        seeds: On how many fresh seeds each.
        is_smoothed: Whether the score is the best mean of three neighbouring epochs.
        counts_first: Whether the score of the search counts beside the fresh ones.
        further: How many trials more the search has.
    """

    name: str
    best: int = 1
    seeds: int = 0
    is_smoothed: bool = False
    counts_first: bool = False
    further: int = 0

    @property
    def trainings(self) -> int:
        """How many trainings it takes beyond those of the search."""
        return self.further + (self.best * self.seeds)

    def chosen(self, scores: np.ndarray) -> np.ndarray:
        """The place of the chosen one of each search.

        Args:
            scores: By search, configuration and training, of which the first is that of the search.
        """
        scores = scores[:, : _TRIALS + self.further]
        first = scores[:, :, 0]
        if not self.seeds:
            return first.argmax(axis=1)
        best = np.argsort(-first, axis=1, kind="stable")[:, : self.best]
        again = scores[:, :, 0 if self.counts_first else 1 : 1 + self.seeds].mean(axis=2)
        places = np.take_along_axis(again, best, axis=1).argmax(axis=1)
        return np.take_along_axis(best, places[:, None], axis=1)[:, 0]


RULES = [
    Rule("best by one score"),
    Rule("best 5 x 2 fresh seeds", 5, 2),
    Rule("best 5 x 2, the first score too", 5, 2, counts_first=True),
    Rule("best 3 x 2 fresh seeds", 3, 2),
    Rule("best 3 x 2, the first score too", 3, 2, counts_first=True),
    Rule("best 5 x 1 fresh seed", 5, 1),
    Rule("best 5 x 1, the first score too", 5, 1, counts_first=True),
    Rule("one score, of three neighbouring epochs", is_smoothed=True),
    Rule("10 trials more, one score", further=10),
    Rule("5 trials more, one score", further=5),
]
_FURTHER = max(rule.further for rule in RULES)


@dataclass(frozen=True)
class Trained:
    """The trainings of a space: by configuration and seed, their scores and the test accuracies at the best epochs."""

    scores: np.ndarray
    smoothed: np.ndarray
    tested: np.ndarray

    @classmethod
    def read(cls, run: Path, name: str) -> "Trained":
        """What the run has measured, each training with its best epoch by the metric `name`."""
        parts = []
        for _, trial in results.read(run).epochs.groupby("trial_id"):
            parts.append([])
            for _, curve in trial.groupby("execution"):
                score, test = curve[name].to_numpy(float), curve["test"].to_numpy(float)
                means = np.convolve(score, np.ones(3) / 3, "valid") if len(score) >= 3 else [score.mean()]
                parts[-1].append((score.max(), max(means), test[score.argmax()]))
        seeds = max(map(len, parts))
        return cls(*np.moveaxis(np.array([part for part in parts if len(part) == seeds]), 2, 0))

    @classmethod
    def of_table(cls, spread: float) -> "Trained":
        """The networks of `table.csv`, whose scores vary by `spread` with the seed around those that were measured."""
        with TABLE.open(newline="") as file:
            rows = list(csv.DictReader(file))
        worth = np.array([max(float(row[str(epoch)]) for epoch in range(1, EPOCHS + 1)) for row in rows])
        tested = np.tile(worth[:, None], 5)
        scores = tested + np.random.default_rng(0).normal(0, spread, tested.shape)
        return cls(scores, scores, tested)

    def gains(self, rng: np.random.Generator, searches: int) -> dict[str, float]:
        """The mean test accuracy that each rule chooses in `searches` searches, less that of the first rule.

        A configuration is tested by its trainings that no rule has used.
        """
        configurations, seeds = self.scores.shape
        drawn = rng.permuted(np.tile(np.arange(configurations), (searches, 1)), axis=1)[:, : _TRIALS + _FURTHER]
        order = rng.permuted(np.tile(np.arange(seeds), (*drawn.shape, 1)), axis=2)
        own = drawn[:, :, None], order
        unused = self.tested[own][:, :, 1 + max(rule.seeds for rule in RULES) :].mean(axis=2)
        accuracy = {}
        for rule in RULES:
            chosen = rule.chosen((self.smoothed if rule.is_smoothed else self.scores)[own])
            accuracy[rule.name] = float(np.take_along_axis(unused, chosen[:, None], axis=1).mean())
        return {name: value - accuracy[RULES[0].name] for name, value in accuracy.items()}

    def resampled(self, rng: np.random.Generator) -> "Trained":
        """As many configurations, drawn with replacement: what another measurement might have been."""
        drawn = rng.integers(0, len(self.scores), len(self.scores))
        return Trained(self.scores[drawn], self.smoothed[drawn], self.tested[drawn])

    def describe(self) -> str:
        """How much the score and the test accuracy vary with the seed, among the better half."""
        better = np.argsort(-self.scores.mean(axis=1))[: len(self.scores) // 2]
        spreads = [100 * np.sqrt(np.var(part[better], axis=1, ddof=1).mean()) for part in (self.scores, self.tested)]
        among = 100 * self.tested[better].mean(axis=1).std(ddof=1)
        configurations, seeds = self.scores.shape
        return (
            f"{configurations} configurations x {seeds} seeds; in the better half one score varies "
            f"by {spreads[0]:.2f} points with the seed, its test accuracy by {spreads[1]:.2f}, and that from "
            f"configuration to configuration by {among:.2f}"
        )


def tell(title: str, trained: Trained, searches: int) -> None:
    """Prints what each rule gains, with the 95% interval of resampled configurations."""
    rng = np.random.default_rng(0)
    gains = trained.gains(rng, searches)
    others = [trained.resampled(rng).gains(rng, searches // 20) for _ in range(_RESAMPLED)]
    print(f"\n{title}: {trained.describe()}\n\n| choice | trainings more | gain, points | 95% interval |")
    print("| --- | --- | --- | --- |")
    for rule in RULES[1:]:
        if rule.is_smoothed and trained.smoothed is trained.scores:
            continue  # there are no curves to smooth
        low, high = 100 * np.quantile([other[rule.name] for other in others], [0.025, 0.975])
        print(f"| {rule.name} | {rule.trainings} | {100 * gains[rule.name]:+.3f} | {low:+.3f} to {high:+.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", help="an .npz file of MNIST; without one, the networks of `table.csv`")
    parser.add_argument("--space", default="baseline_cnn")
    parser.add_argument("--configurations", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--searches", type=int, default=40_000, help="how many are drawn")
    arguments = parser.parse_args()
    if arguments.data is None:
        for spread in (0.0005, 0.001, 0.002, 0.004):
            tell(f"table.csv, {100 * spread} points from seed to seed", Trained.of_table(spread), arguments.searches)
        return
    data = parts(arguments.data)
    images = Path("runs", "confirm.npz").resolve()
    images.parent.mkdir(exist_ok=True)
    np.savez(images, **{f"{axis}_{name}": part[at] for name, part in data.items() for at, axis in enumerate("xy")})
    tuner = Tuner(
        search_spaces.get(arguments.space).hypermodel((14, 14, 1), 10),
        max_trials=arguments.configurations,
        executions_per_trial=arguments.seeds,
        keep_weights=0,
        project_name=f"confirm-{arguments.space}",
    )
    tuner.search(*data["train"], validation_data=data["validation"], callbacks=[Tested(images)])
    run = Path("runs", f"confirm-{arguments.space}")
    for name, title in (("val_accuracy", f"{_VALIDATED} images to validate on"), ("large", f"{_TRAINED:,}")):
        tell(f"{arguments.space}, {title}", Trained.read(run, name), arguments.searches)


if __name__ == "__main__":
    main()
